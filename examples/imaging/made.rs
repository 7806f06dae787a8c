//! DICOM files that are made up: true headers, and pixels of nobody.

use crate::Result;
use dicom_core::header::DataElementHeader;
use dicom_core::{Length, Tag, VR};
use dicom_encoding::Encode;
use dicom_encoding::encode::explicit_le::ExplicitVRLittleEndianEncoder;

/// Record number of the patient.
pub(crate) const PATIENT: &str = "HC-000123";
/// Rows and columns of every image.
const SIDE: u16 = 512;
/// Bytes of one frame.
const FRAME: u32 = 512 * 512 * 2;
/// Side of a preview, in pixels.
const SMALL: usize = 32;

/// Slice `number` of the study.
pub(crate) fn slice(number: u32) -> Result<Vec<u8>> {
    image(number, 1, "MR")
}

/// A film of so many frames.
pub(crate) fn film(frames: u32) -> Result<Vec<u8>> {
    image(1000, frames, "XA")
}

/// The name of a file, by its number in the series.
pub(crate) fn name(bytes: &[u8]) -> String {
    let number = bytes.get(NUMBER_AT..).and_then(<[u8]>::first_chunk).map_or(0, |number| u32::from_le_bytes(*number));
    if number < 1000 { format!("slice-{number:03}.dcm") } else { "film.dcm".into() }
}

/// Where the number of a file stands in the 128 bytes before its header, which are anybody's (PS3.10, 7.1).
const NUMBER_AT: usize = 0;

/// A small picture of the first frame: every 16th pixel of every 16th row, the upper 8 bits.
pub(crate) fn preview(bytes: &[u8]) -> Vec<u8> {
    let frames = bytes.len().checked_div(usize::try_from(FRAME).unwrap_or(1)).unwrap_or_default();
    let pixels = usize::try_from(FRAME).unwrap_or_default().saturating_mul(frames);
    let first = bytes.get(bytes.len().saturating_sub(pixels)..).unwrap_or_default();
    let mut small = format!("P5 {SMALL} {SMALL} 255\n").into_bytes();
    let rows = first.chunks(usize::from(SIDE).saturating_mul(2)).step_by(16).take(SMALL);
    small.extend(rows.flat_map(|row| row.chunks(2).step_by(16)).filter_map(|pixel| pixel.get(1)));
    small
}

fn image(number: u32, frames: u32, modality: &str) -> Result<Vec<u8>> {
    let mut file = vec![0; 128];
    file.splice(NUMBER_AT..NUMBER_AT.saturating_add(4), number.to_le_bytes());
    file.extend(b"DICM");
    let instance = format!("1.2.826.0.1.3680043.8.498.1.{number}");
    // Explicit little endian; texts are padded to an even length.
    text(&mut file, Tag(0x0002, 0x0010), VR::UI, "1.2.840.10008.1.2.1")?;
    text(&mut file, Tag(0x0008, 0x0016), VR::UI, "1.2.840.10008.5.1.4.1.1.4")?;
    text(&mut file, Tag(0x0008, 0x0018), VR::UI, &instance)?;
    text(&mut file, Tag(0x0008, 0x0020), VR::DA, "20240226")?;
    text(&mut file, Tag(0x0008, 0x0060), VR::CS, modality)?;
    text(&mut file, Tag(0x0008, 0x1030), VR::LO, "Knee left")?;
    text(&mut file, Tag(0x0010, 0x0010), VR::PN, "Example^Ana")?;
    text(&mut file, Tag(0x0010, 0x0020), VR::LO, PATIENT)?;
    text(&mut file, Tag(0x0020, 0x000D), VR::UI, "1.2.826.0.1.3680043.8.498.2")?;
    text(&mut file, Tag(0x0020, 0x000E), VR::UI, "1.2.826.0.1.3680043.8.498.3")?;
    short(&mut file, Tag(0x0028, 0x0002), 1)?;
    text(&mut file, Tag(0x0028, 0x0008), VR::IS, &frames.to_string())?;
    short(&mut file, Tag(0x0028, 0x0010), SIDE)?;
    short(&mut file, Tag(0x0028, 0x0011), SIDE)?;
    short(&mut file, Tag(0x0028, 0x0100), 16)?;
    let len = frames.checked_mul(FRAME).ok_or("a film is shorter than 4 GiB")?;
    header(&mut file, Tag(0x7FE0, 0x0010), VR::OW, len)?;
    file.reserve(usize::try_from(len)?);
    for frame in 0..frames {
        pixels(&mut file, number.wrapping_add(frame));
    }
    Ok(file)
}

/// A frame of 12-bit noise on a gradient, another for each number.
fn pixels(to: &mut Vec<u8>, number: u32) {
    let mut state = number.wrapping_mul(0x9E37_79B9) | 1;
    for row in 0..SIDE {
        for column in 0..SIDE {
            // Xorshift: cheap, and no row is like another.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [noise, ..] = state.to_le_bytes();
            to.extend((row.wrapping_add(column).wrapping_mul(4) ^ u16::from(noise)).to_le_bytes());
        }
    }
}

fn text(to: &mut Vec<u8>, tag: Tag, vr: VR, text: &str) -> Result<()> {
    let mut value = text.as_bytes().to_vec();
    if !value.len().is_multiple_of(2) {
        value.push(if vr == VR::UI { 0 } else { b' ' });
    }
    header(to, tag, vr, u32::try_from(value.len())?)?;
    to.extend(value);
    Ok(())
}

fn short(to: &mut Vec<u8>, tag: Tag, value: u16) -> Result<()> {
    header(to, tag, VR::US, 2)?;
    to.extend(value.to_le_bytes());
    Ok(())
}

fn header(to: &mut Vec<u8>, tag: Tag, vr: VR, len: u32) -> Result<()> {
    let header = DataElementHeader::new(tag, vr, Length(len));
    ExplicitVRLittleEndianEncoder::default().encode_element_header(to, header)?;
    Ok(())
}
