//! A Patient resource as an entry of the directory.

use crate::{FhirError, Resource, dates};
use ampoule::{Identifier, Patient};
use serde::Deserialize;

/// Names, identifiers and birth date of a Patient resource.
///
/// A name is its `text`, or given names and family name where there is no text. A birth date that is none of the
/// calendar's is left out, and so is an identifier without a value.
pub fn patient(content: &[u8]) -> Result<Patient, FhirError> {
    if Resource::parse(content)?.kind() != "Patient" {
        return Err(FhirError::NotAPatient);
    }
    let patient: PatientJson = read(content)?;
    Ok(Patient {
        names: patient.name.iter().filter_map(HumanName::one_text).collect(),
        identifiers: patient
            .identifier
            .into_iter()
            .filter_map(|identifier| {
                Some(Identifier { system: identifier.system.unwrap_or_default(), value: identifier.value? })
            })
            .collect(),
        birth_date: patient.birth_date.filter(|text| dates::is_date(text)),
    })
}

/// Reads the elements of `content` that `T` has. The text is known to be strict JSON, so an error is one of shape.
pub(crate) fn read<'a, T: Deserialize<'a>>(content: &'a [u8]) -> Result<T, FhirError> {
    serde_json::from_slice(content).map_err(|error| FhirError::Malformed { line: error.line(), column: error.column() })
}

#[derive(Deserialize)]
struct PatientJson {
    #[serde(default)]
    name: Vec<HumanName>,
    #[serde(default)]
    identifier: Vec<IdentifierJson>,
    #[serde(rename = "birthDate")]
    birth_date: Option<String>,
}

/// FHIR R4, 2.24.0.13 `HumanName`. A `null` among the given names has an extension only.
#[derive(Deserialize)]
struct HumanName {
    text: Option<String>,
    #[serde(default)]
    given: Vec<Option<String>>,
    family: Option<String>,
}

#[derive(Deserialize)]
struct IdentifierJson {
    system: Option<String>,
    value: Option<String>,
}

impl HumanName {
    fn one_text(&self) -> Option<String> {
        let text = self.text.clone().unwrap_or_else(|| {
            let parts: Vec<&str> = self.given.iter().flatten().chain(&self.family).map(String::as_str).collect();
            parts.join(" ")
        });
        (!text.trim().is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_is_found_by_every_name_and_identifier() {
        let found = patient(
            br#"{"resourceType":"Patient","name":[{"given":["Ann","B."],"family":"Example"},{"text":"Annie"},{"use":"old"},
            {"given":[null,"Q"],"_given":[{"id":"a"},null]}],"identifier":[{"system":"urn:a","value":"1"},{"value":"2"},{"system":"urn:b"}],
            "birthDate":"1970-03"}"#,
        )
        .unwrap();
        assert_eq!(found.names, ["Ann B. Example", "Annie", "Q"]);
        let identifiers: Vec<_> = found.identifiers.iter().map(|i| (i.system.as_str(), i.value.as_str())).collect();
        assert_eq!(identifiers, [("urn:a", "1"), ("", "2")]);
        assert_eq!(found.birth_date.as_deref(), Some("1970-03"));
    }

    #[test]
    fn only_a_patient_is_one() {
        assert_eq!(patient(br#"{"resourceType":"Person"}"#), Err(FhirError::NotAPatient));
        assert!(matches!(
            patient(br#"{"resourceType":"Patient","name":"Ann"}"#),
            Err(FhirError::Malformed { line: 1, .. })
        ));
        let odd = patient(br#"{"resourceType":"Patient","birthDate":"1970-02-30"}"#).unwrap();
        assert_eq!(odd.birth_date, None);
    }
}
