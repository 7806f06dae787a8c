//! Who had the right to write, and when: revoked authors, old grants, bundles that were cut or mixed.

use crate::common::{Member, bundle_of, frames, hiv, member, record, send};
use ampoule::store::Table;
use ampoule::testing::hazmat::with_fixed_randomness;
use ampoule::{Acceptance, Chart, Contact, Cursor, Doubt, Error, Finding, Grant, Label, Scope, Standing};

/// A clinic's chart with one entry, and others who write to it.
fn shared(clinic: &Member, writers: &[&Member]) -> (Chart, Vec<Contact>) {
    let chart = clinic.vault.create_chart().unwrap();
    chart.put(&record("from the clinic")).unwrap();
    let contacts: Vec<Contact> = writers.iter().map(|writer| clinic.meet(writer)).collect();
    for (writer, contact) in writers.iter().zip(&contacts) {
        writer.meet(clinic);
        chart.share(contact, &Grant::write()).unwrap();
    }
    for (writer, contact) in writers.iter().zip(&contacts) {
        assert_eq!(send(&chart, contact, &writer.vault).unwrap().added, 1);
    }
    (chart, contacts)
}

fn listed(chart: &Chart) -> usize {
    chart.list().unwrap().entries().len()
}

/// Mallory's software does not listen: it writes on with the keys that it has, and dates what it writes as it likes.
#[test]
fn h58_a_revoked_author_writes_with_an_old_date() {
    let (clinic, lee, kim) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let mallory = member("Mallory", 66);
    let (chart, contacts) = shared(&clinic, &[&lee, &kim, &mallory]);
    let [of_lee, of_kim, of_mallory] = contacts.try_into().unwrap();
    let (to_clinic, to_lee) = (mallory.meet(&clinic), mallory.meet(&lee));
    let hers = mallory.vault.chart(&chart.id()).unwrap();
    let honest = hers.put(&record("while she might")).unwrap();
    assert_eq!(send(&hers, &to_clinic, &clinic.vault).unwrap().added, 1);
    assert_eq!(chart.get(&honest).unwrap().acceptance(), Acceptance::Usual);
    let cursor = send(&chart, &of_lee, &lee.vault).unwrap().next;
    let early = hers.put(&record("on its way when she was revoked")).unwrap();
    assert_eq!(send(&hers, &to_lee, &lee.vault).unwrap().added, 1);

    chart.revoke(&of_mallory).unwrap();
    let changed = chart.list().unwrap().entries()[0].id;
    let late = hers.put(&record("after that")).unwrap();
    hers.update(&changed, &record("in the place of what the clinic wrote")).unwrap();
    hers.delete(&honest).unwrap();

    // Who knows of it keeps all of it apart, by whatever way it comes and however often.
    for _ in 0..2 {
        let applied = send(&hers, &to_clinic, &clinic.vault).unwrap();
        assert_eq!((applied.added, applied.conflicts, applied.rejected), (0, 0, 0));
    }
    assert_eq!(chart.quarantined().unwrap().len(), 4);
    for vault in [&clinic.vault, &clinic.reopen().unwrap()] {
        let chart = vault.chart(&chart.id()).unwrap();
        for entry in [&early, &late] {
            assert_eq!(chart.get(entry).unwrap_err(), Error::Quarantined);
            assert!(
                chart.history(entry).unwrap().iter().all(|version| version.as_ref().err() == Some(&Error::Quarantined))
            );
        }
        assert_eq!(listed(&chart), 2);
        assert_eq!(chart.get(&changed).unwrap().content(), b"from the clinic");
        assert!(chart.get(&changed).unwrap().conflicts().is_empty());
        assert_eq!(chart.get(&honest).unwrap().content(), b"while she might");
        assert!(vault.verify().unwrap().findings.is_empty());
    }
    let listed_apart = chart.quarantined().unwrap();
    for each in &listed_apart {
        assert_eq!((each.author.as_str(), each.contact), ("Mallory", Some(of_mallory.id())));
        assert_eq!((each.acceptance, each.doubt), (Acceptance::Quarantined, Doubt::AccessEnded));
    }

    // Lee has read one of them already: it is not hidden from him, and is marked.
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&early).unwrap().acceptance(), Acceptance::Usual);
    let applied = lee.vault.import(&chart.export(&of_lee, cursor).unwrap()).unwrap();
    assert_eq!((applied.added, applied.disputed, applied.quarantined), (0, 1, 3));
    assert_eq!(copy.get(&early).unwrap().acceptance(), Acceptance::Disputed);
    assert_eq!(copy.get(&honest).unwrap().acceptance(), Acceptance::Usual);
    assert_eq!(copy.get(&late).unwrap_err(), Error::Quarantined);
    let reread = lee.reopen().unwrap().chart(&chart.id()).unwrap();
    assert_eq!(reread.get(&early).unwrap().acceptance(), Acceptance::Disputed);
    assert_eq!(copy.adopt(&listed_apart[0].version, "x").unwrap_err(), Error::NotCustodian);
    assert_eq!(copy.version(&listed_apart[1].version).unwrap_err(), Error::Quarantined);

    // A reader who hears all at once.
    let applied = send(&chart, &of_kim, &kim.vault).unwrap();
    assert_eq!((applied.added, applied.disputed, applied.quarantined), (1, 0, 4));

    // A custodian looks at the one that was on its way, and lets it in for everyone.
    let version = listed_apart.iter().find(|each| each.entry == early).unwrap().version;
    assert_eq!(chart.version(&version).unwrap().content(), b"on its way when she was revoked");
    assert_eq!(chart.adopt(&version, "").unwrap_err(), Error::InvalidReason);
    chart.adopt(&version, "she had called it in").unwrap();
    assert_eq!(chart.adopt(&version, "again").unwrap_err(), Error::NotQuarantined);
    assert_eq!(chart.get(&early).unwrap().acceptance(), Acceptance::Adopted);
    for (member, contact) in [(&lee, &of_lee), (&kim, &of_kim)] {
        let applied = send(&chart, contact, &member.vault).unwrap();
        assert_eq!((applied.added, applied.quarantined, applied.disputed), (0, 0, 0));
        let copy = member.vault.chart(&chart.id()).unwrap();
        assert_eq!(copy.get(&early).unwrap().acceptance(), Acceptance::Adopted);
        assert_eq!(copy.quarantined().unwrap().len(), 3);
    }
}

/// She takes the place of an entry that a reader never saw: the number is hers to claim, what came before is not.
#[test]
fn h58_a_cut_holds_by_what_came_before() {
    let (clinic, kim, mallory) = (member("Riverside Clinic", 1), member("Dr. Kim", 3), member("Mallory", 66));
    let (chart, contacts) = shared(&clinic, &[&kim, &mallory]);
    let [of_kim, of_mallory] = contacts.try_into().unwrap();
    let (to_clinic, to_kim) = (mallory.meet(&clinic), mallory.meet(&kim));
    let copied = mallory.copy();
    let hers = mallory.vault.chart(&chart.id()).unwrap();
    let first = hers.put(&record("first")).unwrap();
    let without_second = hers.export(&to_kim, Cursor::START).unwrap();
    hers.put(&record("second")).unwrap();
    assert_eq!(send(&hers, &to_clinic, &clinic.vault).unwrap().added, 2);
    chart.revoke(&of_mallory).unwrap();
    // The news of it, and nothing of what she wrote.
    let scope = Scope::labels([Label::restricted()]);
    let news = chart.export_scope(&of_kim, Cursor::START, &scope).unwrap();
    assert_eq!(kim.vault.import(&news).unwrap().added, 0);

    // From a copy of her device, something else in the first place.
    let forged = copied.chart(&chart.id()).unwrap();
    let other_first = forged.put(&record("another first")).unwrap();
    let copy = kim.vault.chart(&chart.id()).unwrap();
    assert_eq!(send(&forged, &to_kim, &kim.vault).unwrap().quarantined, 1);
    // The true first without what came after it: nothing shows yet that it was before the cut.
    let applied = kim.vault.import(&without_second).unwrap();
    assert_eq!((applied.quarantined, applied.contradicted), (1, true));
    assert!(copy.quarantined().unwrap().iter().all(|each| each.doubt == Doubt::Unproven));
    assert_eq!(copy.get(&first).unwrap_err(), Error::Quarantined);
    // Now it does, and for the other it never will.
    assert_eq!(send(&hers, &to_kim, &kim.vault).unwrap().added, 1);
    for copy in [copy, kim.reopen().unwrap().chart(&chart.id()).unwrap()] {
        assert_eq!(copy.get(&first).unwrap().acceptance(), Acceptance::Usual);
        assert_eq!(copy.get(&other_first).unwrap_err(), Error::Quarantined);
        assert_eq!((listed(&copy), copy.quarantined().unwrap().len()), (3, 1));
    }
}

/// What was granted once opens what it was granted for, and gives nothing back after a revocation.
#[test]
fn d30_old_grants_replayed() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    let to_clinic = lee.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    let general = chart.put(&record("general")).unwrap();
    chart.put(&hiv("secret of before")).unwrap();
    chart.share(&of_lee, &Grant::write()).unwrap();
    let old = chart.export(&of_lee, Cursor::START).unwrap();
    assert_eq!(lee.vault.import(&old).unwrap().added, 2);
    let copy = lee.vault.chart(&chart.id()).unwrap();
    let rows_then = lee.store.rows().unwrap();
    chart.revoke(&of_lee).unwrap();
    let secret = chart.put(&hiv("secret of after")).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    assert_eq!(copy.get(&general).unwrap_err(), Error::GrantEnded);

    // The bundle with the old grant again; the old rows put back by whoever runs his store.
    assert_eq!(lee.vault.import(&old).unwrap().added, 0);
    assert_eq!(copy.get(&general).unwrap_err(), Error::GrantEnded);
    for (table, part, key) in lee.store.rows().unwrap().keys() {
        if matches!(table, Table::Ledger | Table::Receipts | Table::Grants | Table::Keyring) {
            lee.store.replay(&rows_then, *table, part, key);
        }
    }
    assert_eq!(lee.reopen().unwrap().chart(&chart.id()).err(), Some(Error::Withheld));
    lee.store.tell_the_truth();

    // He is granted less than before: the old grant beside the new one gives no more.
    chart.share(&of_lee, &Grant::write().label(Label::general())).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    assert_eq!(lee.vault.import(&old).unwrap().added, 0);
    assert_eq!(copy.get(&secret).unwrap_err(), Error::UnknownEntry);
    assert_eq!(copy.labels().unwrap(), [Label::general()]);
    assert_eq!(copy.put(&hiv("by the old grant")).unwrap_err(), Error::NotGranted);
    assert_eq!(copy.shares().unwrap().len(), 2);
    let id = copy.put(&record("by the new one")).unwrap();
    assert_eq!(send(&copy, &to_clinic, &clinic.vault).unwrap().added, 1);
    assert!(chart.get(&id).is_ok());
}

const GRANT: u8 = 2;
const LEDGER: u8 = 4;
const ENTRY: u8 = 6;

/// The courier can put any sum under what he made.
#[test]
fn h60_bundles_cut_reordered_applied_twice_or_mixed() {
    let (clinic, lee, kim) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Dr. Kim", 3));
    let (chart, contacts) = shared(&clinic, &[&lee, &kim]);
    let [of_lee, of_kim] = contacts.try_into().unwrap();
    let before = chart.export(&of_lee, Cursor::START).unwrap();
    let ids: Vec<_> = (0..3).map(|n| chart.put(&record(&format!("entry {n}"))).unwrap()).collect();
    let other = clinic.vault.create_chart().unwrap();
    other.put(&record("of another patient")).unwrap();
    other.share(&of_lee, &Grant::read()).unwrap();
    let (honest, of_other) =
        (chart.export(&of_lee, Cursor::START).unwrap(), other.export(&of_lee, Cursor::START).unwrap());
    let parts = frames(&honest);
    let of = |kind: u8| parts.iter().copied().filter(move |frame| frame[0] == kind);
    let without = |which: &[u8]| bundle_of(&parts.iter().copied().filter(|frame| *frame != which).collect::<Vec<_>>());

    // Cut anywhere, or in another order.
    for at in (0..honest.len()).step_by(honest.len() / 64) {
        assert_eq!(lee.unchanged(|| lee.vault.import(&honest[..at])).unwrap_err(), Error::DamagedBundle);
    }
    for swapped in [[0, 1], [1, parts.len() - 1]] {
        let mut frames = parts.clone();
        frames.swap(swapped[0], swapped[1]);
        assert_eq!(lee.unchanged(|| lee.vault.import(&bundle_of(&frames))).unwrap_err(), Error::DamagedBundle);
    }
    let ledger: Vec<&[u8]> = of(LEDGER).collect();
    for missing in [ledger[0], ledger[1]] {
        assert_eq!(lee.unchanged(|| lee.vault.import(&without(missing))).unwrap_err(), Error::DamagedBundle);
    }
    // For somebody else, and from another chart: grants, sharing, entries.
    assert_eq!(kim.unchanged(|| kim.vault.import(&honest)).unwrap_err(), Error::ForeignBundle);
    let others = frames(&of_other);
    for kind in [GRANT, LEDGER] {
        let foreign = others.iter().copied().filter(|frame| frame[0] == kind);
        let rest =
            |less: bool| parts.iter().copied().filter(move |frame| (frame[0] < kind) == less && frame[0] != kind);
        let mixed: Vec<&[u8]> = rest(true).chain(foreign).chain(rest(false)).collect();
        let result = lee.unchanged(|| lee.vault.import(&bundle_of(&mixed)));
        assert!(matches!(result, Err(Error::DamagedBundle | Error::ForeignBundle)), "{kind}: {result:?}");
    }
    // Entries of another chart, entries twice, in another order, or some of them only: the sum is right, the proof is not.
    let entries: Vec<&[u8]> = of(ENTRY).collect();
    let with = |entries: &[&[u8]]| {
        let part =
            |less: bool| parts.iter().copied().filter(move |frame| frame[0] != ENTRY && (frame[0] < ENTRY) == less);
        bundle_of(&part(true).chain(entries.iter().copied()).chain(part(false)).collect::<Vec<_>>())
    };
    assert_eq!(with(&entries), honest);
    let foreign = others.iter().copied().find(|frame| frame[0] == ENTRY).unwrap();
    let mixed = [&entries[..], &[foreign]].concat();
    let twice = [&entries[..], &entries[..]].concat();
    let reordered: Vec<&[u8]> = entries.iter().rev().copied().collect();
    let changed =
        [&mixed[..], &twice, &reordered, &entries[..3], &entries[1..], &[entries[0], entries[2], entries[3]], &[]];
    for entries in changed {
        assert_eq!(lee.unchanged(|| lee.vault.import(&with(entries))).unwrap_err(), Error::IncompleteBundle);
    }

    // An older bundle after a newer one, one twice: nothing changes and nothing is lost.
    let next = lee.vault.import(&honest).unwrap().next;
    for again in [&honest, &before, &honest] {
        let applied = lee.vault.import(again).unwrap();
        assert_eq!((applied.added, applied.rejected, applied.quarantined, applied.conflicts), (0, 0, 0, 0));
        assert_eq!((applied.next, applied.contradicted, applied.withheld), (next.clone(), false, 0));
    }
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert!(ids.iter().all(|id| copy.get(id).is_ok()));
    // The sender's store lost an entry: Kim is told that it is missing, until it comes.
    let seq = 3_u64;
    let (his, open) = (kim.vault.chart(&chart.id()).unwrap(), kim.reopen().unwrap());
    let elsewhere = open.chart(&chart.id()).unwrap();
    assert_eq!((his.findings().unwrap(), elsewhere.findings().unwrap()), (vec![], vec![]));
    clinic.store.hide(Table::Entries, chart.id().as_bytes(), &seq.to_be_bytes());
    let applied = send(&chart, &of_kim, &kim.vault).unwrap();
    assert_eq!((applied.added, applied.gaps, applied.repeated, applied.withheld), (2, 1, 0, 1));
    clinic.store.tell_the_truth();
    let findings = kim.vault.verify().unwrap().findings;
    let told = |finding: &Finding| match finding {
        Finding::Gap { entry, .. } => *entry == ids[2],
        Finding::Withheld { entry, .. } => *entry == ids[1],
        _ => false,
    };
    assert!(findings.len() == 2 && findings.iter().all(told), "{findings:?}");
    // Who opens the chart later sees it too, who has it open as well, and what is there can be read.
    let later = kim.reopen().unwrap().chart(&chart.id()).unwrap();
    for chart in [&his, &elsewhere, &later] {
        assert_eq!(chart.findings().unwrap(), findings);
        assert_eq!(chart.get(&ids[2]).unwrap().content(), b"entry 2");
    }
    let applied = send(&chart, &of_kim, &kim.vault).unwrap();
    assert_eq!((applied.added, applied.gaps, applied.withheld), (1, 0, 0));
    assert_eq!(kim.vault.verify().unwrap().findings, []);
    for chart in [&his, &elsewhere, &later] {
        assert_eq!(chart.findings().unwrap(), []);
    }
    assert_eq!(send(&other, &of_lee, &lee.vault).unwrap().added, 1);
}

/// A copy of a device writes beside it. Each is believed, and whoever meets both is told that there are two.
#[test]
fn d28_a_device_and_its_copy_are_told_apart_when_they_meet() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (chart, of_lee) = shared(&clinic, &[&lee]);
    let to_clinic = lee.meet(&clinic);
    let hers = lee.vault.chart(&chart.id()).unwrap();
    hers.put(&record("first")).unwrap();
    assert_eq!(send(&hers, &to_clinic, &clinic.vault).unwrap().repeated, 0);
    let copy = lee.copy();
    hers.put(&record("second")).unwrap();
    let of_copy = copy.chart(&chart.id()).unwrap();
    let second = of_copy.put(&record("another second")).unwrap();
    let repeated = of_copy.get(&second).unwrap().version();
    of_copy.put(&record("third, after another second")).unwrap();
    let applied = send(&hers, &to_clinic, &clinic.vault).unwrap();
    assert_eq!((applied.added, applied.gaps, applied.repeated), (1, 0, 0));
    let applied = send(&of_copy, &to_clinic, &clinic.vault).unwrap();
    assert_eq!((applied.added, applied.gaps, applied.repeated), (2, 0, 1));
    let findings = clinic.vault.verify().unwrap().findings;
    let (contact, device) = (Some(of_lee[0].id()), lee.vault.devices().unwrap()[0].id);
    let expected = [
        Finding::Repeated { chart: chart.id(), entry: second, version: repeated },
        Finding::Contradicted { chart: chart.id(), contact, device },
    ];
    assert_eq!(findings, expected);
    assert_eq!(clinic.reopen().unwrap().chart(&chart.id()).unwrap().findings().unwrap(), findings);
    assert_eq!(hers.findings().unwrap(), []);
    // All of it is read: which of the two is hers is for her to say.
    assert_eq!(listed(&chart), 5);
}

/// A member who can tell which id a version will have gives it to one of his own, and is quicker.
#[test]
fn a06_a_version_that_takes_the_id_of_anothers() {
    for honest_first in [true, false] {
        let (clinic, lee, mallory) = (member("Riverside Clinic", 1), member("Dr. Lee", 2), member("Mallory", 66));
        let (chart, contacts) = shared(&clinic, &[&lee, &mallory]);
        let (from_lee, from_mallory) = (lee.meet(&clinic), mallory.meet(&clinic));
        let (hers, his) = (lee.vault.chart(&chart.id()).unwrap(), mallory.vault.chart(&chart.id()).unwrap());
        let write = |chart: &Chart, text: &str| {
            let id = with_fixed_randomness(b"what both draw", || chart.put(&record(text))).unwrap();
            (id, chart.get(&id).unwrap().version())
        };
        let (honest, planted) = (write(&hers, "honest"), write(&his, "planted"));
        assert_eq!(honest, planted);
        let mut bundles = [hers.export(&from_lee, Cursor::START), his.export(&from_mallory, Cursor::START)];
        if !honest_first {
            bundles.reverse();
        }
        for (bundle, conflicts) in bundles.into_iter().zip([0, 1]) {
            let applied = clinic.vault.import(&bundle.unwrap()).unwrap();
            assert_eq!((applied.added, applied.rejected, applied.conflicts), (1, 0, conflicts));
        }
        // Both are there, with their authors, and stay so; which of them is right is for people to say.
        let again = clinic.reopen().unwrap().chart(&chart.id()).unwrap();
        for chart in [&chart, &again] {
            assert_eq!(chart.get(&honest.0).unwrap().conflicts().len(), 1);
            let history = chart.history(&honest.0).unwrap().into_iter().map(Result::unwrap);
            let mut all: Vec<_> = history.map(|entry| (entry.author().to_owned(), entry.content().to_vec())).collect();
            all.sort();
            assert_eq!(all, [("Dr. Lee".into(), b"honest".to_vec()), ("Mallory".into(), b"planted".to_vec())]);
        }
        assert_eq!(clinic.vault.verify().unwrap().findings, []);
        assert_eq!(send(&chart, &contacts[0], &lee.vault).unwrap().added, 1);
        assert_eq!(hers.get(&honest.0).unwrap().content(), chart.get(&honest.0).unwrap().content());
        chart.resolve(&honest.0, &record("both were read")).unwrap();
        let read = chart.get(&honest.0).unwrap();
        assert_eq!((read.content(), read.conflicts().len()), (&b"both were read"[..], 0));
    }
}

/// A guardian and the clinic change one chart at once. The loser's step is made again where that is safe; what was refused
/// is not taken when it is sent again.
#[test]
fn h59_two_custodians_at_once_and_the_losers_step_replayed() {
    let (clinic, guardian) = (member("Riverside Clinic", 1), member("Guardian", 2));
    let (lee, kim) = (member("Dr. Lee", 3), member("Dr. Kim", 4));
    let (of_guardian, to_clinic) = (clinic.meet(&guardian), guardian.meet(&clinic));
    let (of_kim, her_lee, her_kim) = (clinic.meet(&kim), guardian.meet(&lee), guardian.meet(&kim));
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_guardian, &Grant::custodian()).unwrap();
    send(&chart, &of_guardian, &guardian.vault).unwrap();
    let copy = guardian.vault.chart(&chart.id()).unwrap();
    assert_eq!(copy.share(&her_lee, &Grant::write()), Ok(Standing::Proposed));
    let lost = copy.export(&to_clinic, Cursor::START).unwrap();
    assert_eq!(chart.share(&of_kim, &Grant::read()), Ok(Standing::Committed));
    for _ in 0..2 {
        assert_eq!(clinic.vault.import(&lost).unwrap().recorded, 0);
    }
    let applied = send(&chart, &of_guardian, &guardian.vault).unwrap();
    assert_eq!((applied.confirmed, applied.superseded, copy.waiting().unwrap()), (0, 0, 1));
    let again = copy.export(&to_clinic, Cursor::START).unwrap();
    assert_eq!(clinic.vault.import(&again).unwrap().recorded, 1);
    for replayed in [&lost, &again] {
        assert_eq!(clinic.vault.import(replayed).unwrap().recorded, 0);
    }
    assert_eq!(send(&chart, &of_guardian, &guardian.vault).unwrap().confirmed, 1);
    for chart in [&chart, &copy] {
        let names: Vec<_> = chart.shares().unwrap().into_iter().map(|share| share.name).collect();
        assert_eq!(names.iter().filter(|name| *name == "Dr. Lee").count(), 1, "{names:?}");
    }
    // Kim was revoked meanwhile: who wanted to give her more has to decide again.
    assert_eq!(copy.share(&her_kim, &Grant::write()), Ok(Standing::Proposed));
    let lost = copy.export(&to_clinic, Cursor::START).unwrap();
    chart.revoke(&of_kim).unwrap();
    assert_eq!(clinic.vault.import(&lost).unwrap().recorded, 0);
    let applied = send(&chart, &of_guardian, &guardian.vault).unwrap();
    assert_eq!((applied.superseded, copy.waiting().unwrap()), (1, 0));
    assert!(!chart.shares().unwrap().iter().any(|share| share.name == "Dr. Kim"));
    assert!(guardian.reopen().unwrap().verify().unwrap().findings.is_empty());
}

/// The vault that administers a chart is copied, and its two copies let different people in.
#[test]
fn d28_two_histories_of_sharing_are_found_frozen_and_resolved() {
    let (clinic, guardian, lee) = (member("Riverside Clinic", 1), member("Guardian", 2), member("Dr. Lee", 3));
    let (kim, mallory) = (member("Dr. Kim", 4), member("Mallory", 66));
    let (chart, contacts) = shared(&clinic, &[&lee]);
    let [of_lee] = contacts.try_into().unwrap();
    let (of_guardian, of_kim, of_mallory) = (clinic.meet(&guardian), clinic.meet(&kim), clinic.meet(&mallory));
    let to_clinic = guardian.meet(&clinic);
    let her_mallory = guardian.meet(&mallory);
    chart.share(&of_guardian, &Grant::custodian()).unwrap();
    send(&chart, &of_guardian, &guardian.vault).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    let copied = clinic.copy();
    let other = copied.chart(&chart.id()).unwrap();
    let in_other = |of: &Contact| copied.contacts().get(of.id()).unwrap();
    chart.share(&of_kim, &Grant::write()).unwrap();
    other.share(&in_other(&of_mallory), &Grant::write()).unwrap();
    let (here, there) = (chart.put(&record("here")).unwrap(), other.put(&record("there")).unwrap());

    // Whoever meets both says so, and reads on; nobody who was let in by one of them has any right.
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert!(!send(&chart, &of_lee, &lee.vault).unwrap().forked);
    assert!(copy.fork().unwrap().is_none());
    for _ in 0..2 {
        assert!(send(&other, &in_other(&of_lee), &lee.vault).unwrap().forked);
    }
    assert!(send(&other, &in_other(&of_guardian), &guardian.vault).is_ok());
    assert!(send(&chart, &of_guardian, &guardian.vault).unwrap().forked);
    let hers = guardian.vault.chart(&chart.id()).unwrap();
    for (member, chart) in [(&lee, &copy), (&guardian, &hers)] {
        let chart_again = member.reopen().unwrap().chart(&chart.id()).unwrap();
        for chart in [chart, &chart_again] {
            let histories = chart.fork().unwrap().unwrap().histories;
            assert_eq!((histories.len(), histories[0].len(), histories[1].len()), (2, 4, 4));
            assert_eq!(chart.shares().unwrap().len(), 3);
            for entry in [&here, &there] {
                assert!(chart.get(entry).is_ok());
            }
        }
        let findings = member.vault.verify().unwrap().findings;
        assert!(findings.contains(&Finding::Forked { chart: chart.id() }), "{findings:?}");
    }
    assert_eq!(hers.share(&her_mallory, &Grant::read()), Err(Error::Forked));

    // It comes to the clinic by the guardian's bundle. Whoever runs the store cannot make it forgotten.
    let before = clinic.store.rows().unwrap();
    assert!(send(&hers, &to_clinic, &clinic.vault).unwrap().forked);
    assert_eq!(chart.share(&of_mallory, &Grant::read()), Err(Error::Forked));
    let part = chart.id();
    let beside = (Table::Keyring, part.as_bytes().to_vec(), b"beside".to_vec());
    assert!(!before.contains_key(&beside));
    clinic.store.hide(beside.0, &beside.1, &beside.2);
    assert_eq!(clinic.reopen().unwrap().chart(&chart.id()).err(), Some(Error::Withheld));
    clinic.store.tell_the_truth();
    let whole = clinic.row(beside.0, &beside.1, &beside.2);
    for at in 0..whole.len().min(64) {
        clinic.store.rewrite(beside.0, &beside.1, &beside.2, move |row| row[at] ^= 1);
        assert!(clinic.reopen().unwrap().chart(&chart.id()).is_err(), "byte {at}");
        clinic.store.tell_the_truth();
    }

    // A custodian of both decides. Kim and Mallory are to be shared with anew, by somebody who means it.
    assert_eq!(chart.resolve_fork(&[]), Ok(Standing::Committed));
    assert_eq!((chart.fork().unwrap(), chart.shares().unwrap().len()), (None, 3));
    for (member, contact) in [(&lee, &of_lee), (&guardian, &of_guardian)] {
        assert!(!send(&chart, contact, &member.vault).unwrap().forked);
        let copy = member.reopen().unwrap().chart(&chart.id()).unwrap();
        assert_eq!((copy.fork().unwrap(), copy.shares().unwrap().len()), (None, 3));
        assert!(copy.get(&here).is_ok() && copy.get(&there).is_ok());
        assert!(!member.vault.verify().unwrap().findings.contains(&Finding::Forked { chart: chart.id() }));
    }
    // A device that takes the place of the one that was copied says of it all what that one said.
    clinic.vault.renew_device("a copy of it went on").unwrap();
    assert!(clinic.reopen().unwrap().chart(&chart.id()).unwrap().fork().unwrap().is_none());
    let after = hers.put(&record("after")).unwrap();
    send(&hers, &to_clinic, &clinic.vault).unwrap();
    assert_eq!(chart.get(&after).unwrap().acceptance(), Acceptance::Usual);
    assert_eq!(chart.share(&of_kim, &Grant::write()), Ok(Standing::Committed));
}

/// Somebody leaves with the fork whose card was replaced since: it is the old one that is a member.
#[test]
fn d28_who_leaves_with_a_fork_leaves_with_the_card_that_was_replaced() {
    let (clinic, lee, kim, mallory) =
        (member("Riverside Clinic", 1), member("Dr. Lee", 3), member("Dr. Kim", 4), member("Mallory", 66));
    let (chart, contacts) = shared(&clinic, &[&lee]);
    let [of_lee] = contacts.try_into().unwrap();
    let (of_kim, of_mallory) = (clinic.meet(&kim), clinic.meet(&mallory));
    let copied = clinic.copy();
    let other = copied.chart(&chart.id()).unwrap();
    chart.share(&of_kim, &Grant::read()).unwrap();
    other.share(&copied.contacts().get(of_mallory.id()).unwrap(), &Grant::read()).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    assert!(send(&other, &copied.contacts().get(of_lee.id()).unwrap(), &lee.vault).unwrap().forked);
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert!(send(&copy, &lee.meet(&clinic), &clinic.vault).unwrap().forked);

    let card = member("Dr. Lee", 5).vault.card().unwrap();
    clinic.vault.contacts().replace(&of_lee, &card.to_bytes()).unwrap();
    assert_eq!(chart.resolve_fork(&[&of_lee]), Ok(Standing::Committed));
    let names: Vec<_> = chart.shares().unwrap().into_iter().map(|share| share.name).collect();
    assert_eq!((chart.fork().unwrap(), names), (None, vec!["Riverside Clinic".to_owned()]));
    // What is written now is not for the lost keys.
    let after = chart.put(&record("after")).unwrap();
    clinic.vault.contacts().replace(&of_lee, &lee.vault.card().unwrap().to_bytes()).unwrap();
    of_lee.verify(&lee.vault.card().unwrap().fingerprint().digits()).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    assert_eq!(copy.get(&after).err(), Some(Error::GrantEnded));
}
