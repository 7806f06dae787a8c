//! The values that are kept of a file, by tag.

use crate::DicomError;
use crate::walk::Encoding;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use std::collections::BTreeMap;

/// Longest value that is kept, in bytes. The longest that the standard allows for these elements has 10,240.
pub(crate) const MAX_VALUE: u64 = 64 << 10;

/// What is kept of a data set. Everything else is passed over.
#[rustfmt::skip]
pub(crate) const KEPT: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET, tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID,
    tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE,
    tags::MODALITY, tags::STUDY_DESCRIPTION, tags::SERIES_DESCRIPTION,
    tags::PATIENT_NAME, tags::PATIENT_ID, tags::ISSUER_OF_PATIENT_ID, tags::PATIENT_BIRTH_DATE,
    tags::BODY_PART_EXAMINED, tags::PROTOCOL_NAME, tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID,
    tags::SAMPLES_PER_PIXEL, tags::PHOTOMETRIC_INTERPRETATION, tags::NUMBER_OF_FRAMES, tags::ROWS, tags::COLUMNS,
    tags::BITS_ALLOCATED,
];

/// Values as they stand in the file.
#[derive(Default)]
pub(crate) struct Elements {
    values: BTreeMap<Tag, Vec<u8>>,
}

impl Elements {
    pub(crate) fn insert(&mut self, tag: Tag, value: Vec<u8>) {
        self.values.insert(tag, value);
    }

    /// The value without padding (PS3.5, 6.2), or nothing where there is none.
    fn trimmed(&self, tag: Tag) -> Option<&[u8]> {
        let value = self.values.get(&tag)?;
        let end = value.iter().rposition(|byte| *byte != 0 && *byte != b' ')?;
        value.get(..=end)
    }

    /// A unique identifier (PS3.5, 9.1).
    pub(crate) fn uid(&self, tag: Tag) -> Result<Option<String>, DicomError> {
        let Some(value) = self.trimmed(tag) else { return Ok(None) };
        let plain = value.len() <= 64 && value.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        match core::str::from_utf8(value) {
            Ok(text) if plain => Ok(Some(text.into())),
            _ => Err(DicomError::Value { tag: tag.into() }),
        }
    }

    /// A code string of at most 16 characters. What is none is nothing: the code is for finding only.
    pub(crate) fn code(&self, tag: Tag) -> Option<&str> {
        let text = core::str::from_utf8(self.trimmed(tag)?).ok()?.trim();
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_' || byte == b' ';
        (!text.is_empty() && text.len() <= 16 && text.bytes().all(plain)).then_some(text)
    }

    /// An unsigned number of 16 bits.
    pub(crate) fn number(&self, tag: Tag, encoding: Encoding) -> Result<Option<u16>, DicomError> {
        match self.values.get(&tag).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one, two]) => Ok(Some(match encoding {
                Encoding::ExplicitBig => u16::from_be_bytes([*one, *two]),
                Encoding::ImplicitLittle | Encoding::ExplicitLittle => u16::from_le_bytes([*one, *two]),
            })),
            Some(_) => Err(DicomError::Value { tag: tag.into() }),
        }
    }

    /// A number that is written in digits, above 0.
    pub(crate) fn digits(&self, tag: Tag) -> Result<Option<u32>, DicomError> {
        let Some(value) = self.trimmed(tag) else { return Ok(None) };
        let number = core::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
        number.filter(|number| *number > 0).map(Some).ok_or(DicomError::Value { tag: tag.into() })
    }

    /// Text in the character set of the file; nothing where that cannot be read.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let value = self.trimmed(tag)?;
        let text = match self.character_set()? {
            // Escapes switch to another set (PS3.5, 6.1.2.5): only what is without them is read.
            (_, true) if value.contains(&0x1B) => return None,
            (set, _) => set.decode(value).ok()?,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The set in which text begins, and whether others may follow after escapes.
    fn character_set(&self) -> Option<(SpecificCharacterSet, bool)> {
        let Some(value) = self.trimmed(tags::SPECIFIC_CHARACTER_SET) else {
            return Some((SpecificCharacterSet::ISO_IR_6, false));
        };
        let mut names = core::str::from_utf8(value).ok()?.split('\\').map(str::trim);
        let first = names.next().filter(|name| !name.is_empty()).unwrap_or("ISO_IR 6");
        Some((SpecificCharacterSet::from_code(first)?, names.next().is_some()))
    }
}
