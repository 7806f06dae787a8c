//! Files that are made here: where frames lie, and what hostile ones get.

// The lints take only what carries `#[test]` for a test, and leave out its helpers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use ampoule::{Code, Identifier, Terms};
use ampoule_dicom::{DicomError, DicomFile, Element, Subject};
use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use std::io::{Cursor, Read, Seek, SeekFrom};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
const UNDEFINED: u32 = u32::MAX;

/// A file before its data set, in this transfer syntax.
fn meta(syntax: &str) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(element(0x0002, 0x0010, *b"UI", syntax.as_bytes()));
    file
}

/// An element in explicit little endian.
fn element(group: u16, number: u16, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == *b"UI" || vr == *b"OB" { 0 } else { b' ' });
    }
    [header(group, number, vr, u32::try_from(value.len()).unwrap()), value].concat()
}

fn header(group: u16, number: u16, vr: [u8; 2], len: u32) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes(), vr].concat();
    if [*b"OB", *b"OW", *b"OV", *b"SQ", *b"UN", *b"UT"].contains(&vr) {
        bytes.extend([0, 0]);
        bytes.extend(len.to_le_bytes());
    } else {
        bytes.extend(u16::try_from(len).unwrap().to_le_bytes());
    }
    bytes
}

fn item(len: u32) -> Vec<u8> {
    [&[0xFE, 0xFF, 0x00, 0xE0][..], &len.to_le_bytes()].concat()
}

const ITEM_END: [u8; 8] = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
const SEQUENCE_END: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// Frames of `rows` × 3 pixels of `bits`.
fn image(frames: &str, rows: u16, bits: u16) -> Vec<u8> {
    let number = |element_number, value: u16| element(0x0028, element_number, *b"US", &value.to_le_bytes());
    let frames = element(0x0028, 0x0008, *b"IS", frames.as_bytes());
    [frames, number(0x0010, rows), number(0x0011, 3), number(0x0100, bits)].concat()
}

/// Encapsulated frames: a table, and fragments.
fn encapsulated(table: &[u32], fragments: &[&[u8]]) -> Vec<u8> {
    let mut bytes = header(0x7FE0, 0x0010, *b"OB", UNDEFINED);
    bytes.extend(item(u32::try_from(table.len() * 4).unwrap()));
    bytes.extend(table.iter().flat_map(|offset| offset.to_le_bytes()));
    for fragment in fragments {
        bytes.extend(item(u32::try_from(fragment.len()).unwrap()));
        bytes.extend(*fragment);
    }
    bytes.extend(SEQUENCE_END);
    bytes
}

fn read(bytes: &[u8]) -> Result<DicomFile, DicomError> {
    DicomFile::read(Cursor::new(bytes))
}

/// The fragments of each frame, or why they are not told.
fn frames(bytes: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, DicomError> {
    let file = read(bytes)?;
    let pixels = file.pixel_data()?;
    let place = |number| usize::try_from(number).unwrap();
    (0..pixels.frames())
        .map(|number| {
            let frame = pixels.frame(number)?;
            assert!(frame.span().end <= pixels.value().end);
            let cut = |range: &core::ops::Range<u64>| bytes[place(range.start)..place(range.end)].to_vec();
            Ok(frame.fragments().iter().map(cut).collect())
        })
        .collect()
}

fn texts(frames: &[&[&str]]) -> Vec<Vec<Vec<u8>>> {
    frames.iter().map(|frame| frame.iter().map(|fragment| fragment.as_bytes().to_vec()).collect()).collect()
}

#[test]
fn native_frames_follow_each_other() {
    let file = [meta(EXPLICIT), image("3", 2, 8), element(0x7FE0, 0x0010, *b"OB", b"abcdefghijklmnopqr")].concat();
    assert_eq!(frames(&file).unwrap(), texts(&[&["abcdef"], &["ghijkl"], &["mnopqr"]]));
    let read = read(&file).unwrap();
    let pixels = read.pixel_data().unwrap();
    assert_eq!(pixels.frame(3), Err(DicomError::NoSuchFrame { frames: 3 }));
    assert_eq!(pixels.header_len() + 12, pixels.value().start);
    assert!(pixels.is_complete() && !pixels.is_encapsulated());

    // Cut off within the last frame: the others are where they were.
    let cut = &file[..file.len() - 1];
    let read = DicomFile::read(Cursor::new(cut)).unwrap();
    let pixels = read.pixel_data().unwrap();
    assert!(!pixels.is_complete());
    assert!(pixels.frame(1).is_ok());
    assert_eq!(pixels.frame(2), Err(DicomError::Truncated { at: pixels.value().start }));

    // One bit a pixel: one frame is whole bytes, several are not.
    let bits = |count, rows| [meta(EXPLICIT), image(count, rows, 1), element(0x7FE0, 0x0010, *b"OB", b"ab")].concat();
    assert_eq!(frames(&bits("1", 5)).unwrap(), texts(&[&["ab"]]));
    assert_eq!(frames(&bits("2", 1)), Err(DicomError::NoFramePlaces));
    assert_eq!(
        frames(&bits("2", 8)),
        Err(DicomError::Truncated { at: u64::try_from(bits("2", 8).len()).unwrap() - 2 })
    );
    assert_eq!(frames(&bits("1", 0)), Err(DicomError::NoFramePlaces));
}

#[test]
fn fragments_belong_to_frames_by_the_table() {
    let file = |count, table: &[u32], fragments: &[&[u8]]| {
        [meta(JPEG), image(count, 1, 8), encapsulated(table, fragments)].concat()
    };
    let three: &[&[u8]] = &[b"aa", b"bbbb", b"cc"];
    // Offsets count from the first fragment's item: items have 8 bytes before what they hold.
    assert_eq!(frames(&file("2", &[0, 22], three)).unwrap(), texts(&[&["aa", "bbbb"], &["cc"]]));
    assert_eq!(frames(&file("2", &[0, 10], three)).unwrap(), texts(&[&["aa"], &["bbbb", "cc"]]));
    assert_eq!(frames(&file("1", &[], three)).unwrap(), texts(&[&["aa", "bbbb", "cc"]]));
    assert_eq!(frames(&file("3", &[], three)).unwrap(), texts(&[&["aa"], &["bbbb"], &["cc"]]));
    let wrong: &[(&str, &[u32])] = &[
        ("2", &[]),
        ("2", &[0]),
        ("2", &[0, 10, 22]),
        ("2", &[10, 22]),
        ("2", &[0, 0]),
        ("2", &[0, 11]),
        ("3", &[0, 22, 10]),
        ("2", &[0, 34]),
        ("2", &[0, UNDEFINED]),
    ];
    for (count, table) in wrong {
        assert_eq!(frames(&file(count, table, three)), Err(DicomError::NoFramePlaces), "{count} {table:?}");
    }
    assert_eq!(frames(&file("1", &[], &[])), Err(DicomError::NoFramePlaces));
    // A delimiter within a fragment ends nothing.
    let inside = [&b"x"[..], &SEQUENCE_END, b"y"].concat();
    assert_eq!(frames(&file("1", &[], &[&inside])).unwrap(), [[inside.clone()]]);
    // Cut off: what is before is read.
    let whole = file("2", &[0, 22], three);
    for end in [whole.len() - 1, whole.len() - 8, whole.len() - 9, whole.len() - 20] {
        let file = read(&whole[..end]).unwrap();
        let pixels = file.pixel_data().unwrap();
        assert!(!pixels.is_complete() && pixels.is_encapsulated());
        assert!(matches!(pixels.frame(0), Err(DicomError::Truncated { .. })), "{end}");
    }
}

#[test]
fn an_extended_table_gives_lengths_too() {
    let table = |number, values: &[u64]| {
        element(0x7FE0, number, *b"OV", &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    };
    let file = |offsets: &[u64], lengths: &[u64]| {
        let pixels = encapsulated(&[], &[b"aa", b"bbb\0"]);
        [meta(JPEG), image("2", 1, 8), table(0x0001, offsets), table(0x0002, lengths), pixels].concat()
    };
    assert_eq!(frames(&file(&[0, 10], &[2, 3])).unwrap(), texts(&[&["aa"], &["bbb"]]));
    assert!(matches!(frames(&file(&[0, 10], &[2, 5])), Err(DicomError::Malformed { .. })));
    assert!(matches!(frames(&file(&[0, 10], &[2])), Err(DicomError::Malformed { .. })));
    assert!(matches!(frames(&file(&[0, 10], &[2, u64::MAX])), Err(DicomError::Malformed { .. })));
    assert_eq!(frames(&file(&[0, 9], &[2, 3])), Err(DicomError::NoFramePlaces));
    assert_eq!(frames(&file(&[0, u64::MAX], &[2, 3])), Err(DicomError::NoFramePlaces));
}

/// A file of which only the beginning exists, and which counts what is read of it.
struct Sparse {
    beginning: Vec<u8>,
    len: u64,
    at: u64,
    read: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from((self.len - self.at).min(1 << 20)).unwrap();
        let count = buffer.len().min(left);
        for byte in &mut buffer[..count] {
            *byte = usize::try_from(self.at).ok().and_then(|at| self.beginning.get(at)).copied().unwrap_or(0);
            self.at += 1;
        }
        self.read += u64::try_from(count).unwrap();
        Ok(count)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(step) => self.len.checked_add_signed(step),
            SeekFrom::Current(step) => self.at.checked_add_signed(step),
        };
        self.at = to.filter(|at| *at <= self.len).ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[test]
fn pixel_data_is_passed_over_and_not_read() {
    let skipped = header(0x0009, 0x1010, *b"UN", 1 << 31);
    let mut beginning = [meta(EXPLICIT), skipped].concat();
    let after = beginning.len();
    // What stands behind two gigabytes cannot be given here, so the file ends there.
    let mut file =
        Sparse { beginning: beginning.clone(), len: u64::try_from(after).unwrap() + (1 << 31), at: 0, read: 0 };
    assert_eq!(DicomFile::read(&mut file).unwrap().pixel_data(), Err(DicomError::NoPixelData));
    assert!(file.read < 64 << 10, "{}", file.read);

    beginning = [meta(EXPLICIT), image("4000", 1000, 16), header(0x7FE0, 0x0010, *b"OW", 24_000_000)].concat();
    let start = u64::try_from(beginning.len()).unwrap();
    let mut file = Sparse { beginning, len: start + 24_000_000, at: 0, read: 0 };
    let read = DicomFile::read(&mut file).unwrap();
    assert_eq!(read.pixel_data().unwrap().frame(3999).unwrap().span(), start + 23_994_000..start + 24_000_000);
    assert!(file.read < 64 << 10, "{}", file.read);
}

#[test]
fn sequences_are_passed_over_whatever_they_hold() {
    // A private sequence of unknown type is implicit within.
    let unknown = [
        header(0x0009, 0x1001, *b"UN", UNDEFINED),
        item(UNDEFINED),
        [&[0x08, 0x00, 0x60, 0x00][..], &2_u32.to_le_bytes(), b"XX"].concat(),
        ITEM_END.to_vec(),
        SEQUENCE_END.to_vec(),
    ]
    .concat();
    // Pixel data of an icon is none of the file's, and neither is the modality of what is referred to.
    let icon = [
        header(0x0088, 0x0200, *b"SQ", UNDEFINED),
        item(UNDEFINED),
        element(0x0008, 0x0060, *b"CS", b"YY"),
        encapsulated(&[], &[b"icon"]),
        ITEM_END.to_vec(),
        item(4),
        b"skip".to_vec(),
        SEQUENCE_END.to_vec(),
    ]
    .concat();
    let ct = element(0x0008, 0x0060, *b"CS", b"CT");
    let file = [meta(EXPLICIT), ct, unknown, icon, element(0x7FE0, 0x0010, *b"OB", b"pixels")].concat();
    let read = read(&file).unwrap();
    assert_eq!(read.modality(), Some("CT"));
    assert_eq!(
        read.pixel_data().unwrap().value(),
        u64::try_from(file.len()).unwrap() - 6..u64::try_from(file.len()).unwrap()
    );
}

#[test]
fn without_types_what_has_no_length_is_a_sequence() {
    let untyped = |group: u16, number: u16, len: u32| -> Vec<u8> {
        [&group.to_le_bytes()[..], &number.to_le_bytes(), &len.to_le_bytes()].concat()
    };
    let sequence = |group, number, within: &[u8]| {
        [&untyped(group, number, UNDEFINED)[..], &item(UNDEFINED), within, &ITEM_END, &SEQUENCE_END].concat()
    };
    let image = [(0x0010, 2_u16), (0x0011, 3), (0x0100, 8)]
        .map(|(number, value)| [untyped(0x0028, number, 2), value.to_le_bytes().to_vec()].concat());
    let file = |sequence: &[u8]| {
        [&meta(IMPLICIT)[..], sequence, &image.concat(), &untyped(0x7FE0, 0x0010, 6), b"abcdef"].concat()
    };
    // One that the standard knows, with a private one and a value in it.
    let inner = [sequence(0x0009, 0x1001, &untyped(0x0009, 0x1002, 0)), untyped(0x0020, 0x0010, 0)].concat();
    assert_eq!(frames(&file(&sequence(0x0008, 0x1140, &inner))).unwrap(), texts(&[&["abcdef"]]));
    // A name is no sequence, so what follows is no item.
    let at = u64::try_from(meta(IMPLICIT).len() + 8).unwrap();
    let name = [untyped(0x0008, 0x0090, UNDEFINED), b"Doe^Jane".to_vec()].concat();
    assert_eq!(read(&file(&name)).unwrap_err(), DicomError::Malformed { at });
}

#[test]
fn h55_deep_sequences_are_left_at_the_limit() {
    let nested = |depth: usize| {
        let open = [header(0x0008, 0x1140, *b"SQ", UNDEFINED), item(UNDEFINED)].concat();
        let close = [ITEM_END, SEQUENCE_END].concat();
        [meta(EXPLICIT), open.repeat(depth), close.repeat(depth)].concat()
    };
    assert!(read(&nested(64)).is_ok());
    assert_eq!(read(&nested(65)).unwrap_err(), DicomError::TooDeep { limit: 64 });
    assert_eq!(read(&nested(100_000)).unwrap_err(), DicomError::TooDeep { limit: 64 });
}

#[test]
fn an_item_that_ends_twice_is_refused() {
    let start = [meta(EXPLICIT), header(0x0008, 0x1140, *b"SQ", UNDEFINED)].concat();
    let at = |more: usize| DicomError::Malformed { at: u64::try_from(start.len() + more).unwrap() };
    let read = |rest: &[Vec<u8>]| read(&[start.clone(), rest.concat()].concat()).unwrap_err();
    assert_eq!(read(&[ITEM_END.to_vec(), ITEM_END.to_vec(), item(0)]), at(0));
    assert_eq!(read(&[item(UNDEFINED), ITEM_END.to_vec(), ITEM_END.to_vec(), item(0)]), at(16));
    assert_eq!(read(&[item(UNDEFINED), SEQUENCE_END.to_vec()]), at(8));
}

#[test]
fn h55_lengths_are_bounded_before_anything_is_allocated() {
    let claim =
        |group, number, vr, len: u32| read(&[meta(EXPLICIT), header(group, number, vr, len)].concat()).map(drop);
    let name = Element { group: 0x0010, element: 0x0010 };
    assert_eq!(claim(0x0010, 0x0010, *b"UT", (64 << 10) + 1), Err(DicomError::Value { tag: name }));
    assert_eq!(claim(0x0010, 0x0010, *b"UT", UNDEFINED), Err(DicomError::Value { tag: name }));
    assert!(matches!(claim(0x0010, 0x0010, *b"PN", 60_000), Err(DicomError::Truncated { .. })));
    assert!(matches!(claim(0x0011, 0x1010, *b"UN", UNDEFINED - 1), Err(DicomError::Truncated { .. })));
    assert!(matches!(claim(0x7FE0, 0x0001, *b"OV", UNDEFINED - 1), Err(DicomError::Value { .. })));
    let table = [header(0x7FE0, 0x0010, *b"OB", UNDEFINED), item(UNDEFINED - 1)].concat();
    let file = read(&[meta(JPEG), table].concat()).unwrap();
    assert!(matches!(file.pixel_data().unwrap().frame(0), Err(DicomError::Malformed { .. })));
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 64 + 1024);
    Compress::new(Compression::best(), false).compress_vec(bytes, &mut out, FlushCompress::Finish).unwrap();
    out
}

#[test]
fn h55_a_compressed_data_set_is_read_without_places() {
    let ct = element(0x0008, 0x0060, *b"CS", b"CT");
    let whole = [ct, image("1", 2, 8), element(0x7FE0, 0x0010, *b"OB", b"abcdef")].concat();
    let file = [meta(DEFLATED), deflated(&whole)].concat();
    let found = read(&file).unwrap();
    assert_eq!((found.modality(), found.rows()), (Some("CT"), Some(2)));
    assert_eq!(found.pixel_data(), Err(DicomError::NoFramePlaces));
    let without = [meta(DEFLATED), deflated(&element(0x0008, 0x0060, *b"CS", b"CT"))].concat();
    assert_eq!(read(&without).unwrap().pixel_data(), Err(DicomError::NoPixelData));
    assert!(read(&[meta(DEFLATED), b"not deflate".to_vec()].concat()).is_err());
    // A gigabyte and more of nothing, in a megabyte: 64 MiB at a time, each a stored part of one stream.
    let mut bomb = meta(DEFLATED);
    let mut compress = Compress::new(Compression::best(), false);
    let zeros = vec![0; 64 << 20];
    let mut part = Vec::with_capacity(1 << 20);
    compress.compress_vec(&header(0x0009, 0x1010, *b"UN", UNDEFINED - 1), &mut part, FlushCompress::Sync).unwrap();
    for _ in 0..17 {
        compress.compress_vec(&zeros, &mut part, FlushCompress::Sync).unwrap();
        bomb.append(&mut part);
        part.reserve(1 << 20);
    }
    assert!(bomb.len() < 2 << 20);
    assert!(matches!(read(&bomb).unwrap_err(), DicomError::TooMany { limit: 1_073_741_824, .. }));
}

#[test]
fn what_is_no_file_says_why() {
    for bytes in [&b""[..], &[0; 131], &[0; 132], &[0; 4096]] {
        assert_eq!(read(bytes).unwrap_err(), DicomError::NotDicom);
    }
    let start = [&[0; 128][..], b"DICM"].concat();
    assert_eq!(read(&start).unwrap_err(), DicomError::TransferSyntax);
    for syntax in ["1.2.3", "1.2.840.10008.1.20", "1.2.840.113619.5.2"] {
        assert_eq!(read(&meta(syntax)).unwrap_err(), DicomError::TransferSyntax, "{syntax}");
    }
    let at = u64::try_from(meta(EXPLICIT).len()).unwrap();
    let wrong = |bytes: &[u8]| read(&[&meta(EXPLICIT)[..], bytes].concat()).unwrap_err();
    assert_eq!(wrong(&SEQUENCE_END), DicomError::Malformed { at });
    assert_eq!(wrong(&item(0)), DicomError::Malformed { at });
    assert_eq!(wrong(&[8]), DicomError::Truncated { at });
    let uid = |value: &[u8]| element(0x0020, 0x000D, *b"UI", value);
    let study = Element { group: 0x0020, element: 0x000D };
    for value in [&b"1.2.a"[..], &[b'1'; 65], b"1.2\\3"] {
        assert_eq!(wrong(&uid(value)), DicomError::Value { tag: study });
    }
    // The same element twice, and out of order.
    let (one, other) = (uid(b"1.2"), element(0x0020, 0x000E, *b"UI", b"1.3"));
    let behind = at + u64::try_from(one.len()).unwrap();
    assert_eq!(wrong(&[one.clone(), one.clone()].concat()), DicomError::Malformed { at: behind });
    assert_eq!(wrong(&[other, one].concat()), DicomError::Malformed { at: behind });
    let mut twice = meta(EXPLICIT);
    twice.extend_from_slice(&meta(JPEG)[132..]);
    assert_eq!(read(&twice).unwrap_err(), DicomError::Malformed { at });
}

#[test]
fn a_file_is_found_and_names_its_patient() {
    let file = [
        meta(EXPLICIT),
        element(0x0008, 0x0005, *b"CS", b"ISO_IR 100"),
        element(0x0008, 0x0016, *b"UI", b"1.2.840.10008.5.1.4.1.1.2"),
        element(0x0008, 0x0020, *b"DA", b"20240229"),
        element(0x0008, 0x0021, *b"DA", b"20240229"),
        element(0x0008, 0x0060, *b"CS", b"CT"),
        element(0x0008, 0x1030, *b"LO", b"Sch\xE4del nativ"),
        element(0x0010, 0x0010, *b"PN", b"M\xFCller^Ana"),
        element(0x0010, 0x0020, *b"LO", b"HC-000123"),
        element(0x0010, 0x0021, *b"LO", b"Riverside"),
        element(0x0010, 0x0030, *b"DA", b"19680314"),
        element(0x0018, 0x0015, *b"CS", b"HEAD"),
        element(0x0020, 0x000D, *b"UI", b"1.2.3"),
        element(0x0020, 0x000E, *b"UI", b"1.2.3.4"),
    ]
    .concat();
    let read = read(&file).unwrap();
    let terms = read.terms();
    assert!(terms.is_within_bounds());
    assert_eq!(terms.kind, "ImagingStudy");
    let code = |system: &str, value: &str| Code { system: system.into(), value: value.into() };
    assert_eq!(
        terms.codes,
        [
            code("http://dicom.nema.org/resources/ontology/DCM", "CT"),
            code("urn:ietf:rfc:3986", "urn:oid:1.2.840.10008.5.1.4.1.1.2"),
            code("urn:dicom:uid", "urn:oid:1.2.3"),
            code("urn:dicom:uid", "urn:oid:1.2.3.4"),
        ]
    );
    // 2024-02-29, from `date -u -d 2024-02-29 +%s`.
    let days: Vec<_> = terms.dates.iter().map(|range| (range.start(), range.end())).collect();
    assert_eq!(days, [(1_709_164_800, 1_709_251_200)]);
    assert_eq!(terms.words, Terms::fold("Schädel nativ HEAD"));
    assert!(!terms.words.contains(&"muller".to_owned()));

    let patient = read.patient();
    assert_eq!(patient.names, ["Ana Müller"]);
    assert_eq!(patient.birth_date.as_deref(), Some("1968-03-14"));
    let id = |system: &str, value: &str| Identifier { system: system.into(), value: value.into() };
    assert_eq!(patient.identifiers, [id("Riverside", "HC-000123")]);
    assert_eq!(read.confirms(&[id("a", "b"), id("Riverside", "HC-000123")]), Subject::Confirmed);
    for other in [&[][..], &[id("", "HC-000123")], &[id("Riverside", "HC-000124")]] {
        assert_eq!(read.confirms(other), Subject::Other);
    }
    assert_eq!(DicomFile::read(Cursor::new(meta(EXPLICIT))).unwrap().confirms(&[]), Subject::None);
    assert_eq!(
        format!("{read:?}"),
        r#"DicomFile { transfer_syntax: "1.2.840.10008.1.2.1", sop_class: Some("1.2.840.10008.5.1.4.1.1.2"), rows: None, columns: None, frames: 0, .. }"#
    );
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_reading_ends(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), end in any::<prop::sample::Index>()) {
        let icon = [header(0x0008, 0x1140, *b"SQ", UNDEFINED), item(UNDEFINED), ITEM_END.to_vec(), SEQUENCE_END.to_vec()].concat();
        let mut file = [meta(JPEG), icon, image("2", 1, 8), encapsulated(&[0, 22], &[b"aa", b"bbbb", b"cc"])].concat();
        file.truncate(end.index(file.len() + 1));
        for (at, byte) in changes {
            if !file.is_empty() {
                let at = at.index(file.len());
                file[at] = byte;
            }
        }
        if let Ok(found) = read(&file) {
            prop_assert!(found.terms().is_within_bounds());
            if let Ok(pixels) = found.pixel_data() {
                prop_assert!(pixels.value().end <= u64::try_from(file.len()).unwrap());
                if let Ok(frame) = pixels.frame(pixels.frames() - 1) {
                    prop_assert!(frame.span().start >= pixels.value().start && frame.span().end <= pixels.value().end);
                }
            }
        }
    }
}
