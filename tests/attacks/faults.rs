//! Copies, crashes, clocks that are off, and a chart of another suite.

use crate::common::{HEADER, Store, WRAP, assert_unopenable, member, record, send};
use ampoule::store::{Store as _, Table};
use ampoule::testing::hazmat::with_fixed_randomness;
use ampoule::testing::{EvilStore, Fault, FaultStore, Operation, Rows};
use ampoule::{
    Chart, Clock, Contact, Error, Finding, Freshness, Grant, MemoryKeeper, MemoryStore, Query, RandomError, Record,
    Recovery, Suite, Unlock, Vault,
};
use std::sync::Arc;

const KEY: [u8; 32] = [1; 32];
/// Lengths of a payload's salt, and of the commitment to its key, which come after the header.
const SALT: usize = 24;
const COMMITMENT: usize = 32;

fn unlock() -> Unlock {
    Unlock::device_key(&KEY)
}

fn copy(rows: &Rows) -> Store {
    let store = MemoryStore::new();
    let mut change = store.write().unwrap();
    for ((table, part, key), value) in rows {
        change.put(*table, part, key, value).unwrap();
    }
    change.commit().unwrap();
    EvilStore::new(store)
}

/// Salt, commitment and ciphertext of an entry's row.
fn payload(row: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (salt, rest) = row[WRAP + HEADER..].split_at(SALT);
    let (commitment, chunks) = rest.split_at(COMMITMENT);
    (salt, commitment, chunks)
}

fn entry(store: &Store, chart: &Chart, seq: u64) -> Vec<u8> {
    store.rows().unwrap()[&(Table::Entries, chart.id().as_bytes().to_vec(), seq.to_be_bytes().to_vec())].clone()
}

/// A virtual machine that was copied while it ran: both copies draw the same randomness from then on.
#[test]
fn b17_no_key_is_used_twice_after_a_clone() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    chart.put(&record("before")).unwrap();
    let rows = clinic.store.rows().unwrap();
    let put = |text: &str| {
        let store = copy(&rows);
        let vault = Vault::options().clock(At(NOW)).open(store.clone(), &unlock()).unwrap();
        let cloned = vault.chart(&chart.id()).unwrap();
        with_fixed_randomness(b"the state of the copy", || cloned.put(&record(text))).unwrap();
        entry(&store, &chart, 2)
    };
    let (one, same, other) = (put("one text"), put("one text"), put("two text"));
    // The copies are alike in everything but the text.
    assert_eq!(one[WRAP..WRAP + HEADER], same[WRAP..WRAP + HEADER]);
    assert_eq!(one[WRAP..WRAP + HEADER], other[WRAP..WRAP + HEADER]);
    assert_eq!(payload(&one).1, payload(&same).1);
    // Another text has another key: nothing of the ciphertexts is the difference of the texts.
    assert_ne!(payload(&one).1, payload(&other).1);
    let alike = payload(&one).2.iter().zip(payload(&other).2).filter(|(a, b)| a == b).count();
    assert!(alike * 16 < payload(&one).2.len(), "{alike} bytes of a ciphertext are those of the other");
}

/// A machine that was put back to what it was, randomness and all, while its store went on.
#[test]
fn b17_no_key_is_used_twice_after_a_crash() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let put = |text: &str| with_fixed_randomness(b"the state of before", || chart.put(&record(text)));
    let first = put("one text").unwrap();
    // Ids and keys would be those of before: that is found, and nothing is stored.
    let repeated = clinic.unchanged(|| put("two text"));
    assert_eq!(repeated.err(), Some(Error::Random(RandomError)));
    let again = clinic.reopen().unwrap().chart(&chart.id()).unwrap();
    assert_eq!(again.get(&first).unwrap().content(), b"one text");
    let second = again.put(&record("two text")).unwrap();
    assert_eq!(chart.get(&second).unwrap().content(), b"two text");
    assert_ne!(payload(&entry(&clinic.store, &chart, 1)).1, payload(&entry(&clinic.store, &chart, 2)).1);
    // A store that hides what was written before a crash is found by its log, so that no place is taken twice.
    let rows = clinic.store.rows().unwrap();
    let hidden = copy(&rows);
    hidden.hide(Table::Entries, chart.id().as_bytes(), &2_u64.to_be_bytes());
    let after = Vault::open(hidden, &unlock()).unwrap();
    assert_eq!(after.chart(&chart.id()).err(), Some(Error::Withheld));
}

fn with_suite(name: &str, key: u8, suite: Suite) -> (Store, Vault) {
    let store = EvilStore::new(MemoryStore::new());
    let none = Recovery::none_data_will_be_lost();
    let options = Vault::options().suite(suite);
    let vault = options.create(store.clone(), name, &Unlock::device_key(&[key; 32]), &none).unwrap().0;
    (store, vault)
}

fn meet(vault: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = vault.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

#[test]
fn f45_a_vault_of_one_suite_is_handed_the_other() {
    let (store, clinic) = with_suite("Riverside Clinic", 1, Suite::Aes256Gcm);
    // The same person, the same key, the other suite.
    let (others, other) = with_suite("Riverside Clinic", 1, Suite::ChaCha20Poly1305);
    let (chart, in_other) = (clinic.create_chart().unwrap(), other.create_chart().unwrap());
    let id = chart.put(&record("blood pressure")).unwrap();
    in_other.put(&record("blood pressure")).unwrap();
    assert_eq!((entry(&store, &chart, 1)[WRAP + 5], entry(&others, &in_other, 1)[WRAP + 5]), (1, 2));
    let again = || Vault::open(store.clone(), &unlock());
    assert_eq!(again().unwrap().chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"blood pressure");

    // An entry, the keys of a chart, the state: of the other vault.
    store.answer(Table::Entries, chart.id().as_bytes(), &1_u64.to_be_bytes(), entry(&others, &in_other, 1));
    assert_unopenable(chart.get(&id));
    store.tell_the_truth();
    let theirs = others.rows().unwrap();
    let row = |table, part: &[u8], key: &[u8]| theirs[&(table, part.to_vec(), key.to_vec())].clone();
    store.answer(Table::Keyring, b"", chart.id().as_bytes(), row(Table::Keyring, b"", in_other.id().as_bytes()));
    assert_unopenable(again().unwrap().chart(&chart.id()).map(drop));
    store.tell_the_truth();
    store.answer(Table::Vault, b"", b"state", row(Table::Vault, b"", b"state"));
    assert!(again().is_err());
    store.tell_the_truth();

    // A chart that somebody shares. Who has both suites in one vault has asked for it.
    let (_, lee) = with_suite("Dr. Lee", 2, Suite::ChaCha20Poly1305);
    let (_, kim) = with_suite("Dr. Kim", 3, Suite::Aes256Gcm);
    meet(&clinic, &lee);
    meet(&clinic, &kim);
    for (from, expected) in [(&kim, Ok(())), (&lee, Err(Error::OtherSuite))] {
        let shared = from.create_chart().unwrap();
        shared.put(&record("letter")).unwrap();
        let to = meet(from, &clinic);
        shared.share(&to, &Grant::read()).unwrap();
        let before = clinic.charts().unwrap().len();
        assert_eq!(send(&shared, &to, &clinic).map(drop), expected);
        assert_eq!(clinic.charts().unwrap().len(), before + usize::from(expected.is_ok()));
    }
}

/// A phone that has no AES in hardware, and a clinic that works with it, each way.
#[test]
fn f45_both_suites_in_one_vault_by_its_own_choice() {
    let suites = [Suite::Aes256Gcm, Suite::ChaCha20Poly1305];
    for [own, other] in [suites, [suites[1], suites[0]]] {
        let (store, strict) = with_suite("Riverside Clinic", 1, own);
        let wider = || Vault::options().also_accept(other).open(store.clone(), &unlock());
        let (clinic, (_, lee), (_, kim)) =
            (wider().unwrap(), with_suite("Dr. Lee", 2, other), with_suite("Dr. Kim", 3, other));
        let (to_clinic, of_lee, of_kim) = (meet(&lee, &clinic), meet(&clinic, &lee), meet(&clinic, &kim));
        meet(&kim, &clinic);
        let mine = clinic.create_chart().unwrap();
        let shown = mine.put(&record("of the clinic")).unwrap();
        let hers = lee.create_chart().unwrap();
        let first = hers.put(&record("of the phone")).unwrap();
        hers.share(&to_clinic, &Grant::custodian()).unwrap();
        assert_eq!(send(&hers, &to_clinic, &strict).err(), Some(Error::OtherSuite));
        assert_eq!(send(&hers, &to_clinic, &clinic).unwrap().added, 1);

        // Reading, writing, searching, administering and sharing on, in the suite of the chart.
        let copy = clinic.chart(&hers.id()).unwrap();
        let second = copy.put(&record("answer of the clinic")).unwrap();
        assert_eq!(entry(&store, &copy, 1)[WRAP + 5], other as u8);
        assert_eq!(entry(&store, &copy, 2)[WRAP + 5], other as u8);
        assert_eq!(entry(&store, &mine, 1)[WRAP + 5], own as u8);
        assert_eq!(copy.find(&Query::all().words("answer")).unwrap().entries().len(), 1);
        assert_eq!(send(&copy, &of_lee, &lee).unwrap().added, 1);
        assert_eq!(hers.get(&second).unwrap().content(), b"answer of the clinic");
        copy.administer_here().unwrap();
        send(&copy, &of_lee, &lee).unwrap();
        send(&hers, &to_clinic, &clinic).unwrap();
        copy.share(&of_kim, &Grant::read()).unwrap();
        assert_eq!(send(&copy, &of_kim, &kim).unwrap().added, 2);
        copy.revoke(&of_kim).unwrap();
        let third = copy.put(&record("after it")).unwrap();
        // The vault's key turns, and with it the keys of both charts.
        let way = clinic.add_way(&Unlock::device_key(&[9; 32])).unwrap();
        clinic.remove_way(way).unwrap();
        let again = wider().unwrap();
        assert_eq!(again.chart(&hers.id()).unwrap().get(&third).unwrap().content(), b"after it");
        assert_eq!(again.verify().unwrap().findings, []);

        // Opened for one suite: what is there of the other is refused, and nothing else.
        let strict = Vault::open(store.clone(), &unlock()).unwrap();
        assert_eq!(strict.chart(&hers.id()).err(), Some(Error::OtherSuite));
        assert_eq!(send(&hers, &to_clinic, &strict).err(), Some(Error::OtherSuite));
        assert_eq!(strict.chart(&mine.id()).unwrap().get(&shown).unwrap().content(), b"of the clinic");
        let refused = Finding::Chart { chart: hers.id(), error: Error::OtherSuite };
        assert_eq!(strict.verify().unwrap().findings, [refused]);
        assert_eq!(strict.run_maintenance().unwrap(), []);
        assert_eq!(wider().unwrap().chart(&hers.id()).unwrap().get(&first).unwrap().content(), b"of the phone");
    }
}

type Failing = EvilStore<Arc<FaultStore<MemoryStore>>>;

/// A vault whose chart is shared with two colleagues; of one of them it is about to be taken back.
struct Rotation {
    faults: Arc<FaultStore<MemoryStore>>,
    store: Failing,
    chart: Chart,
    vault: Vault,
    lee: Contact,
    kim: Contact,
    id: ampoule::EntryId,
    at_lee: Vault,
}

impl Rotation {
    fn new() -> Self {
        let faults = Arc::new(FaultStore::new(MemoryStore::new()));
        let store = EvilStore::new(Arc::clone(&faults));
        let none = Recovery::none_data_will_be_lost();
        let options = Vault::options().clock(At(NOW));
        let vault = options.create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap().0;
        let (at_lee, at_kim) = (member("Dr. Lee", 2), member("Dr. Kim", 3));
        let (lee, kim) = (meet(&vault, &at_lee.vault), meet(&vault, &at_kim.vault));
        meet(&at_lee.vault, &vault);
        let chart = vault.create_chart().unwrap();
        let id = chart.put(&record("before")).unwrap();
        chart.share(&lee, &Grant::read()).unwrap();
        chart.share(&kim, &Grant::read()).unwrap();
        Self { faults, store, chart, vault, lee, kim, id, at_lee: at_lee.vault }
    }

    fn open(&self) -> Result<Vault, Error> {
        Vault::options().clock(At(NOW)).open(self.store.clone(), &unlock())
    }

    /// Everything is readable, by who may, and new entries too. Returns whether the rotation has taken place.
    fn stands(&self) -> bool {
        let vault = self.open().unwrap();
        let chart = vault.chart(&self.chart.id()).unwrap();
        assert_eq!(chart.get(&self.id).unwrap().content(), b"before");
        let names: Vec<String> = chart.shares().unwrap().into_iter().map(|share| share.name).collect();
        assert!(names.contains(&"Dr. Lee".to_owned()) && names.contains(&"Riverside Clinic".to_owned()));
        let later = chart.put(&record("after")).unwrap();
        assert_eq!(chart.get(&later).unwrap().content(), b"after");
        let to = vault.contacts().get(self.lee.id()).unwrap();
        let applied = send(&chart, &to, &self.at_lee).unwrap();
        let copy = self.at_lee.chart(&applied.chart).unwrap();
        assert_eq!(copy.get(&self.id).unwrap().content(), b"before");
        assert_eq!(copy.get(&later).unwrap().content(), b"after");
        assert_eq!(vault.verify().unwrap().findings, []);
        !names.contains(&"Dr. Kim".to_owned())
    }
}

/// The power fails at each thing that a rotation asks of the store.
#[test]
fn h57_a_crash_at_every_step_of_a_rotation() {
    let rotation = Rotation::new();
    let faults = rotation.faults.faults();
    let mut crashes = 0;
    for after in 0.. {
        let vault = rotation.open().unwrap();
        let chart = vault.chart(&rotation.chart.id()).unwrap();
        let kim = vault.contacts().get(rotation.kim.id()).unwrap();
        faults.add(Fault::new(Operation::ALL, after).lasting());
        let result = chart.revoke(&kim).map(drop);
        let happened = faults.all_happened();
        drop((vault, chart));
        faults.clear();
        if !happened {
            assert_eq!(result, Ok(()));
            assert!(rotation.stands());
            break;
        }
        assert!(result.is_err(), "{after}");
        assert!(!rotation.stands(), "{after}: it is neither undone nor done");
        crashes += 1;
    }
    assert!(crashes > 15, "{crashes}");
}

/// The store keeps some rows of a rotation and not the others, as if its commit were torn.
#[test]
fn h57_a_rotation_of_which_a_row_is_missing() {
    let rotation = Rotation::new();
    let before = rotation.store.rows().unwrap();
    rotation.chart.revoke(&rotation.kim).unwrap();
    let after = rotation.store.rows().unwrap();
    let written: Vec<_> = after.iter().filter(|(place, value)| before.get(*place) != Some(value)).collect();
    assert!(written.len() >= 6, "{}", written.len());
    let read = || {
        let chart = rotation.open()?.chart(&rotation.chart.id())?;
        Ok::<_, Error>((chart.get(&rotation.id)?.content().to_vec(), chart.shares()?.len()))
    };
    assert_eq!(read(), Ok((b"before".to_vec(), 2)));
    let mut refused = 0;
    for ((table, part, key), _) in &written {
        rotation.store.replay(&before, *table, part, key);
        match read() {
            Ok(read) => assert_eq!(read, (b"before".to_vec(), 2), "{table:?}"),
            Err(_) => refused += 1,
        }
        rotation.store.tell_the_truth();
    }
    assert!(refused >= 4, "{refused}");
    assert!(rotation.stands());
}

/// Others read and write while the keys turn: nobody reads what is not there, and no entry is lost.
#[test]
fn h57_a_rotation_while_others_write() {
    let rotation = Rotation::new();
    let (chart, other) = (rotation.chart.clone(), rotation.open().unwrap().chart(&rotation.chart.id()).unwrap());
    let written = std::thread::scope(|scope| {
        let writer =
            scope.spawn(move || (0..20).map(|n| other.put(&record(&format!("note {n}"))).unwrap()).collect::<Vec<_>>());
        for _ in 0..3 {
            chart.revoke(&rotation.kim).unwrap();
            chart.share(&rotation.kim, &Grant::read()).unwrap();
        }
        writer.join().unwrap()
    });
    let again = rotation.open().unwrap().chart(&rotation.chart.id()).unwrap();
    for (n, id) in written.iter().enumerate() {
        assert_eq!(again.get(id).unwrap().content(), format!("note {n}").as_bytes());
    }
    rotation.chart.revoke(&rotation.kim).unwrap();
    assert!(rotation.stands());
    assert_eq!(rotation.vault.verify().unwrap().findings, []);
}

const NOW: i64 = 1_750_000_000_000;
const YEAR: i64 = 31_557_600_000;

/// A clock that stands.
struct At(i64);

impl Clock for At {
    fn now_ms(&self) -> i64 {
        self.0
    }
}

/// What time it is decides nothing of what is newest, and a wrong clock is no attack.
#[test]
fn h64_a_clock_that_is_years_off() {
    let store = EvilStore::new(MemoryStore::new());
    let keeper = Arc::new(MemoryKeeper::new());
    let options = |now| Vault::options().clock(At(now)).keeper(Arc::clone(&keeper));
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options(NOW).create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap().id();
    let id = vault.chart(&chart).unwrap().put(&record("version 0")).unwrap();
    drop(vault);
    for (number, now) in [NOW - 30 * YEAR, NOW + 40 * YEAR, 0, i64::MAX, i64::MIN, NOW].into_iter().enumerate() {
        let vault = options(now).open(store.clone(), &unlock()).unwrap();
        assert_eq!(vault.freshness().unwrap(), Freshness::Anchored, "{now}");
        let chart = vault.chart(&chart).unwrap();
        assert_eq!(chart.get(&id).unwrap().content(), format!("version {number}").as_bytes());
        chart.update(&id, &record(&format!("version {}", number + 1))).unwrap();
        let read = chart.get(&id).unwrap();
        assert_eq!((read.time_ms(), read.conflicts().len()), (now, 0));
        assert_eq!(vault.verify().unwrap().findings, [], "{now}");
        vault.lock();
        // What the store held before is still an older state, whatever the clock says.
        vault.unlock(&unlock()).unwrap();
        assert!(vault.audit().is_ok(), "{now}");
    }
}

/// Two machines go on with one copy of a device's key: whoever meets what the other kept is told.
#[test]
fn h64_two_machines_with_one_key() {
    let store = EvilStore::new(MemoryStore::new());
    let keeper = Arc::new(MemoryKeeper::new());
    let options = || Vault::options().keeper(Arc::clone(&keeper));
    let none = Recovery::none_data_will_be_lost();
    let (vault, _) = options().create(store.clone(), "Riverside Clinic", &unlock(), &none).unwrap();
    let chart = vault.create_chart().unwrap().id();
    vault.lock();
    // On one store they are two readers and writers of one device.
    let (one, other) =
        (options().open(store.clone(), &unlock()).unwrap(), options().open(store.clone(), &unlock()).unwrap());
    let put = |vault: &Vault, text: &str| vault.chart(&chart)?.put(&Record::opaque("", text.as_bytes()));
    let ids = [put(&one, "a").unwrap(), put(&other, "b").unwrap(), put(&one, "c").unwrap()];
    for vault in [&one, &other] {
        let chart = vault.chart(&chart).unwrap();
        let texts: Vec<Vec<u8>> = ids.iter().map(|id| chart.get(id).unwrap().content().to_vec()).collect();
        assert_eq!(texts, [b"a", b"b", b"c"]);
        assert_eq!(vault.verify().unwrap().findings, []);
    }
    drop((one, other));
    // On two stores they are two histories: the one that is not the kept one is refused, and is taken on as a new device.
    let copied = copy(&store.rows().unwrap());
    let (one, other) =
        (options().open(store.clone(), &unlock()).unwrap(), Vault::open(copied.clone(), &unlock()).unwrap());
    let kept = put(&one, "on the first").unwrap();
    let lost = put(&other, "on the second").unwrap();
    drop((one, other));
    let second = options().open(copied, &unlock()).unwrap();
    assert_eq!(second.chart(&chart).err(), Some(Error::RestoredCopy));
    let first = options().open(store, &unlock()).unwrap();
    assert_eq!(first.chart(&chart).unwrap().get(&kept).unwrap().content(), b"on the first");
    let device = first.devices().unwrap()[0].id;
    drop(first);
    second.adopt_restored("both went on").unwrap();
    assert_ne!(second.devices().unwrap()[0].id, device);
    assert_eq!(second.chart(&chart).unwrap().get(&lost).unwrap().content(), b"on the second");
    assert_eq!(second.chart(&chart).unwrap().get(&kept).err(), Some(Error::UnknownEntry));
}
