//! Whom a file names. Who the patient is, the caller says.

use crate::DicomFile;
use crate::terms::date;
use ampoule::{Identifier, Patient};
use dicom_dictionary_std::tags;

/// Whether a file is about the patient whom the caller expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// It names the expected patient.
    Confirmed,
    /// It names nobody by an identifier: anonymised, or not of a patient.
    None,
    /// It names somebody by an identifier that the caller does not expect.
    Other,
}

impl DicomFile {
    /// The patient whom the file names, as an entry of the directory. The system of the identifier is its issuer, or empty.
    ///
    /// Text in a character set that cannot be read is left out.
    pub fn patient(&self) -> Patient {
        let value = self.elements.text(tags::PATIENT_ID);
        let system = self.elements.text(tags::ISSUER_OF_PATIENT_ID).unwrap_or_default();
        let birth_date = self.elements.text(tags::PATIENT_BIRTH_DATE).and_then(|text| date(&text));
        Patient {
            names: self.elements.text(tags::PATIENT_NAME).map(|text| names(&text)).unwrap_or_default(),
            identifiers: value.map(|value| Identifier { system, value }).into_iter().collect(),
            birth_date: birth_date.map(|date| date.to_string()),
        }
    }

    /// Whether the file names the patient who has any of the `expected` identifiers.
    ///
    /// System and value must be the same. A file often states no issuer: a caller who knows whose numbers it has passes
    /// the number with an empty system too.
    pub fn confirms(&self, expected: &[Identifier]) -> Subject {
        match self.patient().identifiers.as_slice() {
            [] => Subject::None,
            named if named.iter().all(|one| expected.contains(one)) => Subject::Confirmed,
            _ => Subject::Other,
        }
    }
}

/// A person's name (PS3.5, 6.2.1): up to three ways to write it, each with family, given and middle names, prefix and
/// suffix. Given as given names, family name.
fn names(text: &str) -> Vec<String> {
    let one = |group: &str| {
        let mut parts = group.split('^').map(str::trim);
        let mut next = || parts.next().unwrap_or_default();
        let (family, given, middle, prefix, suffix) = (next(), next(), next(), next(), next());
        let parts = [prefix, given, middle, family, suffix];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    };
    text.split('=').map(one).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_people_write_it() {
        assert_eq!(names("Adams^John Robert Quincy^^Rev.^B.A. M.Div."), ["Rev. John Robert Quincy Adams B.A. M.Div."]);
        assert_eq!(names("Yamada^Tarou=山田^太郎=やまだ^たろう"), ["Tarou Yamada", "太郎 山田", "たろう やまだ"]);
        assert_eq!(names("=^^=x^^^^^y"), ["x"]);
        assert!(names("^^").is_empty());
    }

    #[test]
    fn a_date_is_one_of_the_calendar() {
        let read = |text| date(text).map(|date| date.to_string());
        assert_eq!(read("19930822").as_deref(), Some("1993-08-22"));
        assert_eq!(read("1993.08.22").as_deref(), Some("1993-08-22"));
        for text in [
            "",
            "1993082",
            "199308221",
            "19930231",
            "00000101",
            "1993-08-22",
            "+9930822",
            "19930822-19930823",
            "1.9.9.3082",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
