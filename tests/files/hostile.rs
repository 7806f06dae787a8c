//! Content that was altered, exchanged, taken away or invented.

use super::*;

#[test]
fn c22_what_is_altered_is_never_released() {
    let (blobs, _, chart) = fresh();
    let content = content(40 * CHUNK + 5);
    let id = chart.put_file(&info(), &content[..]).unwrap();
    let blob = ids(&blobs)[0];
    let [chunks, outboard] = stored(&blobs, &blob);
    for at in [0, 30, 60, 20 * CHUNK, chunks.len() - 1] {
        let mut altered = chunks.clone();
        altered[at] ^= 1;
        replace(&blobs, &blob, [&altered, &outboard]);
        let mut given = Vec::new();
        let mut reader = match chart.file(&id) {
            Ok(reader) => reader,
            Err(error) => {
                assert!(matches!(error, Error::Unopenable { .. }));
                continue;
            }
        };
        let copied = reader.copy_to(&mut given, |_| ControlFlow::Continue(()));
        assert!(matches!(copied, Err(Error::Unopenable { .. })));
        assert!(content.starts_with(&given));
        // A stream does not end as if it were whole.
        let mut read = Vec::new();
        assert!(chart.file(&id).unwrap().read_to_end(&mut read).is_err());
        assert!(content.starts_with(&read));
    }
    // Nor where nothing but the end is read.
    let mut altered = chunks.clone();
    *altered.last_mut().unwrap() ^= 1;
    replace(&blobs, &blob, [&altered, &outboard]);
    let mut reader = chart.file(&id).unwrap();
    reader.seek(SeekFrom::End(0)).unwrap();
    assert!(reader.read(&mut [0]).is_err());
    for (chunks, outboard) in [(&chunks[..chunks.len() - 16], &outboard[..]), (&chunks, &outboard[64..])] {
        replace(&blobs, &blob, [chunks, outboard]);
        assert!(matches!(chart.file(&id), Err(Error::Unopenable { .. })));
    }
    replace(&blobs, &blob, [&chunks, &outboard]);
    assert!(all(&mut chart.file(&id).unwrap()).unwrap() == content);
}

/// The content of one file, whole and well sealed, in the place of another's.
#[test]
fn b10_contents_of_two_files_exchanged() {
    let (blobs, _, chart) = fresh();
    let one = chart.put_file(&info(), &content(30_000)[..]).unwrap();
    let first = ids(&blobs)[0];
    let other = chart.put_file(&info(), &content(30_000)[1..]).unwrap();
    let second = ids(&blobs).into_iter().find(|blob| *blob != first).unwrap();
    let (of_first, of_second) = (stored(&blobs, &first), stored(&blobs, &second));
    replace(&blobs, &first, [&of_second[0], &of_second[1]]);
    replace(&blobs, &second, [&of_first[0], &of_first[1]]);
    for id in [one, other] {
        assert!(matches!(chart.file(&id), Err(Error::Unopenable { .. })));
    }
}

/// A store invents the mark of a blob that is not finished, to have the vault remove what the store itself cannot.
#[test]
fn h62_a_store_has_no_content_removed() {
    let (store, blobs) = (Arc::new(MemoryStore::new()), MemoryBlobs::new());
    let vault = create(Vault::options().blobs(blobs.clone()), Arc::clone(&store));
    let chart = vault.create_chart().unwrap();
    let id = chart.put_file(&info(), &b"content"[..]).unwrap();
    let other = chart.create_file(&info()).unwrap();
    let marks = || store.read().unwrap().scan(Table::Vault, b"blobs", None, 9).unwrap();
    let [(_, of_other)] = &marks()[..] else { panic!("one is being written") };
    for invented in [&b""[..], &[7; 1000], of_other] {
        let mut tx = store.write().unwrap();
        tx.put(Table::Vault, b"blobs", ids(&blobs)[0].as_bytes(), invented).unwrap();
        tx.commit().unwrap();
        let vault = Vault::options().blobs(blobs.clone()).open(Arc::clone(&store), &unlock()).unwrap();
        vault.run_maintenance().unwrap();
        assert_eq!(all(&mut vault.chart(&chart.id()).unwrap().file(&id).unwrap()).unwrap(), b"content");
    }
    drop(other);
    assert_eq!(marks().len(), 1, "that of the content, which is not true");
}

/// The store is put back to what it was while a file was written, and its blobs are not: they belong to the newer store, which
/// may be found again.
#[cfg(feature = "testing")]
#[test]
fn h64_content_of_a_newer_store_stays() {
    let (store, blobs, keeper) = (
        ampoule::testing::EvilStore::new(MemoryStore::new()),
        MemoryBlobs::new(),
        Arc::new(ampoule::MemoryKeeper::new()),
    );
    let options = || Vault::options().blobs(blobs.clone()).keeper(Arc::clone(&keeper));
    let vault = create(options(), store.clone());
    let chart = vault.create_chart().unwrap();
    let mut writer = chart.create_file(&info()).unwrap();
    let then = store.rows().unwrap();
    writer.update(b"content").unwrap();
    let (id, _) = writer.finish().unwrap();
    vault.lock();
    let old = MemoryStore::new();
    let mut tx = old.write().unwrap();
    for ((table, part, key), value) in then {
        tx.put(table, &part, &key, &value).unwrap();
    }
    tx.commit().unwrap();
    drop(options().open(old, &unlock()).unwrap());
    vault.unlock(&unlock()).unwrap();
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"content");
}

/// Somebody took the blob for what a crash left, while it was written: it may be gone, and is not described.
#[test]
fn what_lost_its_mark_is_not_described() {
    let store = Arc::new(MemoryStore::new());
    let chart = create(Vault::options(), Arc::clone(&store)).create_chart().unwrap();
    let mut writer = chart.create_file(&info()).unwrap();
    writer.update(b"content").unwrap();
    let (key, _) = store.read().unwrap().last(Table::Vault, b"blobs").unwrap().unwrap();
    let mut tx = store.write().unwrap();
    tx.delete(Table::Vault, b"blobs", &key).unwrap();
    tx.commit().unwrap();
    assert_eq!(writer.finish().err(), Some(Error::ContentNotHere));
    assert_eq!(chart.list().unwrap().entries(), []);
    assert_eq!(ids(&*store.blobs().unwrap()), []);
}

/// A machine that was put back to what it was draws the id of a blob that is there.
#[cfg(feature = "testing")]
#[test]
fn b17_a_blob_drawn_before_stays() {
    use ampoule::testing::hazmat::with_fixed_randomness;
    let (blobs, vault, chart) = fresh();
    let put = |content: &[u8]| with_fixed_randomness(b"copied", || chart.put_file(&info(), content));
    let id = put(b"first").unwrap();
    assert!(matches!(put(b"second"), Err(Error::Random(_))));
    vault.run_maintenance().unwrap();
    assert_eq!(ids(&blobs).len(), 1);
    assert_eq!(all(&mut chart.file(&id).unwrap()).unwrap(), b"first");
}
