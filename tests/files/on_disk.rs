//! Files in a folder, and files that are exported.

use super::*;
use ampoule::SqliteStore;
use std::fs;
use std::path::Path;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn files_are_beside_the_store_and_are_exported_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clinic.db");
    let vault = create(Vault::options(), SqliteStore::open(&path).unwrap());
    let chart = vault.create_chart().unwrap();
    let content = content(3_000_000);
    let id = chart.put_file(&info().named("../../x"), &content[..]).unwrap();
    drop(vault);
    assert!(folder.path().join("clinic.db-blobs").is_dir());
    let vault = Vault::open(SqliteStore::open(&path).unwrap(), &unlock()).unwrap();
    let mut reader = vault.chart(&chart.id()).unwrap().file(&id).unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("slice.dcm"), b"old").unwrap();
    reader.export_to(out.join("slice.dcm")).unwrap();
    assert!(fs::read(out.join("slice.dcm")).unwrap() == content);
    let cancelled = reader.export_to_with(out.join("other"), |_| ControlFlow::Break(()));
    assert_eq!(cancelled, Err(Error::Cancelled));
    assert_eq!(reader.export_to(out.join("absent/slice.dcm")), Err(Error::CannotWrite));
    assert_eq!(reader.export_to("/"), Err(Error::CannotWrite));
    // The end is wrong: nothing of what was verified before is left.
    let blobs = folder.path().join("clinic.db-blobs");
    let shard = blobs.join(&names(&blobs)[0]);
    let chunks = shard.join(names(&shard).into_iter().find(|name| name.ends_with(".chunks")).unwrap());
    let mut bytes = fs::read(&chunks).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&chunks, bytes).unwrap();
    let mut reader = vault.chart(&chart.id()).unwrap().file(&id).unwrap();
    assert!(matches!(reader.export_to(out.join("slice.dcm")), Err(Error::Unopenable { .. })));
    assert!(fs::read(out.join("slice.dcm")).unwrap() == content);
    assert_eq!(names(&out), ["slice.dcm"]);
}
