//! A vault on a store that fails: at each thing that is asked of the store in each operation.

use std::sync::Arc;

use ampoule::testing::{Fault, FaultStore, Operation};
use ampoule::{Error, MemoryStore, StoreError, Vault};

use crate::script::{KEY, Member, Model, SCRIPT, Step, holdings, key};

type Failing = Arc<FaultStore<MemoryStore>>;

/// Says after how many of `steps` and `steps + 1` the vault stands, by its open handle and after it was opened again.
/// Fails if it is between the two, or if both do not say the same.
fn stands(member: &Member<Failing>, steps: usize, reopen: bool) -> usize {
    let open = |number| Vault::open(Arc::clone(&member.store), &key(number));
    let reopened = match open(KEY) {
        Err(Error::NoVault) => {
            assert_eq!(steps, 0);
            return 0;
        }
        vault => vault.unwrap(),
    };
    let after = |vault: &Vault| {
        let held = holdings(vault, |number| open(number).is_ok());
        let fits = |steps: &usize| Model::after(*steps).is_some_and(|model| model.holdings() == held);
        [steps, steps + 1].into_iter().find(fits).unwrap_or_else(|| panic!("neither before nor after: {held:?}"))
    };
    let by_handle = member.vault.as_ref().map(after);
    if !reopen && let Some(by_handle) = by_handle {
        return by_handle;
    }
    let found = after(&reopened);
    assert!(by_handle.is_none_or(|by_handle| by_handle == found));
    let report = reopened.verify().unwrap();
    assert_eq!(report.findings, []);
    assert!(Model::after(found).is_some_and(|model| model.versions() == report.versions));
    found
}

/// Fails at one thing after another that a step asks of the store, until the step comes through. Returns how often.
fn fail_through(member: &mut Member<Failing>, number: usize, step: Step, fault: impl Fn(u64) -> Fault) -> u64 {
    let faults = member.store.faults();
    for after in 0.. {
        faults.add(fault(after));
        let result = member.apply(step);
        let happened = faults.all_happened();
        faults.clear();
        if !happened {
            result.unwrap();
            let found = stands(member, number, true);
            assert!(changes_nothing_that_shows(step) || found == number + 1);
            return after;
        }
        if let (Step::Import(1), Err(_)) = (step, &result) {
            // Nothing of the chart is left in memory either: what was put into it would be lost.
            assert_eq!(member.vault.as_ref().unwrap().chart(&member.offered()).unwrap_err(), Error::UnknownChart);
        }
        // What failed is told, and it is as if the step had not been begun.
        assert!(matches!(result, Err(Error::Store(_))), "{step:?}, {after}: {result:?}");
        assert_eq!(stands(member, number, after % 4 == 0), number, "{step:?}, {after}");
    }
    unreachable!("a step ends")
}

/// Before and after are the same for who asks.
fn changes_nothing_that_shows(step: Step) -> bool {
    matches!(step, Step::Maintain)
}

fn each_step(fault: impl Fn(u64) -> Fault) -> u64 {
    let mut member = Member::new(Arc::new(FaultStore::new(MemoryStore::new())));
    let mut failed = 0;
    for (number, step) in SCRIPT.iter().enumerate() {
        member.prepare(*step);
        failed += fail_through(&mut member, number, *step, &fault);
    }
    failed
}

#[test]
fn an_error_of_the_store_undoes_the_operation_and_no_other() {
    let failed = each_step(|after| {
        let error = [StoreError::Io, StoreError::Full, StoreError::Busy][usize::try_from(after % 3).unwrap()];
        Fault::new(Operation::ALL, after).error(error)
    });
    assert!(failed > 350, "{failed}");
}

#[test]
fn a_store_that_goes_down_and_comes_back_loses_nothing() {
    let failed = each_step(|after| Fault::new(Operation::CHANGES, after).lasting());
    assert!(failed > 100, "{failed}");
}

/// The change is durable, and the store could not say so: the same handle shows it all the same, and goes on.
#[test]
fn a_commit_that_is_not_acknowledged_is_seen() {
    let mut member = Member::new(Arc::new(FaultStore::new(MemoryStore::new())));
    let mut uncertain = 0;
    for (number, step) in SCRIPT.iter().enumerate() {
        member.prepare(*step);
        if needs_its_answer(*step) {
            member.apply(*step).unwrap();
            continue;
        }
        let faults = member.store.faults();
        faults.add(Fault::new([Operation::Commit], 0).error(StoreError::Uncertain).takes_effect());
        assert_eq!(member.apply(*step), Err(Error::Store(StoreError::Uncertain)), "{step:?}");
        assert!(faults.all_happened());
        let found = stands(&member, number, true);
        assert!(changes_nothing_that_shows(*step) || found == number + 1, "{step:?}");
        member.carried_out(*step);
        uncertain += 1;
    }
    assert!(uncertain > 15, "{uncertain}");
}

/// The keys turned, and the store neither said so nor can be asked: the vault locks, and opens with the keys that count.
#[test]
fn a_vault_that_cannot_tell_its_keys_locks() {
    let mut member = Member::new(Arc::new(FaultStore::new(MemoryStore::new())));
    SCRIPT[..3].iter().for_each(|step| member.apply(*step).unwrap());
    let fault = Fault::new([Operation::Commit], 0).error(StoreError::Uncertain).takes_effect().lasting();
    member.store.faults().add(fault);
    assert_eq!(member.apply(Step::RemoveKey(1)), Err(Error::Store(StoreError::Uncertain)));
    member.store.faults().clear();
    let vault = member.vault.clone().unwrap();
    assert_eq!(vault.charts().unwrap_err(), Error::Locked);
    assert!(vault.unlock(&key(1)).is_err());
    vault.unlock(&key(KEY)).unwrap();
    assert_eq!(vault.verify().unwrap().findings, []);
}

/// The script goes on with an id that the call would have returned.
fn needs_its_answer(step: Step) -> bool {
    use Step::{AddKey, Batch, Create, Found, Import, Once, Put};
    matches!(step, Create | Found(_) | Put(..) | Once(..) | Batch(_) | Import(1) | AddKey(_))
}
