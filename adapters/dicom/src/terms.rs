//! What finds a file in the sealed index of its chart.

use crate::DicomFile;
use ampoule::{Code, DateRange, Terms};
use dicom_dictionary_std::tags;
use jiff::civil::Date;

/// The kind that FHIR gives to what DICOM holds.
const KIND: &str = "ImagingStudy";

/// System of modalities in FHIR (PS3.16, CID 29).
const MODALITIES: &str = "http://dicom.nema.org/resources/ontology/DCM";
/// System of SOP classes, and of UIDs that identify, in FHIR (FHIR R4, `ImagingStudy`).
const UIDS: &str = "urn:ietf:rfc:3986";
const DICOM_UIDS: &str = "urn:dicom:uid";

const DAY: i64 = 86_400;

impl DicomFile {
    /// What it is found by: kind `ImagingStudy`, codes of modality and SOP class, UIDs of study, series and instance (as
    /// FHIR writes them: system `urn:dicom:uid`, value `urn:oid:…`), its dates, and words of its descriptions.
    ///
    /// Nothing of them names the patient, unless who made the file wrote a name into a description.
    pub fn terms(&self) -> Terms {
        let oid = |uid: &str| format!("urn:oid:{uid}");
        let code = |system: &str, value: String| Code { system: system.into(), value };
        let mut codes: Vec<Code> =
            self.modality().map(|modality| code(MODALITIES, modality.into())).into_iter().collect();
        codes.extend(self.sop_class().map(|uid| code(UIDS, oid(uid))));
        codes.extend(
            [self.study(), self.series(), self.instance()].into_iter().flatten().map(|uid| code(DICOM_UIDS, oid(uid))),
        );
        let mut dates = Vec::new();
        for tag in [tags::STUDY_DATE, tags::SERIES_DATE, tags::ACQUISITION_DATE, tags::CONTENT_DATE] {
            if let Some(day) = self.elements.text(tag).and_then(|text| date(&text)).and_then(day)
                && !dates.contains(&day)
            {
                dates.push(day);
            }
        }
        let described =
            [tags::STUDY_DESCRIPTION, tags::SERIES_DESCRIPTION, tags::PROTOCOL_NAME, tags::BODY_PART_EXAMINED];
        let text: Vec<String> = described.into_iter().filter_map(|tag| self.elements.text(tag)).collect();
        let mut words = Terms::fold(&text.join(" "));
        words.truncate(Terms::MAX_WORDS);
        Terms { kind: KIND.into(), codes, dates, words }
    }
}

/// A date of PS3.5, 6.2: `YYYYMMDD`, or `YYYY.MM.DD` as before the standard.
pub(crate) fn date(text: &str) -> Option<Date> {
    let digits: String = if text.len() == 10 { text.split('.').collect() } else { text.into() };
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |range: core::ops::Range<usize>| digits.get(range);
    let (year, month, day) = (part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?);
    Date::new(year, month, day).ok().filter(|date| date.year() > 0)
}

/// A day as a span of seconds, taken as one of UTC: files seldom say where their clocks stood.
fn day(date: Date) -> Option<DateRange> {
    let start = date.duration_since(jiff::civil::date(1970, 1, 1)).as_secs();
    DateRange::new(start, start.checked_add(DAY)?).ok()
}
