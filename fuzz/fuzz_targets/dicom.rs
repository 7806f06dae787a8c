//! Any bytes as a DICOM file: with the preamble that few inputs would have, and without.

#![no_main]

use ampoule_dicom::{DicomFile, Subject};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|input: &[u8]| {
    read(input);
    read(&[&[0; 128], &b"DICM"[..], input].concat());
});

fn read(bytes: &[u8]) {
    let Ok(file) = DicomFile::read(Cursor::new(bytes)) else { return };
    assert!(file.terms().is_within_bounds());
    let patient = file.patient();
    let named = file.confirms(&patient.identifiers);
    assert_eq!(named, if patient.identifiers.is_empty() { Subject::None } else { Subject::Confirmed });
    for uid in [file.study(), file.series(), file.instance(), file.sop_class()].into_iter().flatten() {
        assert!((1..=64).contains(&uid.len()));
    }
    let Ok(pixels) = file.pixel_data() else { return };
    let value = pixels.value();
    assert!(pixels.header_len() < value.start && value.start <= value.end && value.end <= bytes.len() as u64);
    for number in [0, 1, pixels.frames() / 2, pixels.frames() - 1] {
        let Ok(frame) = pixels.frame(number) else { continue };
        assert!(!frame.fragments().is_empty());
        let mut at = value.start;
        for fragment in frame.fragments() {
            assert!(at <= fragment.start && fragment.start <= fragment.end && fragment.end <= value.end);
            at = fragment.end;
        }
    }
    assert!(pixels.frame(pixels.frames()).is_err());
}
