//! The elements of a file in their order: headers are read, values are skipped or handed out whole.
//!
//! Headers are decoded by `dicom-encoding`. What goes on between them stands here, since memory and depth must be bounded
//! whatever the file says: nothing is kept of an element that nobody asked for, and sequences are counted, not recursed.

use crate::DicomError;
use crate::source::{Source, unreadable};
use dicom_core::dictionary::stub::StubDataDictionary;
use dicom_core::header::{DataElementHeader, SequenceItemHeader};
use dicom_core::{Length, Tag, VR};
use dicom_encoding::decode::explicit_be::ExplicitVRBigEndianDecoder;
use dicom_encoding::decode::explicit_le::ExplicitVRLittleEndianDecoder;
use dicom_encoding::decode::implicit_le::ImplicitVRLittleEndianDecoder;
use dicom_encoding::decode::{Decode, Error};
use std::io::{Read, Seek};

/// Most levels of sequences within sequences.
pub(crate) const MAX_DEPTH: usize = 64;

/// Most headers of elements and items before the pixel data.
const MAX_HEADERS: u64 = 4_000_000;

/// Group of items and delimiters, which stand in no data set by themselves (PS3.5, 7.5).
const ITEMS: u16 = 0xFFFE;
const ITEM_END: Tag = Tag(ITEMS, 0xE00D);

/// How headers and numbers are written (PS3.5, 7.1 and A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
}

/// A file on the way from its start to its pixel data.
pub(crate) struct Walk<R: Read + Seek> {
    pub(crate) source: Source<R>,
    pub(crate) encoding: Encoding,
    headers: u64,
}

/// Where a sequence that states no length is: between items, or within one.
enum Level {
    Sequence(Encoding),
    Item(Encoding),
}

impl<R: Read + Seek> Walk<R> {
    pub(crate) fn new(source: Source<R>, encoding: Encoding) -> Self {
        Self { source, encoding, headers: 0 }
    }

    /// The header of the next element of the data set, or nothing at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<DataElementHeader>, DicomError> {
        if self.source.is_at_end()? {
            return Ok(None);
        }
        let at = self.source.at();
        let header = self.header(self.encoding)?;
        if header.tag.group() == ITEMS { Err(DicomError::Malformed { at }) } else { Ok(Some(header)) }
    }

    /// The tag of the next element, from which the walk goes on as if it had not been read.
    pub(crate) fn peek_tag(&mut self) -> Result<Option<Tag>, DicomError> {
        let at = self.source.at();
        if self.source.available(4) < 4 {
            return Ok(None);
        }
        let tag = ExplicitVRLittleEndianDecoder::default().decode_tag(&mut self.source).map_err(|e| fault(&e, at))?;
        self.source.back(4)?;
        Ok(Some(tag))
    }

    /// Goes over the value of an element, sequences with all that is in them.
    pub(crate) fn skip(&mut self, header: &DataElementHeader) -> Result<(), DicomError> {
        if let Some(len) = defined(header.len) {
            return self.source.skip(len);
        }
        let mut levels = vec![Level::Sequence(self.within(header, self.encoding)?)];
        while let Some(level) = levels.last() {
            let at = self.source.at();
            match *level {
                Level::Sequence(encoding) => match self.item(encoding)? {
                    SequenceItemHeader::SequenceDelimiter => drop(levels.pop()),
                    SequenceItemHeader::ItemDelimiter => return Err(DicomError::Malformed { at }),
                    SequenceItemHeader::Item { len } => match defined(len) {
                        Some(len) => self.source.skip(len)?,
                        None => levels.push(Level::Item(encoding)),
                    },
                },
                Level::Item(encoding) => {
                    let header = self.header(encoding)?;
                    match (defined(header.len), header.tag) {
                        (_, ITEM_END) => drop(levels.pop()),
                        (_, Tag(ITEMS, _)) => return Err(DicomError::Malformed { at }),
                        (Some(len), _) => self.source.skip(len)?,
                        (None, _) => levels.push(Level::Sequence(self.within(&header, encoding)?)),
                    }
                }
            }
            // Each level of nesting is a sequence and an item.
            if levels.len() > MAX_DEPTH.saturating_mul(2) {
                return Err(DicomError::TooDeep { limit: MAX_DEPTH });
            }
        }
        Ok(())
    }

    /// The header of the next item or delimiter.
    pub(crate) fn item(&mut self, encoding: Encoding) -> Result<SequenceItemHeader, DicomError> {
        let at = self.counted()?;
        let source = &mut self.source;
        let decoded = match encoding {
            Encoding::ImplicitLittle => implicit().decode_item_header(source),
            Encoding::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_item_header(source),
            Encoding::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_item_header(source),
        };
        decoded.map_err(|error| fault(&error, at))
    }

    fn header(&mut self, encoding: Encoding) -> Result<DataElementHeader, DicomError> {
        let at = self.counted()?;
        let source = &mut self.source;
        let decoded = match encoding {
            Encoding::ImplicitLittle => implicit().decode_header(source),
            Encoding::ExplicitLittle => ExplicitVRLittleEndianDecoder::default().decode_header(source),
            Encoding::ExplicitBig => ExplicitVRBigEndianDecoder::default().decode_header(source),
        };
        decoded.map(|(header, _)| header).map_err(|error| fault(&error, at))
    }

    /// How a sequence of undefined length is written within: one of unknown type is implicit (PS3.5, 6.2.2, note 4).
    fn within(&self, header: &DataElementHeader, encoding: Encoding) -> Result<Encoding, DicomError> {
        match header.vr {
            VR::UN => Ok(Encoding::ImplicitLittle),
            VR::SQ | VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV => Ok(encoding),
            _ => Err(DicomError::Malformed { at: self.source.at() }),
        }
    }

    fn counted(&mut self) -> Result<u64, DicomError> {
        self.headers = self.headers.saturating_add(1);
        if self.headers > MAX_HEADERS {
            return Err(DicomError::TooMany { limit: MAX_HEADERS, what: "elements and items" });
        }
        Ok(self.source.at())
    }
}

/// Where types are not written, no dictionary is asked for them: a length says how far an element goes, and what has none is a
/// sequence. The standard's dictionary would add a quarter of a megabyte to a telephone's library.
fn implicit() -> ImplicitVRLittleEndianDecoder<StubDataDictionary> {
    ImplicitVRLittleEndianDecoder::with_dict(StubDataDictionary)
}

/// A length in bytes, unless it is undefined.
pub(crate) fn defined(len: Length) -> Option<u64> {
    (len.0 != Length::UNDEFINED.0).then_some(u64::from(len.0))
}

fn fault(error: &Error, at: u64) -> DicomError {
    match error {
        Error::ReadHeaderTag { source, .. }
        | Error::ReadItemHeader { source, .. }
        | Error::ReadItemLength { source, .. }
        | Error::ReadTag { source, .. }
        | Error::ReadReserved { source, .. }
        | Error::ReadLength { source, .. }
        | Error::ReadVr { source, .. } => unreadable(source, at),
        _ => DicomError::Malformed { at },
    }
}
