//! A study of 200 slices and a film, from the scanner to the specialist and to the patient.
//!
//! ```text
//!  DICOM files ──► hospital's vault ── bundle: what describes them, with previews ──► specialist's vault
//!                        │                                                              │    one frame, by its place
//!                        └───────────── sealed content, in a folder that both reach ────┘──► a folder for the patient
//! ```
//!
//! `cargo run --release --example imaging`. The images are made up here. It ends with an error where anything that it says does
//! not hold, leaves nothing behind, and prints what the bare cipher does in the same run.

mod bare;
mod counting;
mod made;

use ampoule::store::DirectoryBlobs;
use ampoule::{
    Chart, Contact, Cursor, EntryId, FileInfo, Grant, Identifier, Label, Query, Recovery, SqliteStore, Unlock, Vault,
};
use ampoule_dicom::{DicomFile, MEDIA_TYPE, Subject};
use counting::Counting;
use std::io::Cursor as Bytes;
use std::path::Path;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Slices of the study, each of 512 × 512 pixels of 16 bits.
const SLICES: u32 = 200;
/// Frames of the film, each of 512 × 512 pixels of 16 bits.
const FRAMES: u32 = 60;
/// The frame that is looked at.
const FRAME: u32 = 41;

fn main() -> Result<()> {
    let place = tempfile::tempdir()?;
    let blobs = Counting::new(DirectoryBlobs::new(place.path().join("content")));
    let hospital = vault("Riverside Hospital", 1, &place.path().join("hospital.db"), &blobs)?;
    let chart = hospital.create_chart()?;

    println!("1. A study of {SLICES} slices and a film of {FRAMES} frames are put into a chart\n");
    let slices: Vec<Vec<u8>> = (0..SLICES).map(made::slice).collect::<Result<_>>()?;
    let film = made::film(FRAMES)?;
    let bytes = total(&slices).saturating_add(len(&film));
    let begun = Instant::now();
    for slice in &slices {
        put(&chart, slice)?;
    }
    let film_id = put(&chart, &film)?;
    let took = begun.elapsed();
    let bare = bare::seal(&slices)?;
    println!("   {} put in {:.1} s: {}", size(bytes), took.as_secs_f64(), rate(bytes, took));
    println!("   the bare cipher, AES-256-GCM over the same slices on one core: {}", rate(total(&slices), bare));

    println!("\n2. One frame of the film is looked at, and nothing else is read\n");
    let frame = one_frame(&chart, &film_id, &film, &blobs)?;
    println!("   frame {FRAME} has {}, the film {}", size(frame.len), size(len(&film)));
    println!("   {} of content came out, in {} ms", size(frame.released), frame.took.as_millis());
    println!("   {} were read where the sealed content is, proofs included", size(frame.read));
    expect(frame.read < len(&film) / 8, "a small part of the film is read")?;

    println!("\n3. The study is shared with a specialist, who reaches the same folder of sealed content\n");
    let lee = vault("Dr. Lee", 2, &place.path().join("lee.db"), &blobs)?;
    let (to, _) = (meet(&hospital, &lee)?, meet(&lee, &hospital)?);
    chart.share(&to, &Grant::read().label(Label::general()))?;
    let bundle = chart.export(&to, Cursor::START)?;
    let applied = lee.import(&bundle)?;
    println!("   a bundle of {} describes {} files, with a preview of each", size(len(&bundle)), applied.added);
    let copy = lee.chart(&applied.chart)?;
    let found = copy.find(&Query::kind("ImagingStudy").words("knee"))?;
    expect(
        found.entries().len() == slices.len().saturating_add(1),
        "every file is found by a word of its description",
    )?;
    let begun = Instant::now();
    for (found, slice) in found.entries().iter().zip(&slices) {
        let preview = copy.preview(&found.id)?.ok_or("a preview was given")?;
        expect(preview.content() == made::preview(slice), "the preview is the one of this slice")?;
    }
    println!("   {SLICES} previews shown in {} ms, without any content", begun.elapsed().as_millis());
    let begun = Instant::now();
    for (found, slice) in found.entries().iter().zip(&slices) {
        let read = copy.file(&found.id)?.read_range(0..u64::MAX)?;
        expect(read[..] == slice[..], "every byte is as the scanner gave it")?;
    }
    println!("   {} opened and compared: {}", size(total(&slices)), rate(total(&slices), begun.elapsed()));

    println!("\n4. The patient asks for everything\n");
    let folder = place.path().join("for-the-patient");
    let begun = Instant::now();
    let exported = ampoule_fhir::export_chart(&copy, "to the patient, who asked for it", &folder)?;
    let took = begun.elapsed();
    expect(exported.files == u64::from(SLICES).saturating_add(1), "every file is in the folder")?;
    println!("   {} files written to a folder, on disk: {}", exported.files, rate(bytes, took));
    println!(
        "   labels that the specialist was not granted, and the folder says so: {}",
        exported.left_out.labels_not_granted
    );
    let first = std::fs::read(folder.join("files").join("0001-slice-000.dcm"))?;
    expect(slices.first() == Some(&first), "the first slice is what the scanner gave")?;
    println!("   index.html opens in any browser: {}", size(std::fs::metadata(folder.join("index.html"))?.len()));
    Ok(())
}

fn vault(name: &str, key: u8, path: &Path, blobs: &Counting) -> Result<Vault> {
    let (unlock, none) = (Unlock::device_key(&[key; 32]), Recovery::none_data_will_be_lost());
    Ok(Vault::options().blobs(blobs.clone()).create(SqliteStore::open(path)?, name, &unlock, &none)?.0)
}

/// Each has the card of the other, and compared it.
fn meet(vault: &Vault, other: &Vault) -> Result<Contact> {
    let contact = vault.contacts().add(&other.card()?.to_bytes())?;
    contact.verify(&other.card()?.fingerprint().digits())?;
    Ok(contact)
}

/// Puts a file with what finds it. Whose it is, the chart says; the file only confirms it.
fn put(chart: &Chart, bytes: &[u8]) -> Result<EntryId> {
    let read = DicomFile::read(Bytes::new(bytes))?;
    let ana = Identifier { system: String::new(), value: made::PATIENT.into() };
    expect(read.confirms(&[ana]) == Subject::Confirmed, "the file is of the patient whose chart it goes to")?;
    let name = made::name(bytes);
    let info = FileInfo::new(MEDIA_TYPE).named(name).with_terms(read.terms());
    let info = info.with_preview("image/x-portable-graymap", &made::preview(bytes));
    Ok(chart.put_file(&info, bytes)?)
}

/// What it took to look at one frame.
struct Looked {
    len: u64,
    /// Content that was asked for and came out.
    released: u64,
    /// Sealed bytes and proofs that were read.
    read: u64,
    took: Duration,
}

fn one_frame(chart: &Chart, film: &EntryId, bytes: &[u8], blobs: &Counting) -> Result<Looked> {
    let (before, begun) = (blobs.read_so_far(), Instant::now());
    let mut reader = counting::Released::new(chart.file(film)?);
    let header = DicomFile::read(&mut reader)?;
    let place = header.pixel_data()?.frame(FRAME)?.span();
    let header_len = reader.released;
    let frame = reader.inner.read_range(place.clone())?;
    let took = begun.elapsed();
    let (start, end) = (usize::try_from(place.start)?, usize::try_from(place.end)?);
    expect(bytes.get(start..end) == Some(&frame[..]), "the frame is as the scanner gave it")?;
    let len = len(&frame);
    let read = blobs.read_so_far().saturating_sub(before);
    Ok(Looked { len, released: header_len.saturating_add(len), read, took })
}

fn expect(holds: bool, claim: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("this did not hold: {claim}").into()) }
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn total(files: &[Vec<u8>]) -> u64 {
    files.iter().map(|file| len(file)).fold(0, u64::saturating_add)
}

/// Bytes as MB or kB.
fn size(bytes: u64) -> String {
    if bytes >= 1_000_000 { format!("{} MB", bytes / 1_000_000) } else { format!("{} kB", bytes.div_ceil(1000)) }
}

/// Bytes in a microsecond are megabytes in a second.
fn rate(bytes: u64, took: Duration) -> String {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
    format!("{} MB/s", bytes.checked_div(micros).unwrap_or_default())
}
