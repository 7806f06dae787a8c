//! A Bundle made of resources.

use crate::patient::read;
use crate::{Fhir, FhirError, Resource};
use serde::Serialize;
use serde_json::value::RawValue;

/// A Bundle of type `collection` (FHIR R4, 2.36.3), each resource in it with its exact bytes, in the order given.
///
/// Each must be a FHIR resource that [`Resource::parse`] takes, and all together have at most [`Fhir::MAX_LEN`] bytes.
/// Entries have no `fullUrl`, so that references between them stay as they are.
pub fn collection<'a>(resources: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, FhirError> {
    let mut entry = Vec::new();
    let mut len = 0_usize;
    for content in resources {
        len = len.saturating_add(content.len());
        if len > Fhir::MAX_LEN {
            return Err(FhirError::TooLarge { limit: Fhir::MAX_LEN });
        }
        Resource::parse(content)?;
        entry.push(EntryJson { resource: read(content)? });
    }
    let bundle = BundleJson { resource_type: "Bundle", kind: "collection", entry };
    let bytes = serde_json::to_vec(&bundle).map_err(|_| FhirError::NotAResource)?;
    if bytes.len() > Fhir::MAX_LEN { Err(FhirError::TooLarge { limit: Fhir::MAX_LEN }) } else { Ok(bytes) }
}

#[derive(Serialize)]
struct BundleJson<'a> {
    #[serde(rename = "resourceType")]
    resource_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    // FHIR R4, 2.6.2.1: an array is never empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry: Vec<EntryJson<'a>>,
}

#[derive(Serialize)]
struct EntryJson<'a> {
    resource: &'a RawValue,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;

    #[test]
    fn resources_keep_their_bytes_and_their_order() {
        let resources =
            [&br#"{ "resourceType" : "Patient",  "id":"1" }"#[..], br#"{"b":1.50,"resourceType":"Observation"}"#];
        let bytes = collection(resources).unwrap();
        let bundle = Bundle::parse(&bytes).unwrap();
        let found: Vec<&[u8]> = bundle.entries().iter().map(crate::Entry::content).collect();
        assert_eq!(found, resources);
        assert_eq!(collection([]).unwrap(), br#"{"resourceType":"Bundle","type":"collection"}"#);
    }

    #[test]
    fn what_is_no_resource_is_refused() {
        for wrong in
            [&b""[..], b"{}", b"[]", br#"{"resourceType":"Patient"}x"#, br#"{"resourceType":"A","resourceType":"B"}"#]
        {
            assert!(collection([wrong]).is_err());
        }
    }
}
