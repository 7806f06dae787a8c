#![allow(clippy::arithmetic_side_effects)]
use super::super::samples::key;
use super::*;
use crate::record::Identifier;
use crate::store::{MemoryStore, Store};
use proptest::prelude::*;

const SUITE: Suite = Suite::Aes256Gcm;
const VAULT: VaultId = VaultId::from_bytes([9; 16]);

fn chart(number: u64) -> ChartId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    ChartId::from_bytes(bytes)
}

fn patient(name: &str, value: &str, born: Option<&str>) -> Patient {
    Patient {
        names: vec![name.into()],
        identifiers: vec![Identifier { system: "urn:mrn".into(), value: value.into() }],
        birth_date: born.map(str::to_owned),
    }
}

fn write(store: &MemoryStore, changes: &[Change]) -> Appended {
    let mut tx = store.write().unwrap();
    let appended = append(&mut *tx, SUITE, &key(1), &VAULT, changes).unwrap();
    tx.commit().unwrap();
    appended
}

fn read_all(store: &MemoryStore) -> LoadedDirectory {
    load(&*store.read().unwrap(), SUITE, &key(1), &VAULT).unwrap()
}

fn follow(store: &MemoryStore, directory: &mut Directory) -> Vec<RangeInclusive<u64>> {
    refresh(&*store.read().unwrap(), SUITE, &key(1), &VAULT, directory).unwrap()
}

fn keys(store: &MemoryStore) -> Vec<Vec<u8>> {
    let rows = store.read().unwrap().scan(Table::Directory, &[], None, usize::MAX).unwrap();
    rows.into_iter().map(|(key, _)| key).collect()
}

fn found(directory: &Directory, query: &PatientQuery) -> Vec<ChartId> {
    directory.find(query).into_iter().map(|(chart, _)| chart).collect()
}

fn clinic() -> Directory {
    let store = MemoryStore::new();
    write(
        &store,
        &[
            (chart(1), Some(patient("Jörg Müller", "1001", Some("1970-05-03")))),
            (chart(2), Some(patient("Anna Mulder", "1002", Some("1970-05")))),
            (chart(3), Some(patient("李 伟", "1003", None))),
            (chart(4), Some(Patient::default())),
            (chart(5), Some(patient("Jo Anna Muller", "1001", Some("1981-12-24")))),
        ],
    );
    read_all(&store).directory
}

#[test]
fn names_are_found_by_the_beginnings_of_their_words() {
    let clinic = clinic();
    for (text, charts) in [
        ("muller", &[5, 1][..]),
        ("MÜLLER jörg", &[1]),
        ("mul", &[2, 5, 1]),
        ("mul jo", &[5, 1]),
        ("jo anna", &[5]),
        ("伟", &[3]),
        ("uller", &[]),
        ("muller x", &[]),
        ("", &[]),
        (" - ", &[]),
    ] {
        let charts: Vec<_> = charts.iter().copied().map(chart).collect();
        assert_eq!(found(&clinic, &PatientQuery::name(text)), charts, "{text}");
    }
}

#[test]
fn identifiers_are_found_whole_with_their_system_or_without() {
    let clinic = clinic();
    assert_eq!(found(&clinic, &PatientQuery::identifier("urn:mrn", "1002")), [chart(2)]);
    assert_eq!(found(&clinic, &PatientQuery::identifier("urn:other", "1002")), []);
    assert_eq!(found(&clinic, &PatientQuery::identifier("urn:mrn", "100")), []);
    assert_eq!(found(&clinic, &PatientQuery::any_identifier("1001")), [chart(5), chart(1)]);
    let both = PatientQuery::any_identifier("1001").birth_date("1981-12-24");
    assert_eq!(found(&clinic, &both), [chart(5)]);
}

#[test]
fn birth_dates_meet_as_far_as_both_are_known() {
    let clinic = clinic();
    for (date, charts) in [
        ("1970-05-03", &[2, 1][..]),
        ("1970-05-04", &[2]),
        ("1970-05", &[2, 1]),
        ("1970", &[2, 1]),
        ("1970-0", &[]),
        ("19", &[]),
        ("", &[]),
        ("1981", &[5]),
    ] {
        let charts: Vec<_> = charts.iter().copied().map(chart).collect();
        assert_eq!(found(&clinic, &PatientQuery::all().birth_date(date)), charts, "{date}");
    }
    assert_eq!(clinic.find(&PatientQuery::all()).len(), 5);
    let both = PatientQuery::name("mul").birth_date("1970-05-04");
    assert_eq!(found(&clinic, &both), [chart(2)]);
}

#[test]
fn a_later_change_replaces_and_none_removes() {
    let store = MemoryStore::new();
    write(&store, &[(chart(1), Some(patient("Ann Old", "1", None)))]);
    write(&store, &[(chart(1), Some(patient("Ann New", "2", None))), (chart(2), None)]);
    let directory = read_all(&store).directory;
    assert_eq!(found(&directory, &PatientQuery::name("ann")), [chart(1)]);
    assert_eq!(found(&directory, &PatientQuery::name("old")), []);
    assert_eq!(found(&directory, &PatientQuery::any_identifier("1")), []);
    assert_eq!(directory.get(&chart(1)).unwrap().names, ["Ann New"]);
    write(&store, &[(chart(1), None)]);
    let directory = read_all(&store).directory;
    assert_eq!((directory.len(), directory.get(&chart(1))), (0, None));
}

#[test]
fn rows_open_for_their_vault_key_and_place_only() {
    let store = MemoryStore::new();
    write(&store, &[(chart(1), Some(patient("Ann", "1", None)))]);
    write(&store, &[(chart(2), Some(patient("Ben", "2", None)))]);
    let snapshot = store.read().unwrap();
    let other_vault = VaultId::from_bytes([8; 16]);
    assert_eq!(load(&*snapshot, SUITE, &key(2), &VAULT).unwrap().damaged, [1..=2]);
    assert_eq!(load(&*snapshot, SUITE, &key(1), &other_vault).unwrap().damaged, [1..=2]);
    drop(snapshot);
    let keys = keys(&store);
    let mut tx = store.write().unwrap();
    let second = tx.get(Table::Directory, &[], &keys[1]).unwrap().unwrap();
    tx.put(Table::Directory, &[], &keys[0], &second).unwrap();
    tx.commit().unwrap();
    let loaded = read_all(&store);
    assert_eq!(loaded.damaged, [1..=1]);
    assert_eq!(found(&loaded.directory, &PatientQuery::all()), [chart(2)]);
    let mut tx = store.write().unwrap();
    tx.delete(Table::Directory, &[], &keys[0]).unwrap();
    tx.commit().unwrap();
    assert_eq!(read_all(&store).damaged, [1..=1]);
}

#[test]
fn a_part_put_back_after_it_was_merged_brings_nothing_back() {
    let store = MemoryStore::new();
    for number in 1..=15 {
        write(&store, &[(chart(1), Some(patient(&format!("Name{number}"), "1", None)))]);
    }
    let old = keys(&store)[2].clone();
    let value = store.read().unwrap().get(Table::Directory, &[], &old).unwrap().unwrap();
    write(&store, &[(chart(1), Some(patient("Name16", "1", None)))]);
    assert_eq!(keys(&store).len(), 1);
    let mut tx = store.write().unwrap();
    tx.put(Table::Directory, &[], &old, &value).unwrap();
    tx.commit().unwrap();
    let loaded = read_all(&store);
    assert_eq!(loaded.damaged, [3..=3]);
    assert_eq!(loaded.directory.get(&chart(1)).unwrap().names, ["Name16"]);
}

#[test]
fn a_turned_key_opens_all_and_the_old_one_nothing() {
    let store = MemoryStore::new();
    for number in 1..=20 {
        write(&store, &[(chart(number), Some(patient("Ann", "1", None)))]);
    }
    let before = keys(&store);
    let mut tx = store.write().unwrap();
    reseal_all(&mut *tx, SUITE, &VAULT, &key(1), &key(2)).unwrap();
    tx.commit().unwrap();
    assert_eq!(keys(&store), before);
    let snapshot = store.read().unwrap();
    let loaded = load(&*snapshot, SUITE, &key(2), &VAULT).unwrap();
    assert_eq!((loaded.directory.len(), loaded.damaged), (20, vec![]));
    let old = load(&*snapshot, SUITE, &key(1), &VAULT).unwrap();
    assert_eq!((old.directory.len(), old.damaged), (0, vec![1..=20]));
}

#[test]
fn compaction_keeps_what_is_current_and_is_seen_by_others() {
    let store = MemoryStore::new();
    for number in 1..=20 {
        write(&store, &[(chart(number), Some(patient("Ann", "1", None)))]);
        write(&store, &[(chart(number / 2), None)]);
    }
    let mut other = read_all(&store).directory;
    let before = found(&other, &PatientQuery::all());
    let mut tx = store.write().unwrap();
    let end = compact(&mut *tx, SUITE, &key(1), &VAULT).unwrap();
    tx.commit().unwrap();
    assert_eq!(keys(&store), [[1_u64.to_be_bytes(), 41_u64.to_be_bytes()].concat()]);
    assert_eq!(end, Some(key_of(1, 41)));
    assert_eq!((follow(&store, &mut other), found(&other, &PatientQuery::all())), (vec![], before));
}

#[test]
fn many_changes_at_once_are_cut_into_lots() {
    let store = MemoryStore::new();
    let changes: Vec<Change> =
        (1..=9000).map(|number| (chart(number), Some(patient("Ann", &number.to_string(), None)))).collect();
    assert_eq!(write(&store, &changes), Appended { first: 1, last: 3, begin: 3 });
    assert_eq!(keys(&store).len(), 3);
    assert_eq!(read_all(&store).directory.len(), 9000);
    let big = Patient { names: vec!["x".repeat(MOST_WEIGHT / 2); 2], ..Patient::default() };
    assert_eq!(lots(&[(chart(1), Some(big.clone())), (chart(2), Some(big)), (chart(3), None)]).len(), 3);
}

#[test]
fn changes_that_do_not_follow_are_not_applied() {
    let store = MemoryStore::new();
    let changes = [(chart(1), Some(patient("Ann", "1", None)))];
    write(&store, &changes);
    let second = write(&store, &changes);
    assert_eq!(Directory::default().apply(&second, &changes), Err(IndexError::OutOfOrder));
}

#[test]
fn debug_shows_counts_only() {
    assert_eq!(format!("{:?}", clinic()), "Directory { patients: 5, .. }");
    let query = PatientQuery::name("Müller").birth_date("1970");
    assert_eq!(format!("{query:?}"), "PatientQuery { .. }");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    /// Against a map, with merges in between and an own copy that follows.
    #[test]
    fn changes_in_any_order_leave_what_a_map_would(
        all in prop::collection::vec((prop::collection::vec((0_u64..12, prop::option::of(0_u8..3)), 0..4), any::<bool>()), 1..80)
    ) {
        let store = MemoryStore::new();
        let mut model = BTreeMap::new();
        let (mut writer, mut own) = (Directory::default(), Directory::default());
        for (lot, look) in all {
            let changes: Vec<Change> = lot
                .iter()
                .map(|(number, name)| (chart(*number), name.map(|n| patient(&format!("name{n}"), "1", None))))
                .collect();
            let appended = write(&store, &changes);
            writer.apply(&appended, &changes).unwrap();
            model.extend(changes);
            if look {
                prop_assert_eq!(follow(&store, &mut own), []);
                prop_assert!(model.iter().all(|(chart, expected)| own.get(chart) == expected.as_ref()));
            }
        }
        prop_assert_eq!(follow(&store, &mut own), []);
        let loaded = read_all(&store);
        prop_assert_eq!(loaded.damaged, []);
        prop_assert_eq!((loaded.directory.last, writer.last), (own.last, own.last));
        for (chart, expected) in &model {
            prop_assert_eq!(loaded.directory.get(chart), expected.as_ref());
            prop_assert_eq!(own.get(chart), expected.as_ref());
            prop_assert_eq!(writer.get(chart), expected.as_ref());
        }
        for n in 0..3 {
            let query = PatientQuery::name(&format!("name{n}"));
            prop_assert_eq!(found(&loaded.directory, &query), found(&own, &query));
            let of_name = |patient: &&Option<Patient>| {
                patient.as_ref().is_some_and(|patient| patient.names == [format!("name{n}")])
            };
            prop_assert_eq!(found(&own, &query).len(), model.values().filter(of_name).count());
        }
    }
}
