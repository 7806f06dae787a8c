//! Finds pixel data and its frames, without reading them.

use crate::DicomError;
use crate::elements::Elements;
use crate::pixels::{Layout, PixelData};
use crate::walk::{Walk, defined};
use core::ops::Range;
use dicom_core::header::{DataElementHeader, SequenceItemHeader};
use dicom_dictionary_std::tags;
use std::io::{Read, Seek};

/// Most fragments of encapsulated frames.
const MAX_FRAGMENTS: usize = 1 << 20;

/// Longest table of where frames begin, in bytes.
pub(crate) const MAX_TABLE: u64 = 8 << 20;

/// Extended Offset Table and Extended Offset Table Lengths as they stand (PS3.3, C.7.6.3).
#[derive(Default)]
pub(crate) struct Extended {
    pub(crate) offsets: Vec<u8>,
    pub(crate) lengths: Vec<u8>,
}

/// A fragment: where its item begins, counted from the end of the table, and where its bytes lie.
struct Fragment {
    offset: u64,
    value: Range<u64>,
}

/// Looks at the element of pixel data whose header was just read, and which begins at `element`.
pub(crate) fn locate<R: Read + Seek>(
    walk: &mut Walk<R>,
    header: &DataElementHeader,
    element: u64,
    elements: &Elements,
    extended: &Extended,
) -> Result<PixelData, DicomError> {
    let start = walk.source.at();
    let frames = elements.digits(tags::NUMBER_OF_FRAMES)?.unwrap_or(1);
    let found = |end, complete, encapsulated, layout| PixelData {
        element,
        value: start..end,
        complete,
        encapsulated,
        frames,
        layout,
    };
    if let Some(len) = defined(header.len) {
        let available = walk.source.available(len);
        let layout = match frame_len(elements, frames, walk)? {
            Some(frame) => Layout::Native { frame },
            None => Layout::Unknown(DicomError::NoFramePlaces),
        };
        return Ok(found(start.saturating_add(available), available == len, false, layout));
    }
    match encapsulated(walk, frames, extended) {
        Err(DicomError::Io(kind)) => Err(DicomError::Io(kind)),
        Err(error) => Ok(found(walk.source.at(), false, true, Layout::Unknown(error))),
        Ok(layout) => Ok(found(walk.source.at(), true, true, layout)),
    }
}

/// The length of a frame that is not compressed, where it is one of whole bytes (PS3.5, 8.1.1 and 8.2).
fn frame_len<R: Read + Seek>(elements: &Elements, frames: u32, walk: &Walk<R>) -> Result<Option<u64>, DicomError> {
    let number = |tag| elements.number(tag, walk.encoding);
    let (rows, columns) = (number(tags::ROWS)?, number(tags::COLUMNS)?);
    let (samples, bits) = (number(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1), number(tags::BITS_ALLOCATED)?);
    let (Some(rows), Some(columns), Some(bits)) = (rows, columns, bits) else { return Ok(None) };
    let pixels = u64::from(rows).checked_mul(u64::from(columns));
    // PS3.3, C.7.6.3.1.2: two pixels share their chrominance.
    let halved = elements.code(tags::PHOTOMETRIC_INTERPRETATION).is_some_and(|code| code.ends_with("_422"));
    let samples = if halved && samples == 3 { 2 } else { u64::from(samples) };
    let bits = pixels.and_then(|pixels| pixels.checked_mul(samples)?.checked_mul(u64::from(bits)));
    // Frames of single bits follow each other without regard to bytes.
    Ok(bits.filter(|bits| *bits > 0 && (bits % 8 == 0 || frames == 1)).map(|bits| bits.div_ceil(8)))
}

/// Goes from item to item (PS3.5, A.4): the table, then the fragments, then the end.
fn encapsulated<R: Read + Seek>(walk: &mut Walk<R>, frames: u32, extended: &Extended) -> Result<Layout, DicomError> {
    let at = walk.source.at();
    let SequenceItemHeader::Item { len } = walk.item(walk.encoding)? else {
        return Err(DicomError::Malformed { at });
    };
    let table = match defined(len) {
        Some(len) if len <= MAX_TABLE => walk.source.value(len)?,
        _ => return Err(DicomError::Malformed { at }),
    };
    let base = walk.source.at();
    let mut fragments = Vec::new();
    loop {
        let at = walk.source.at();
        match walk.item(walk.encoding)? {
            SequenceItemHeader::SequenceDelimiter => break,
            SequenceItemHeader::ItemDelimiter => return Err(DicomError::Malformed { at }),
            SequenceItemHeader::Item { len } => {
                let len = defined(len).ok_or(DicomError::Malformed { at })?;
                let start = walk.source.at();
                walk.source.skip(len)?;
                fragments.push(Fragment { offset: at.saturating_sub(base), value: start..walk.source.at() });
            }
        }
        if fragments.len() > MAX_FRAGMENTS {
            return Err(DicomError::TooMany { limit: 1 << 20, what: "fragments" });
        }
    }
    let frames = usize::try_from(frames).unwrap_or(usize::MAX);
    let basic: Vec<u64> =
        table.chunks_exact(4).filter_map(|c| Some(u32::from_le_bytes(c.try_into().ok()?).into())).collect();
    let firsts = if !extended.offsets.is_empty() {
        let firsts = firsts(&long_numbers(&extended.offsets), &fragments, frames)?;
        shorten(&mut fragments, &firsts, &long_numbers(&extended.lengths), base)?;
        firsts
    } else if !basic.is_empty() {
        firsts(&basic, &fragments, frames)?
    } else if frames == 1 && !fragments.is_empty() {
        vec![0]
    } else if frames == fragments.len() {
        (0..frames).collect()
    } else {
        return Err(DicomError::NoFramePlaces);
    };
    Ok(Layout::Encapsulated { fragments: fragments.into_iter().map(|fragment| fragment.value).collect(), firsts })
}

fn long_numbers(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks_exact(8).filter_map(|chunk| Some(u64::from_le_bytes(chunk.try_into().ok()?))).collect()
}

/// The first fragment of each frame. A table must name the beginnings of fragments, in order and from the first.
fn firsts(offsets: &[u64], fragments: &[Fragment], frames: usize) -> Result<Vec<usize>, DicomError> {
    if offsets.len() != frames || offsets.first() != Some(&0) || !offsets.is_sorted_by(|one, next| one < next) {
        return Err(DicomError::NoFramePlaces);
    }
    let find = |offset: &u64| fragments.binary_search_by_key(offset, |fragment| fragment.offset).ok();
    offsets.iter().map(find).collect::<Option<_>>().ok_or(DicomError::NoFramePlaces)
}

/// Leaves out the padding of frames that have one fragment each and state their lengths.
fn shorten(fragments: &mut [Fragment], firsts: &[usize], lengths: &[u64], base: u64) -> Result<(), DicomError> {
    let malformed = || DicomError::Malformed { at: base };
    if firsts.len() != fragments.len() || lengths.len() != fragments.len() {
        return Err(malformed());
    }
    for (fragment, len) in fragments.iter_mut().zip(lengths) {
        let end = fragment.value.start.checked_add(*len).filter(|end| *end <= fragment.value.end);
        fragment.value.end = end.ok_or_else(malformed)?;
    }
    Ok(())
}
