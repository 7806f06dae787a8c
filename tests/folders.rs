//! Folders of files: into a chart, and out of it.

#![cfg(feature = "directory")]
#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use ampoule::store::MemoryBlobs;
use ampoule::{Chart, Error, FileInfo, Kind, MemoryStore, Recovery, Unlock, Vault};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn fresh() -> (MemoryBlobs, Chart) {
    let blobs = MemoryBlobs::new();
    let unlock = Unlock::device_key(&[1; 32]);
    let options = Vault::options().blobs(blobs.clone());
    let created = options.create(MemoryStore::new(), "Clinic", &unlock, &Recovery::none_data_will_be_lost());
    (blobs, created.unwrap().0.create_chart().unwrap())
}

fn info(_: &str) -> FileInfo {
    FileInfo::new("application/dicom")
}

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// All files in a folder, by their paths.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut tree, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                tree.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(path).unwrap());
            }
        }
    }
    tree
}

fn study() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("series 1/scout")).unwrap();
    for (path, len) in [("DICOMDIR", 0), ("series 1/0001.dcm", 300_000), ("series 1/scout/膝.dcm", 16_384)] {
        fs::write(folder.path().join(path), (0..len).map(|i| (i % 251) as u8).collect::<Vec<_>>()).unwrap();
    }
    folder
}

#[test]
fn a_folder_goes_in_and_comes_out_as_it_was() {
    let (_, chart) = fresh();
    let (study, mut described, mut told) = (study(), Vec::new(), Vec::new());
    let describe = |path: &str| {
        described.push(path.to_owned());
        info(path)
    };
    let put = chart.import_dir(study.path(), describe, |taken| {
        told.push(taken);
        ControlFlow::Continue(())
    });
    let put = put.unwrap();
    assert_eq!(described, ["DICOMDIR", "series 1/0001.dcm", "series 1/scout/膝.dcm"]);
    assert_eq!(put.iter().map(|(path, _)| path.to_str().unwrap()).collect::<Vec<_>>(), described);
    for (path, id) in &put {
        let entry = chart.get(id.as_ref().unwrap()).unwrap();
        assert_eq!((entry.kind(), entry.record().name()), (Kind::File, path.to_str()));
        assert_eq!(entry.record().media_type(), "application/dicom");
    }
    assert!(told.is_sorted() && told.last() == Some(&316_384));
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("out");
    let written = chart.export_dir(&out, go_on).unwrap();
    assert_eq!(written.len(), 3);
    assert!(written.iter().all(|(_, path)| path.as_ref().is_ok_and(|path| path.starts_with(&out))));
    assert!(tree(&out) == tree(study.path()));
    // Again, nothing is written over, and nothing is left of the attempt.
    fs::write(out.join("DICOMDIR"), "mine").unwrap();
    let again = chart.export_dir(&out, go_on).unwrap();
    assert!(again.iter().all(|(_, path)| *path == Err(Error::FileExists)), "{again:?}");
    assert_eq!((fs::read(out.join("DICOMDIR")).unwrap(), tree(&out).len()), (b"mine".to_vec(), 3));
    // A file that is gone comes out again.
    fs::remove_file(out.join("series 1/0001.dcm")).unwrap();
    let again = chart.export_dir(&out, go_on).unwrap();
    assert_eq!(again.iter().filter(|(_, path)| path.is_ok()).count(), 1);
    assert_eq!(tree(&out).len(), 3);
}

#[test]
fn what_is_ended_says_how_far_it_came() {
    let (_, chart) = fresh();
    let study = study();
    let put = chart.import_dir(study.path(), info, |_| ControlFlow::Break(())).unwrap();
    // The first has no bytes to tell of.
    assert_eq!(
        put.iter().map(|(_, id)| id.as_ref().err().cloned()).collect::<Vec<_>>(),
        [None, Some(Error::Cancelled)]
    );
    assert_eq!(chart.list().unwrap().entries().len(), 1);
    let put = chart.import_dir(study.path().join("series 1"), info, go_on).unwrap();
    assert_eq!(put.len(), 2);
    let out = tempfile::tempdir().unwrap();
    let written = chart.export_dir(out.path(), |_| ControlFlow::Break(())).unwrap();
    assert_eq!(written.last().unwrap().1, Err(Error::Cancelled));
    assert_eq!(tree(out.path()).len(), written.len() - 1);
    assert_eq!(chart.import_dir(out.path().join("absent"), info, go_on), Err(Error::CannotRead));
    assert_eq!(chart.export_dir(out.path().join("absent/out"), go_on), Err(Error::CannotWrite));
}

/// Names that an author chose: each is refused, and those beside them come out.
#[test]
fn c24_names_lead_nowhere_but_into_the_folder() {
    let (_, chart) = fresh();
    let place = tempfile::tempdir().unwrap();
    let absolute = place.path().join("absolute");
    let hostile = [
        "../x",
        "a/../../x",
        "..",
        ".",
        "/x",
        absolute.to_str().unwrap(),
        "a\\..\\..\\x",
        "C:x",
        "nul",
        "con.txt",
        "a\0b",
        "a\nb",
        "slice\u{202E}mcd.exe",
        "x.",
        "x ",
        "a//b",
        "",
        "a/",
    ];
    for name in hostile.into_iter().chain(["fine/x"]) {
        chart.put_file(&info("").named(name), name.as_bytes()).unwrap();
    }
    let unnamed = chart.put_file(&info(""), &b"unnamed"[..]).unwrap();
    let out = place.path().join("out");
    let written = chart.export_dir(&out, go_on).unwrap();
    let refused = written.iter().filter(|(_, path)| *path == Err(Error::UnsafeName)).count();
    assert_eq!((refused, written.len()), (hostile.len(), hostile.len() + 2));
    let names: Vec<_> = tree(&out).into_keys().collect();
    let mut expected = [PathBuf::from("fine/x"), PathBuf::from(unnamed.to_string())];
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing beside the folder");
}

/// Two files of one name: the first stays what it is.
#[test]
fn two_files_of_one_name_do_not_replace_each_other() {
    let (_, chart) = fresh();
    for content in ["one", "other"] {
        chart.put_file(&info("").named("x"), content.as_bytes()).unwrap();
    }
    // One is where the other would have a folder.
    chart.put_file(&info("").named("x/y"), &b"below"[..]).unwrap();
    let out = tempfile::tempdir().unwrap();
    let written = chart.export_dir(out.path(), go_on).unwrap();
    assert_eq!(written.iter().filter(|(_, path)| *path == Err(Error::FileExists)).count(), 2);
    assert_eq!(tree(out.path()).len(), 1);
}

/// What is damaged or not here is named, and leaves nothing; the others come out.
#[test]
fn c22_a_file_is_there_when_its_end_was_verified() {
    let (blobs, chart) = fresh();
    use ampoule::store::{BlobPart, BlobStore};
    chart.put_file(&info("").named("a"), &[7; 100_000][..]).unwrap();
    let blob = blobs.list(None, 9).unwrap()[0];
    let reader = blobs.open(&blob).unwrap().unwrap();
    let [mut chunks, outboard] = [BlobPart::Chunks, BlobPart::Outboard].map(|part| {
        let mut bytes = vec![0; reader.len(part).unwrap() as usize];
        reader.read(part, 0, &mut bytes).unwrap();
        bytes
    });
    *chunks.last_mut().unwrap() ^= 1;
    blobs.delete(&blob).unwrap();
    let mut writer = blobs.create(&blob).unwrap();
    writer.append(BlobPart::Chunks, &chunks).unwrap();
    writer.append(BlobPart::Outboard, &outboard).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let gone = chart.put_file(&info("").named("b"), &b"gone"[..]).unwrap();
    let of_gone = blobs.list(None, 9).unwrap().into_iter().find(|other| *other != blob).unwrap();
    blobs.delete(&of_gone).unwrap();
    chart.put_file(&info("").named("c"), &b"whole"[..]).unwrap();
    let out = tempfile::tempdir().unwrap();
    let written = chart.export_dir(out.path(), go_on).unwrap();
    let of = |id| &written.iter().find(|(found, _)| *found == id).unwrap().1;
    assert_eq!(*of(gone), Err(Error::ContentNotHere));
    assert_eq!(written.iter().filter(|(_, path)| matches!(path, Err(Error::Unopenable { .. }))).count(), 1);
    assert_eq!(tree(out.path()), BTreeMap::from([(PathBuf::from("c"), b"whole".to_vec())]));
}

#[cfg(unix)]
mod links {
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    #[test]
    fn c24_links_in_a_folder_are_not_followed() {
        let (_, chart) = fresh();
        let (study, elsewhere) = (study(), tempfile::tempdir().unwrap());
        fs::write(elsewhere.path().join("secret"), "of somebody else").unwrap();
        symlink(elsewhere.path().join("secret"), study.path().join("link")).unwrap();
        symlink(elsewhere.path(), study.path().join("series 1/folder")).unwrap();
        symlink("absent", study.path().join("nowhere")).unwrap();
        let put = chart.import_dir(study.path(), info, go_on).unwrap();
        let refused: Vec<_> = put.iter().filter(|(_, id)| *id == Err(Error::NotAFile)).map(|(path, _)| path).collect();
        assert_eq!(refused, [Path::new("link"), Path::new("nowhere"), Path::new("series 1/folder")]);
        assert_eq!((put.len(), chart.list().unwrap().entries().len()), (6, 3));
    }

    /// A folder whose path is too long for the system: nobody can read it by that, with whatever rights.
    #[test]
    fn a_folder_that_cannot_be_read_keeps_no_other_file_outside() {
        let (_, chart) = fresh();
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let deep = |place: &Path| (0..12).fold(place.to_owned(), |path, _| path.join("d".repeat(200)));
        for place in [folder.path(), elsewhere.path()] {
            fs::create_dir_all(deep(place)).unwrap();
        }
        fs::write(folder.path().join("fine"), "x").unwrap();
        fs::rename(elsewhere.path().join("d".repeat(200)), deep(folder.path()).join("further")).unwrap();
        let put = chart.import_dir(folder.path(), info, go_on).unwrap();
        let refused: Vec<_> = put.iter().filter(|(_, id)| id.is_err()).collect();
        assert!(
            matches!(&refused[..], [(path, Err(Error::CannotRead))] if path.ends_with("d".repeat(200))),
            "{refused:?}"
        );
        assert_eq!((put.len(), chart.list().unwrap().entries().len()), (2, 1));
    }

    #[test]
    fn names_that_are_not_safe_everywhere_stay_outside() {
        use std::os::unix::ffi::OsStrExt as _;
        let (_, chart) = fresh();
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"aux"[..], b"a:b", b"x\xFFy", b"fine"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
        }
        let put = chart.import_dir(folder.path(), info, go_on).unwrap();
        assert_eq!(put.iter().filter(|(_, id)| *id == Err(Error::UnsafeName)).count(), 3);
        assert_eq!(chart.list().unwrap().entries().len(), 1);
    }

    #[test]
    fn c24_links_at_the_place_of_an_export_are_not_followed() {
        let (_, chart) = fresh();
        for name in ["a/x", "b", "c/d/x", "fine/x"] {
            chart.put_file(&info("").named(name), name.as_bytes()).unwrap();
        }
        let (out, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(elsewhere.path(), out.path().join("a")).unwrap();
        symlink(elsewhere.path().join("b"), out.path().join("b")).unwrap();
        fs::create_dir(out.path().join("c")).unwrap();
        symlink(elsewhere.path(), out.path().join("c/d")).unwrap();
        let written = chart.export_dir(out.path(), go_on).unwrap();
        assert_eq!(written.iter().filter(|(_, path)| *path == Err(Error::FileExists)).count(), 3);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        let written = out.path().join("fine/x");
        assert_eq!(fs::read(&written).unwrap(), b"fine/x");
        let metadata = fs::metadata(&written).unwrap();
        assert_eq!((metadata.nlink(), metadata.permissions().mode() & 0o777), (1, 0o600));
        assert_eq!(fs::metadata(out.path().join("fine")).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
