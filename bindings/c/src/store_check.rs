//! What a store promises, held against one of the caller's.

use crate::buffer::ampoule_buffer;
use crate::memory::Out;
use crate::status::ampoule_status;
use crate::store::ampoule_store;
use crate::{boundary, handles};
use ampoule::StoreError;
use ampoule::store::{Row, Snapshot, Store, Table};
use std::collections::HashMap;

/// Tries whether a store keeps the promises that `ampoule_store_callbacks` has, for the tests of whoever writes one: on an empty
/// store, in which it leaves some rows. It takes as long as the store waits for another writer, and holds up to 40 MiB.
///
/// Gives the promises that were broken, one a line; no bytes where none was. That a store survives a crash, and that it keeps
/// other processes apart, is for its author to show. A store with a vault is `AMPOULE_STATUS_VAULT_EXISTS`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_store_check(
    store: *const ampoule_store,
    broken: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(broken)?;
        let store = handles::get(store)?;
        if store.0.read()?.last(Table::Vault, b"")?.is_some() {
            return Err(ampoule_status::VaultExists);
        }
        out.write(ampoule_buffer::of(broken_by(&*store.0).join("\n"))?);
        Ok(())
    })
}

type Promise = fn(&dyn Store) -> Result<bool, StoreError>;

const PROMISES: [(&str, Promise); 11] = [
    ("a row comes back as it was put", rows_come_back),
    ("tables are apart", tables_are_apart),
    ("a scan goes by bytes and by pages", scans_in_order),
    ("places of logs are in order", places_in_order),
    ("a view does not see later writes", views_stay),
    ("a change sees itself and is undone where it was not committed", changes_see_themselves),
    ("one writes at a time, and another is told that the store is busy", one_writes),
    ("a generation names one state", generations_name_states),
    ("a generation settles while nobody writes", generations_settle),
    ("no view is newer than a change that is open", views_are_no_newer),
    ("writers take turns, and readers see whole changes", threads_take_turns),
];

fn broken_by(store: &dyn Store) -> Vec<&'static str> {
    PROMISES.iter().filter(|(_, keeps)| keeps(store) != Ok(true)).map(|(promise, _)| *promise).collect()
}

/// Where this writes; a part for each promise.
const TABLE: Table = Table::Entries;

fn put(store: &dyn Store, table: Table, part: &[u8], rows: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
    let mut change = store.write()?;
    for (key, value) in rows {
        change.put(table, part, key, value)?;
    }
    change.commit().map(drop)
}

fn row(key: &[u8], value: &[u8]) -> Row {
    (key.to_vec(), value.to_vec())
}

fn rows_come_back(store: &dyn Store) -> Result<bool, StoreError> {
    let large = vec![0xa5; 17 << 20];
    let rows: [(&[u8], &[u8], &[u8]); 6] = [
        (b"", b"", b""),
        (b"", b"key", b"value"),
        (b"rows", b"", b"\0"),
        (b"rows", b"\0", &large),
        (b"rows\0", b"", b"of another part"),
        (&[0xff; 32], &[0xff; 300], b"no text"),
    ];
    for (part, key, value) in rows {
        put(store, TABLE, part, &[(key, value)])?;
    }
    put(store, TABLE, b"rows", &[(b"", b"put over it")])?;
    let view = store.read()?;
    for (part, key, value) in rows {
        let value = if (part, key) == (b"rows", b"") { b"put over it" } else { value };
        if view.get(TABLE, part, key)?.as_deref() != Some(value) {
            return Ok(false);
        }
    }
    Ok(view.get(TABLE, b"rows", b"absent")?.is_none() && view.get(TABLE, b"absent", b"")?.is_none())
}

fn tables_are_apart(store: &dyn Store) -> Result<bool, StoreError> {
    // A key that each table takes.
    const KEY: &[u8] = &7_u64.to_be_bytes();
    let value = |table: Table| vec![table as u8];
    for table in Table::ALL {
        put(store, table, b"apart", &[(KEY, &value(table))])?;
    }
    let view = store.read()?;
    for table in Table::ALL {
        let only = row(KEY, &value(table));
        if view.get(table, b"apart", KEY)? != Some(value(table))
            || view.scan(table, b"apart", None, 9)? != [only.clone()]
            || view.last(table, b"apart")? != Some(only)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn scans_in_order(store: &dyn Store) -> Result<bool, StoreError> {
    let keys: [&[u8]; 8] = [b"b", b"", b"\xff", b"a\0", b"a", b"\x7f\xff", b"\x80", b"aa"];
    put(store, TABLE, b"scan", &keys.map(|key| (key, key)))?;
    put(store, TABLE, b"scam", &[(b"zz", b"of another part")])?;
    let mut sorted = keys.map(|key| row(key, key)).to_vec();
    sorted.sort();
    let view = store.read()?;
    let mut paged: Vec<Row> = Vec::new();
    loop {
        let after = paged.last().map(|(key, _)| key.clone());
        let page = view.scan(TABLE, b"scan", after.as_deref(), 3)?;
        if page.is_empty() || paged.len() > sorted.len() {
            break;
        }
        paged.extend(page);
    }
    Ok(view.scan(TABLE, b"scan", None, usize::MAX)? == sorted
        && paged == sorted
        && view.last(TABLE, b"scan")?.as_ref() == sorted.last()
        && view.last(TABLE, b"scat")?.is_none()
        && view.scan(TABLE, b"scan", None, 0)?.is_empty()
        // From a key that is not there, and from one that is empty.
        && view.scan(TABLE, b"scan", Some(b"a\x01"), 1)? == [row(b"aa", b"aa")]
        && view.scan(TABLE, b"scan", Some(b""), 1)? == [row(b"a", b"a")])
}

fn places_in_order(store: &dyn Store) -> Result<bool, StoreError> {
    const MOST: u64 = (1 << 32) - 1;
    let rows = [0, 1, 255, 256, 1 << 24, MOST].map(|place: u64| row(&place.to_be_bytes(), b"leaf"));
    for (key, value) in rows.iter().rev() {
        put(store, Table::Log, b"log", &[(key, value)])?;
    }
    let view = store.read()?;
    Ok(view.scan(Table::Log, b"log", None, 9)? == rows && view.last(Table::Log, b"log")?.as_ref() == rows.last())
}

fn views_stay(store: &dyn Store) -> Result<bool, StoreError> {
    put(store, TABLE, b"views", &[(b"1", b"old"), (b"2", b"removed later")])?;
    let old = [row(b"1", b"old"), row(b"2", b"removed later")];
    let stays = |view: &dyn Snapshot| {
        Ok(view.scan(TABLE, b"views", None, 9)? == old && view.get(TABLE, b"views", b"3")?.is_none())
    };
    let before = store.read()?;
    let mut change = store.write()?;
    change.put(TABLE, b"views", b"1", b"new")?;
    let removed = change.delete(TABLE, b"views", b"2")?;
    change.put(TABLE, b"views", b"3", b"added")?;
    let during = store.read()?;
    change.commit()?;
    put(store, TABLE, b"views", &[(b"1", b"newest")])?;
    let after = store.read()?;
    let new = [row(b"1", b"newest"), row(b"3", b"added")];
    Ok(removed && stays(&*before)? && stays(&*during)? && after.scan(TABLE, b"views", None, 9)? == new)
}

fn changes_see_themselves(store: &dyn Store) -> Result<bool, StoreError> {
    put(store, TABLE, b"change", &[(b"1", b"one")])?;
    let mut change = store.write()?;
    change.put(TABLE, b"change", b"1", b"changed")?;
    change.put(TABLE, b"change", b"2", b"two")?;
    let both = change.scan(TABLE, b"change", None, 9)? == [row(b"1", b"changed"), row(b"2", b"two")];
    let once = change.delete(TABLE, b"change", b"1")? && !change.delete(TABLE, b"change", b"1")?;
    let gone =
        change.get(TABLE, b"change", b"1")?.is_none() && change.last(TABLE, b"change")? == Some(row(b"2", b"two"));
    drop(change);
    Ok(both && once && gone && store.read()?.scan(TABLE, b"change", None, 9)? == [row(b"1", b"one")])
}

fn one_writes(store: &dyn Store) -> Result<bool, StoreError> {
    let first = store.write()?;
    let told = store.write().err() == Some(StoreError::Busy);
    drop(first);
    Ok(told && store.write().is_ok())
}

/// What a cache does: it keeps what it read beside the generation, and reads again when the generation differs.
fn generations_name_states(store: &dyn Store) -> Result<bool, StoreError> {
    let mut known: HashMap<u64, Option<Vec<u8>>> = HashMap::new();
    let mut one_state = true;
    let mut note = |generation: u64, value: Option<Vec<u8>>| {
        let seen = known.entry(generation).or_insert_with(|| value.clone());
        one_state &= *seen == value;
    };
    let mut held = Vec::new();
    for round in 0..50_u8 {
        let mut change = store.write()?;
        note(change.generation()?, change.get(TABLE, b"state", b"key")?);
        change.put(TABLE, b"state", b"key", &[round])?;
        if let Some(made) = change.commit()? {
            note(made, Some(vec![round]));
        }
        for _ in 0..=round % 3 {
            held.push(store.read()?);
        }
        for view in &held {
            note(view.generation()?, view.get(TABLE, b"state", b"key")?);
        }
        if round % 5 == 4 {
            held.clear();
        }
    }
    Ok(one_state)
}

fn generations_settle(store: &dyn Store) -> Result<bool, StoreError> {
    let together = || (0..3).map(|_| store.read()).collect::<Result<Vec<_>, _>>();
    let numbers = || together()?.iter().map(|view| view.generation()).collect::<Result<Vec<_>, _>>();
    numbers()?;
    let (one, other) = (numbers()?, numbers()?);
    Ok(one == other && one.is_sorted_by(|one, next| one == next))
}

/// A cache that holds the newest generation would take what the change reads for outdated, or the other way about.
fn views_are_no_newer(store: &dyn Store) -> Result<bool, StoreError> {
    put(store, TABLE, b"newer", &[(b"1", b"old")])?;
    let mut kept = true;
    for round in [b"one", b"two"] {
        let before = store.read()?;
        let mut change = store.write()?;
        change.put(TABLE, b"newer", b"1", round)?;
        let during = store.read()?;
        let most = change.generation()?;
        kept &= before.generation()? <= most && during.generation()? <= most;
        // Asked for again, it is no newer for the change that still is open.
        kept &= store.read()?.generation()? <= most && change.generation()? == most;
        kept &= during.get(TABLE, b"newer", b"1")?.as_deref() != Some(round);
        change.commit()?;
        let after = store.read()?;
        kept &= after.get(TABLE, b"newer", b"1")?.as_deref() == Some(round) && after.generation()? > most;
    }
    Ok(kept)
}

const THREADS: u64 = 4;
const ROUNDS: u64 = 25;

fn threads_take_turns(store: &dyn Store) -> Result<bool, StoreError> {
    let count = |view: &dyn Snapshot, key: &[u8]| {
        let bytes = view.get(TABLE, b"turns", key)?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes))
    };
    let one_round = || {
        // The others may hold the turn for longer than this one is willing to wait.
        let turn = (0..1000).map(|_| store.write()).find(|turn| turn.as_ref().err() != Some(&StoreError::Busy));
        let mut change = turn.ok_or(StoreError::Busy)??;
        for key in [b"one", b"two"] {
            let next: u64 = count(&*change, key)?.saturating_add(1);
            change.put(TABLE, b"turns", key, &next.to_be_bytes())?;
        }
        change.commit().map(drop)
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| (0..ROUNDS).try_for_each(|_| one_round()))).collect();
        let mut whole = true;
        let mut before = 0;
        while whole && !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let view = store.read()?;
            let (one, two) = (count(&*view, b"one")?, count(&*view, b"two")?);
            whole = one == two && one >= before;
            before = one;
        }
        let done = writers.into_iter().all(|writer| matches!(writer.join(), Ok(Ok(()))));
        Ok(whole && done && count(&*store.read()?, b"one")? == THREADS.saturating_mul(ROUNDS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ampoule::store::Transaction;
    use std::time::Duration;

    fn memory() -> ampoule::MemoryStore {
        ampoule::MemoryStore::new().busy_timeout(Duration::from_millis(200))
    }

    #[test]
    fn a_store_that_keeps_its_promises_is_told_nothing() {
        assert_eq!(broken_by(&memory()), [""; 0]);
    }

    /// Breaks the promises about whatever it is asked for last.
    struct Forgets(ampoule::MemoryStore);

    impl Store for Forgets {
        fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
            self.0.read()
        }

        fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
            // Commits nothing: what is returned is dropped.
            drop(self.0.write()?);
            Err(StoreError::ReadOnly)
        }
    }

    #[test]
    fn a_store_that_keeps_none_is_told_all_of_them() {
        let told = broken_by(&Forgets(memory()));
        // That of generations needs no write.
        assert_eq!(told.len(), PROMISES.len() - 1, "{told:?}");
    }

    /// Its views have a number of their own for each state, greater than that of a change.
    struct Ahead(ampoule::MemoryStore);
    struct Odd<'a>(Box<dyn Snapshot + 'a>);
    struct Even<'a>(Box<dyn Transaction + 'a>);

    impl Store for Ahead {
        fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
            Ok(Box::new(Odd(self.0.read()?)))
        }

        fn write(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
            Ok(Box::new(Even(self.0.write()?)))
        }
    }

    macro_rules! view {
        ($of:ident, $number:expr) => {
            impl Snapshot for $of<'_> {
                fn generation(&self) -> Result<u64, StoreError> {
                    self.0.generation().map($number)
                }

                fn get(&self, table: Table, part: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                    self.0.get(table, part, key)
                }

                fn scan(
                    &self,
                    table: Table,
                    part: &[u8],
                    after: Option<&[u8]>,
                    limit: usize,
                ) -> Result<Vec<Row>, StoreError> {
                    self.0.scan(table, part, after, limit)
                }

                fn last(&self, table: Table, part: &[u8]) -> Result<Option<Row>, StoreError> {
                    self.0.last(table, part)
                }
            }
        };
    }

    view!(Odd, |generation| generation.saturating_mul(2).saturating_add(1));
    view!(Even, |generation| generation.saturating_mul(2));

    impl Transaction for Even<'_> {
        fn put(&mut self, table: Table, part: &[u8], key: &[u8], value: &[u8]) -> Result<(), StoreError> {
            self.0.put(table, part, key, value)
        }

        fn delete(&mut self, table: Table, part: &[u8], key: &[u8]) -> Result<bool, StoreError> {
            self.0.delete(table, part, key)
        }

        fn commit(self: Box<Self>) -> Result<Option<u64>, StoreError> {
            Ok(self.0.commit()?.map(|generation| generation.saturating_mul(2)))
        }
    }

    #[test]
    fn views_that_are_newer_than_an_open_change_are_told() {
        assert_eq!(broken_by(&Ahead(memory())), ["no view is newer than a change that is open"]);
    }
}
