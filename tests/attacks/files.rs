//! A store that lies about files, and about the content that lies beside it.

use crate::common::{Member, assert_unopenable, member};
use ampoule::store::{BlobId, BlobPart, BlobStore, Store as _, Table};
use ampoule::{Chart, EntryId, Error, FileInfo, Kind, Label, Message};
use std::ops::ControlFlow;
use std::sync::Arc;

const CHUNK: usize = 16 * 1024;
const SEALED: usize = CHUNK + 16;
const PREFIX: usize = 56;
const PARENT: usize = 64;

type Blobs = Arc<dyn BlobStore>;
/// Chunks and outboard.
type Parts = [Vec<u8>; 2];

fn clinic() -> (Member, Chart, Blobs) {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let blobs = clinic.store.blobs().unwrap();
    (clinic, chart, blobs)
}

fn content(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|at| ((at * 31 + at / CHUNK * 7 + seed) % 251) as u8).collect()
}

/// Puts a file and says which blob it is.
fn put(chart: &Chart, blobs: &Blobs, name: &str, content: &[u8]) -> (EntryId, BlobId) {
    let before = blobs.list(None, 99).unwrap();
    let id = chart.put_file(&FileInfo::new("image/x").named(name), content).unwrap();
    assert!(read(chart, &id).unwrap() == content, "the honest run");
    (id, blobs.list(None, 99).unwrap().into_iter().find(|blob| !before.contains(blob)).unwrap())
}

fn read(chart: &Chart, id: &EntryId) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    chart.file(id)?.copy_to(&mut out, |_| ControlFlow::Continue(()))?;
    Ok(out)
}

fn parts(blobs: &Blobs, blob: &BlobId) -> Parts {
    let reader = blobs.open(blob).unwrap().unwrap();
    [BlobPart::Chunks, BlobPart::Outboard].map(|part| {
        let mut bytes = vec![0; reader.len(part).unwrap() as usize];
        reader.read(part, 0, &mut bytes).unwrap();
        bytes
    })
}

fn replace(blobs: &Blobs, blob: &BlobId, [chunks, outboard]: &Parts) {
    blobs.delete(blob).unwrap();
    let mut writer = blobs.create(blob).unwrap();
    writer.append(BlobPart::Chunks, chunks).unwrap();
    writer.append(BlobPart::Outboard, outboard).unwrap();
    writer.finish().unwrap();
}

/// The file is refused, whole and in the range of each of its chunks that was attacked; what was given before is the content.
fn refused(chart: &Chart, id: &EntryId, content: &[u8], attacked: &[usize]) {
    let mut given = Vec::new();
    let copied = chart.file(id).and_then(|mut reader| reader.copy_to(&mut given, |_| ControlFlow::Continue(())));
    assert_unopenable(copied);
    assert!(content.starts_with(&given));
    for number in attacked {
        let at = (number * CHUNK) as u64;
        assert_unopenable(chart.file(id).and_then(|mut reader| reader.read_range(at..at + 9)));
    }
}

fn chunk(number: usize) -> core::ops::Range<usize> {
    PREFIX + number * SEALED..PREFIX + (number + 1) * SEALED
}

/// What is said of one file under the content of another, and the other way round.
#[test]
fn b10_names_types_and_contents_of_files_exchanged() {
    let (clinic, chart, blobs) = clinic();
    let (one, of_one) = put(&chart, &blobs, "left knee", &content(30_000, 1));
    let (other, of_other) = put(&chart, &blobs, "right knee", &content(30_000, 2));
    let (in_one, in_other) = (parts(&blobs, &of_one), parts(&blobs, &of_other));
    let exchange_blobs = || {
        replace(&blobs, &of_one, &in_other);
        replace(&blobs, &of_other, &in_one);
    };
    let part = chart.id();
    let exchange_rows = || {
        let key = |number: u64| number.to_be_bytes();
        clinic.store.swap(Table::Entries, (part.as_bytes(), &key(1)), (part.as_bytes(), &key(2))).unwrap();
    };
    exchange_blobs();
    [one, other].iter().for_each(|id| refused(&chart, id, &[], &[0]));
    exchange_rows();
    [one, other].iter().for_each(|id| assert_unopenable(read(&chart, id)));
    replace(&blobs, &of_one, &in_one);
    replace(&blobs, &of_other, &in_other);
    [one, other].iter().for_each(|id| assert_unopenable(read(&chart, id)));
    clinic.store.tell_the_truth();
    assert!(read(&chart, &one).unwrap() == content(30_000, 1));
}

#[test]
fn c19_chunks_of_a_file_moved_doubled_dropped_cut_off() {
    let (_clinic, chart, blobs) = clinic();
    let content = content(20 * CHUNK - 700, 0);
    let (id, blob) = put(&chart, &blobs, "scan", &content);
    let honest = parts(&blobs, &blob);
    let attack = |attacked: &[usize], change: &dyn Fn(&mut Parts)| {
        let mut altered = honest.clone();
        change(&mut altered);
        assert!(altered != honest);
        replace(&blobs, &blob, &altered);
        refused(&chart, &id, &content, attacked);
    };
    for (one, other) in [(0, 1), (3, 17), (18, 19)] {
        let of = |number: usize| honest[0][chunk(number)].to_vec();
        attack(&[one, other], &|parts| {
            parts[0][chunk(one)].copy_from_slice(&of(other));
            parts[0][chunk(other)].copy_from_slice(&of(one));
        });
        attack(&[other], &|parts| parts[0][chunk(other)].copy_from_slice(&of(one)));
        attack(&[one, other], &|parts| drop(parts[0].drain(chunk(one))));
        attack(&[other], &|parts| parts[0][chunk(other)].fill(0));
        // With other parents above it.
        attack(&[one], &|parts| {
            let [chunks, outboard] = parts;
            chunks[chunk(one)].copy_from_slice(&of(other));
            let moved = outboard[..PARENT].to_vec();
            outboard[PARENT..2 * PARENT].copy_from_slice(&moved);
        });
    }
    for number in 0..20 {
        attack(&[number], &|parts| parts[0].truncate(chunk(number).start));
    }
    replace(&blobs, &blob, &honest);
    assert!(read(&chart, &id).unwrap() == content);
}

/// The earlier content of one file differs in one chunk: that chunk, or all of it, is no part of the present one.
#[test]
fn c20_chunks_of_the_version_before() {
    let (_clinic, chart, blobs) = clinic();
    let before = content(5 * CHUNK, 0);
    let (id, first) = put(&chart, &blobs, "scan", &before);
    let mut now = before.clone();
    now[3 * CHUNK] ^= 1;
    chart.update_file(&id, &FileInfo::new("image/x"), &now[..]).unwrap();
    let second = blobs.list(None, 9).unwrap().into_iter().find(|blob| *blob != first).unwrap();
    let (old, honest) = (parts(&blobs, &first), parts(&blobs, &second));
    for number in [0, 3] {
        let mut spliced = honest.clone();
        spliced[0][chunk(number)].copy_from_slice(&old[0][chunk(number)]);
        replace(&blobs, &second, &spliced);
        refused(&chart, &id, &now, &[number]);
        // With what stands before the chunks, and with the parents, of the earlier one.
        spliced[0][..PREFIX].copy_from_slice(&old[0][..PREFIX]);
        spliced[1].clone_from(&old[1]);
        replace(&blobs, &second, &spliced);
        refused(&chart, &id, &now, &[number]);
    }
    replace(&blobs, &second, &old);
    refused(&chart, &id, &now, &[0]);
    replace(&blobs, &second, &honest);
    assert!(read(&chart, &id).unwrap() == now);
}

#[test]
fn c21_another_end_of_a_file() {
    for len in [0, 100, CHUNK, 4 * CHUNK, 4 * CHUNK + 9] {
        let (_clinic, chart, blobs) = clinic();
        let content = content(len, 0);
        let (id, blob) = put(&chart, &blobs, "scan", &content);
        let honest = parts(&blobs, &blob);
        let last = (honest[0].len() - PREFIX) / SEALED;
        let attack = |change: &dyn Fn(&mut Parts)| {
            let mut altered = honest.clone();
            change(&mut altered);
            // A last chunk that is empty stays so.
            if altered != honest {
                replace(&blobs, &blob, &altered);
                refused(&chart, &id, &content, &[]);
            }
        };
        // Bytes after the end; a last chunk that is full, empty, gone, of another place.
        for more in [1, 16, SEALED] {
            attack(&|parts| parts[0].extend(vec![0; more]));
            attack(&|parts| parts[1].extend(vec![0; more]));
        }
        attack(&|parts| parts[0].resize(chunk(last).end, 0));
        attack(&|parts| parts[0].truncate(chunk(last).start + 16));
        attack(&|parts| parts[0].truncate(chunk(last).start));
        attack(&|parts| *parts[0].last_mut().unwrap() ^= 1);
        if last > 0 {
            attack(&|parts| {
                let tag = parts[0][chunk(last - 1).end - 16..chunk(last - 1).end].to_vec();
                let end = parts[0].len();
                parts[0][end - 16..].copy_from_slice(&tag);
            });
        }
        replace(&blobs, &blob, &honest);
        assert!(read(&chart, &id).unwrap() == content);
    }
}

/// Names that would lead out of a folder, overwrite, or look like others: a file is written where the caller says.
#[cfg(feature = "directory")]
#[test]
fn c24_a_name_leads_nowhere_on_export() {
    use std::fs;
    let (_clinic, chart, blobs) = clinic();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(folder.path().join("secret"), b"secret").unwrap();
    let names = [
        "../secret",
        "../../x",
        "/tmp/x",
        "..\\secret",
        "C:\\x",
        "CON",
        "nul",
        "a\0b",
        "x\u{202E}gnp.exe",
        "e\u{301}",
        "\u{e9}",
        "",
    ];
    for (number, name) in names.iter().enumerate() {
        let (id, _) = put(&chart, &blobs, name, name.as_bytes());
        let mut reader = chart.file(&id).unwrap();
        assert_eq!(reader.entry().record().name(), Some(*name));
        reader.export_to(out.join(number.to_string())).unwrap();
    }
    let mut written: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    written.sort_by_key(|name| name.parse::<usize>().unwrap());
    assert_eq!(written, (0..names.len()).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret");
    // Somebody else has put a link in its place: it is replaced, and what it points to is not written to.
    #[cfg(unix)]
    {
        let (id, _) = put(&chart, &blobs, "scan", b"content");
        std::os::unix::fs::symlink(folder.path().join("secret"), out.join("link")).unwrap();
        chart.file(&id).unwrap().export_to(out.join("link")).unwrap();
        assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret");
        assert_eq!(fs::read(out.join("link")).unwrap(), b"content");
        assert!(!fs::symlink_metadata(out.join("link")).unwrap().is_symlink());
    }
}

/// The store adds files: content without an entry, and the entry of another chart with its content.
#[test]
fn c25_a_file_that_nobody_signed() {
    let (clinic, chart, blobs) = clinic();
    let (own, blob) = put(&chart, &blobs, "own", b"own");
    let other = clinic.vault.create_chart().unwrap();
    put(&other, &blobs, "other", b"of another patient");
    replace(&blobs, &BlobId::from_bytes([9; 16]), &parts(&blobs, &blob));
    let files =
        |chart: &Chart| chart.list_kind(Kind::File).unwrap().entries().iter().map(|found| found.id).collect::<Vec<_>>();
    assert_eq!(files(&chart), [own]);
    assert_eq!(clinic.vault.verify().unwrap().findings, []);
    let foreign = clinic.entry(&other, 1);
    // In the place of one that is there.
    clinic.store.answer(Table::Entries, chart.id().as_bytes(), &1_u64.to_be_bytes(), foreign.clone());
    assert_unopenable(read(&chart, &own));
    clinic.store.tell_the_truth();
    // And after the last.
    clinic.store.answer(Table::Entries, chart.id().as_bytes(), &2_u64.to_be_bytes(), foreign);
    let again = clinic.reopen().unwrap();
    match again.chart(&chart.id()) {
        Err(error) => assert_eq!(error, Error::Withheld),
        Ok(again) => assert_eq!(files(&again), [own]),
    }
    assert!(!again.verify().unwrap().findings.is_empty(), "it is named");
    clinic.store.tell_the_truth();
    let again = clinic.reopen().unwrap();
    assert_eq!(read(&again.chart(&chart.id()).unwrap(), &own).unwrap(), b"own");
}

/// A picture goes with its preview: neither stands for the other, or for another's, whatever the store exchanges; a newer
/// version of one is not the one that was sent.
#[test]
fn c26_a_preview_swapped() {
    let (clinic, chart, blobs) = clinic();
    let thread = chart.start_thread("Knee pain", &Label::general()).unwrap();
    let (picture, of_picture) = put(&chart, &blobs, "picture", &content(50_000, 1));
    let (preview, of_preview) = put(&chart, &blobs, "preview", &content(900, 2));
    let (unlike, of_unlike) = put(&chart, &blobs, "preview", &content(900, 3));
    let sent = thread.send(&Message::text("see").attach(&picture).attach(&preview)).unwrap();
    let attached = chart.message(&sent).unwrap().attachments;
    assert_eq!(attached.iter().map(|each| each.entry).collect::<Vec<_>>(), [picture, preview]);
    let honest = [of_picture, of_preview, of_unlike].map(|blob| parts(&blobs, &blob));
    for with in [0, 2] {
        replace(&blobs, &of_preview, &honest[with]);
        refused(&chart, &preview, &[], &[0]);
    }
    replace(&blobs, &of_preview, &honest[1]);
    // Rows: the opening is the first, then the files.
    let key = |number: u64| number.to_be_bytes();
    let part = chart.id();
    for other in [2, 4] {
        clinic.store.swap(Table::Entries, (part.as_bytes(), &key(3)), (part.as_bytes(), &key(other))).unwrap();
        assert_unopenable(read(&chart, &preview));
        clinic.store.tell_the_truth();
    }
    assert!(read(&chart, &unlike).unwrap() == content(900, 3));
    chart.update_file(&preview, &FileInfo::new("image/x"), &content(900, 3)[..]).unwrap();
    let attached = &chart.message(&sent).unwrap().attachments[1];
    assert!(chart.file(&preview).unwrap().entry().version() != attached.version);
    let as_sent = chart.file_version(&attached.version).unwrap().read_range(0..900).unwrap();
    assert!(as_sent[..] == content(900, 2));
}
