//! DICOM files (PS3.10) for Ampoule: what finds them, and where their pixel data lies.
//!
//! ```text
//!  file ──► DicomFile::read ─┬─ study, series, instance, modality, dates, words ──► Terms
//!           (to the pixels)  ├─ patient ─ confirms(expected) ──► Subject
//!                            └─ pixel_data ─ frame(n) ──► ranges of bytes
//! ```
//!
//! A file of gigabytes is read as far as its pixel data, which is passed over; the rest is skipped as well. With the ranges
//! a viewer fetches the header, or one frame, and nothing else.
//!
//! Who the patient is, the caller says by the chart that a file is put into; the file only confirms it
//! ([`DicomFile::confirms`]).
//!
//! Whatever the bytes are, reading ends in a value or a [`DicomError`]: lengths are bounded before anything is allocated,
//! and so is the depth of sequences.
//!
//! ```
//! # let mut file = vec![0; 128];
//! # file.extend(b"DICM\x02\0\x10\0UI\x12\x001.2.840.10008.1.2\0");
//! # for (tag, value) in [(0x0060_0008_u32, &b"CT"[..]), (0x0020_0010, b"0001"), (0x0010_0028, &[2, 0]), (0x0011_0028, &[3, 0]), (0x0100_0028, &[8, 0]), (0x0010_7FE0, b"abcdef")] {
//! #     file.extend(tag.to_le_bytes());
//! #     file.extend((value.len() as u32).to_le_bytes());
//! #     file.extend(value);
//! # }
//! use ampoule::Identifier;
//! use ampoule_dicom::{DicomFile, Subject};
//!
//! let slice = DicomFile::read(std::io::Cursor::new(&file))?; // or a std::fs::File
//! assert_eq!(slice.terms().kind, "ImagingStudy");
//! assert_eq!(slice.modality(), Some("CT"));
//! assert_eq!(slice.confirms(&[Identifier { system: String::new(), value: "0001".into() }]), Subject::Confirmed);
//!
//! let frame = slice.pixel_data()?.frame(0)?.span();
//! assert_eq!(&file[frame.start as usize..frame.end as usize], b"abcdef");
//! # Ok::<(), ampoule_dicom::DicomError>(())
//! ```

mod elements;
mod error;
mod file;
mod locate;
mod patient;
mod pixels;
mod source;
mod terms;
mod walk;

pub use error::{DicomError, Element};
pub use file::DicomFile;
pub use patient::Subject;
pub use pixels::{Frame, PixelData};

/// Media type of a DICOM file (RFC 3240).
pub const MEDIA_TYPE: &str = "application/dicom";
