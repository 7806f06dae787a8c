//! What a bundle must hold: couriers who take things out, senders who were rolled back, and what is not here for good reason.

use crate::common::{Member, bundle_of, frames, hiv, member, record, send};
use ampoule::store::Table;
use ampoule::{AuditEvent, Chart, Contact, Cursor, Error, Finding, Grant, Label, NotHere, Scope, Unlock, Vault};
use std::sync::atomic::{AtomicU64, Ordering};

/// What lies beside a ledger: proposals, and other lines.
const BESIDE_ROW: &[u8] = b"beside";
const BESIDE: u8 = 5;
const ENTRY: u8 = 6;
const SCOPE: u8 = 7;
const PROOF: u8 = 8;

/// A clinic's chart with three entries, shared with Lee.
fn clinic_and_lee() -> (Member, Member, Chart, Contact) {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (of_lee, _) = (clinic.meet(&lee), lee.meet(&clinic));
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_lee, &Grant::write()).unwrap();
    for text in ["one", "two", "three"] {
        chart.put(&record(text)).unwrap();
    }
    (clinic, lee, chart, of_lee)
}

fn hiv_label() -> Label {
    Label::new("HIV").unwrap()
}

/// A bundle with some frames taken out.
fn without(bundle: &[u8], out: impl Fn(usize, &[u8]) -> bool) -> Vec<u8> {
    let kept = frames(bundle).into_iter().enumerate().filter(|(at, frame)| !out(*at, frame));
    bundle_of(&kept.map(|(_, frame)| frame).collect::<Vec<_>>())
}

/// A bundle with the frames of one kind as they stand in another.
fn with_frames_of(bundle: &[u8], other: &[u8], kinds: &[u8]) -> Vec<u8> {
    let (mine, theirs) = (frames(bundle), frames(other));
    let mut all: Vec<&[u8]> = mine.into_iter().filter(|frame| !kinds.contains(&frame[0])).collect();
    all.extend(theirs.into_iter().filter(|frame| kinds.contains(&frame[0])));
    all.sort_by_key(|frame| frame[0]);
    bundle_of(&all)
}

#[test]
fn h60_the_end_of_a_bundle_is_cut_off() {
    let (_clinic, lee, chart, of_lee) = clinic_and_lee();
    let honest = chart.export(&of_lee, Cursor::START).unwrap();
    let entries: Vec<usize> =
        frames(&honest).iter().enumerate().filter(|(_, frame)| frame[0] == ENTRY).map(|(at, _)| at).collect();
    let last = *entries.last().unwrap();
    let refused = |bundle: Vec<u8>| lee.unchanged(|| lee.vault.import(&bundle)).unwrap_err();
    // The end of the entries, one in the middle, all of them, the scope, the proof, the news of what was shared last.
    assert_eq!(refused(without(&honest, |at, _| at == last)), Error::IncompleteBundle);
    assert_eq!(refused(without(&honest, |at, _| at == entries[1])), Error::IncompleteBundle);
    assert_eq!(refused(without(&honest, |_, frame| frame[0] == ENTRY)), Error::IncompleteBundle);
    assert_eq!(refused(without(&honest, |_, frame| [ENTRY, SCOPE].contains(&frame[0]))), Error::IncompleteBundle);
    assert_eq!(refused(without(&honest, |_, frame| frame[0] == PROOF)), Error::DamagedBundle);
    assert_eq!(lee.vault.import(&honest).unwrap().added, 3);

    // What follows on it, cut likewise.
    let next = lee.vault.import(&honest).unwrap().next;
    let cursor = Cursor::from_bytes(&next.to_bytes()).unwrap();
    assert_eq!(cursor, next);
    chart.put(&record("four")).unwrap();
    chart.revoke(&of_lee).unwrap();
    let news = chart.export(&of_lee, cursor.clone()).unwrap();
    let ledger_end = frames(&news).iter().rposition(|frame| frame[0] == 4).unwrap();
    assert_eq!(refused(without(&news, |at, _| at == ledger_end)), Error::IncompleteBundle);
    // That his access ended is told, and nothing else.
    assert!(frames(&news).iter().all(|frame| ![ENTRY, SCOPE, BESIDE].contains(&frame[0])));
    assert_eq!(lee.vault.import(&news).unwrap().added, 0);
    assert_eq!(lee.vault.chart(&chart.id()).unwrap().list().unwrap_err(), Error::GrantEnded);
}

/// Who has heard of the sharing gets entries alone. What counts on news that never came is refused.
#[test]
fn h60_a_bundle_that_counts_on_news_never_heard() {
    const SHARING: [u8; 4] = [2, 3, 4, BESIDE];
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let tells = |bundle: &[u8]| frames(bundle).iter().any(|frame| SHARING.contains(&frame[0]));
    let first = chart.export(&of_lee, Cursor::START).unwrap();
    let next = lee.vault.import(&first).unwrap().next;
    chart.put(&record("four")).unwrap();
    let entries_alone = chart.export(&of_lee, next).unwrap();
    assert!(tells(&first) && !tells(&entries_alone));
    let stranger = member("Dr. Lee's other vault", 2);
    assert_eq!(stranger.vault.import(&entries_alone), Err(Error::ForeignBundle));
    let applied = lee.vault.import(&entries_alone).unwrap();
    assert_eq!(applied.added, 1);

    // A copy of the vault that never hears that somebody was let in.
    let copy = lee.copy();
    chart.share(&clinic.meet(&member("Dr. Kim", 3)), &Grant::write()).unwrap();
    let news = chart.export(&of_lee, applied.next).unwrap();
    let next = lee.vault.import(&news).unwrap().next;
    let nothing_more = chart.export(&of_lee, next.clone()).unwrap();
    assert!(tells(&news) && !tells(&nothing_more));
    assert_eq!(copy.import(&nothing_more), Err(Error::IncompleteBundle));
    assert_eq!(lee.vault.import(&nothing_more).unwrap().added, 0);
    // What came before changes nothing, and takes nothing back.
    assert_eq!(lee.vault.import(&entries_alone).unwrap().added, 0);
    let again = chart.export(&of_lee, lee.vault.import(&first).unwrap().next).unwrap();
    assert!(!tells(&again));
    assert_eq!(lee.vault.import(&again).unwrap().added, 0);
    assert_eq!(copy.import(&news).unwrap().added, 0);
    assert_eq!(copy.import(&nothing_more).unwrap().added, 0);
}

#[test]
fn h60_one_bundle_of_a_row_is_kept_back() {
    let (_clinic, lee, chart, of_lee) = clinic_and_lee();
    let first = chart.export(&of_lee, Cursor::START).unwrap();
    let twin = lee.copy();
    let next = lee.vault.import(&first).unwrap().next;
    chart.put(&record("four")).unwrap();
    let second = chart.export(&of_lee, next).unwrap();
    // A vault that never saw the first: it was kept back, or the vault was put back to an older state.
    assert_eq!(twin.import(&second).unwrap_err(), Error::IncompleteBundle);
    assert_eq!(twin.charts().unwrap(), []);
    let next = lee.vault.import(&second).unwrap().next;
    chart.put(&record("five")).unwrap();
    let third = chart.export(&of_lee, next).unwrap();
    assert_eq!(twin.import(&first).unwrap().added, 3);
    assert_eq!(twin.import(&third).unwrap_err(), Error::IncompleteBundle);
    // In another order they are what they are, and each again.
    assert_eq!(lee.vault.import(&third).unwrap().added, 1);
    for again in [&second, &first, &third] {
        let applied = lee.vault.import(again).unwrap();
        assert_eq!((applied.added, applied.contradicted), (0, false));
    }
    assert_eq!(twin.import(&second).unwrap().added, 1);
    assert_eq!(twin.import(&third).unwrap().added, 1);
    let whole = chart.export(&of_lee, Cursor::START).unwrap();
    assert_eq!(lee.vault.import(&whole).unwrap().added, 0);
    // A cursor of somewhere else begins from the start.
    let other = chart.export(&of_lee, Cursor::from_bytes(&Cursor::START.to_bytes()).unwrap()).unwrap();
    assert_eq!(frames(&other).len(), frames(&whole).len());
    assert_eq!(Cursor::from_bytes(b"no cursor"), Err(Error::InvalidCursor));
}

/// Proofs of other bundles, of other devices, and of members who are others than they say.
#[test]
fn h60_a_bundle_with_the_proof_of_another() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let kim = member("Dr. Kim", 3);
    let (of_kim, _) = (clinic.meet(&kim), kim.meet(&clinic));
    let kims_lee = kim.meet(&lee);
    chart.share(&of_kim, &Grant::write()).unwrap();
    send(&chart, &of_kim, &kim.vault).unwrap();
    let before = chart.export(&of_lee, Cursor::START).unwrap();
    chart.put(&record("four")).unwrap();
    let honest = chart.export(&of_lee, Cursor::START).unwrap();
    let for_kim = chart.export(&of_kim, Cursor::START).unwrap();
    let by_kim = kim.vault.chart(&chart.id()).unwrap().export(&kims_lee, Cursor::START).unwrap();
    for other in [&before, &for_kim, &by_kim] {
        for kinds in [&[PROOF][..], &[SCOPE], &[SCOPE, PROOF], &[ENTRY, SCOPE], &[ENTRY, SCOPE, PROOF]] {
            let mixed = with_frames_of(&honest, other, kinds);
            assert_eq!(lee.unchanged(|| lee.vault.import(&mixed)).unwrap_err(), Error::IncompleteBundle, "{kinds:?}");
        }
    }
    // Every byte of the proof counts.
    let parts = frames(&honest);
    let proof = *parts.last().unwrap();
    for at in (5..proof.len()).step_by(7) {
        let mut changed = proof.to_vec();
        changed[at] ^= 1;
        let bundle = bundle_of(&[&parts[..parts.len() - 1], &[&changed[..]]].concat());
        let result = lee.unchanged(|| lee.vault.import(&bundle));
        let refused = matches!(result, Err(Error::IncompleteBundle | Error::DamagedBundle | Error::NewerFormat));
        assert!(refused, "{at}: {result:?}");
    }
    assert_eq!(lee.vault.import(&honest).unwrap().added, 4);
    assert_eq!(lee.vault.import(&by_kim).unwrap().added, 0);
}

/// The sender's store is put back, and he shows one reader another history than the other.
#[test]
fn d28_two_heads_of_a_rolled_back_sender() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let kim = member("Dr. Kim", 3);
    let (of_kim, _) = (clinic.meet(&kim), kim.meet(&clinic));
    chart.share(&of_kim, &Grant::write()).unwrap();
    let next = send(&chart, &of_lee, &lee.vault).unwrap().next;
    let (rolled_back, clinics) = (clinic.copy(), clinic.vault.devices().unwrap()[0].id);
    let grow = |vault: &Vault| (0..10).for_each(|_| drop(vault.create_chart().unwrap()));
    chart.put(&record("four")).unwrap();
    grow(&clinic.vault);
    let next = lee.vault.import(&chart.export(&of_lee, next).unwrap()).unwrap().next;

    let forked = rolled_back.chart(&chart.id()).unwrap();
    let to = |contact: &Contact| rolled_back.contacts().get(contact.id()).unwrap();
    // Of a log that ends before what Lee has seen of it, nothing goes on.
    assert_eq!(forked.export(&to(&of_lee), next.clone()).unwrap_err(), Error::RestoredCopy);
    grow(&rolled_back);
    let other = forked.put(&record("another four")).unwrap();
    forked.put(&record("another five")).unwrap();
    forked.put(&record("another six")).unwrap();
    let shown = forked.export(&to(&of_kim), Cursor::START).unwrap();
    assert!(!kim.vault.import(&shown).unwrap().contradicted);
    // It does not fit what he knows, so it comes from the start, and he is told: it contradicts what was proven.
    let applied = lee.vault.import(&forked.export(&to(&of_lee), next).unwrap()).unwrap();
    assert_eq!((applied.added, applied.contradicted), (3, true));
    assert!(lee.vault.chart(&chart.id()).unwrap().get(&other).is_ok());
    // Whoever hears of both hears of it each time, and has what both wrote.
    for text in ["five", "six", "seven"] {
        chart.put(&record(text)).unwrap();
    }
    let applied = lee.vault.import(&chart.export(&of_lee, Cursor::START).unwrap()).unwrap();
    assert_eq!((applied.added, applied.contradicted), (3, true));
    // It stays in sight until somebody has looked into it.
    let copy = lee.vault.chart(&chart.id()).unwrap();
    let told = |findings: Vec<Finding>| {
        let told = |finding: &Finding| matches!(finding, Finding::Contradicted { contact: Some(_), device, .. } if *device == clinics);
        findings.iter().filter(|finding| told(finding)).count()
    };
    assert_eq!(told(lee.reopen().unwrap().verify().unwrap().findings), 1);
    assert_eq!(told(copy.findings().unwrap()), 1);
    for none in ["", &"a".repeat(1025)] {
        assert_eq!(copy.settle_bundles(none), Err(Error::InvalidReason));
    }
    assert_eq!(told(copy.findings().unwrap()), 1);
    copy.settle_bundles("restored from a backup").unwrap();
    assert_eq!(told(lee.reopen().unwrap().verify().unwrap().findings), 0);
    assert_eq!(told(copy.findings().unwrap()), 0);
    let noted = |event: &AuditEvent| event.note.as_deref() == Some("restored from a backup");
    assert!(lee.vault.audit().unwrap().iter().any(noted));
    let after = forked.put(&record("another seven")).unwrap();
    let in_turn = kim.vault.import(&forked.export(&to(&of_kim), Cursor::START).unwrap()).unwrap().next;
    forked.put(&record("another eight")).unwrap();
    let news = forked.export(&to(&of_kim), in_turn.clone()).unwrap();
    assert!(!kim.vault.import(&news).unwrap().contradicted);
    assert!(kim.vault.chart(&chart.id()).unwrap().get(&after).is_ok());
    // The true one learns from the cursor that somebody goes on beside it.
    assert_eq!(chart.export(&of_kim, in_turn).unwrap_err(), Error::RestoredCopy);
}

/// What was written in another chart only, so that nothing in the lines of this one shows it: the log does.
#[test]
fn d28_the_log_behind_a_bundle_is_another() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let copied = clinic.copy();
    let next = send(&chart, &of_lee, &lee.vault).unwrap().next;
    let forked = copied.chart(&chart.id()).unwrap();
    let to = copied.contacts().get(of_lee.id()).unwrap();
    for text in ["elsewhere", "and again"] {
        copied.create_chart().unwrap().put(&record(text)).unwrap();
    }
    let bundle = forked.export(&to, next.clone()).unwrap();
    assert_eq!(lee.unchanged(|| lee.vault.import(&bundle)).unwrap_err(), Error::IncompleteBundle);
    assert_eq!(lee.vault.import(&chart.export(&of_lee, next).unwrap()).unwrap().added, 0);
}

/// Nothing is contradicted: the courier would have it look so.
#[test]
fn h60_the_proof_that_a_log_goes_on_is_taken_off() {
    let (_clinic, lee, chart, of_lee) = clinic_and_lee();
    let only = |label: Label| Scope::labels([label]);
    let first = chart.export_scope(&of_lee, Cursor::START, &only(hiv_label())).unwrap();
    let next = lee.vault.import(&first).unwrap().next;
    let honest = chart.export_scope(&of_lee, next, &only(Label::general())).unwrap();
    let parts = frames(&honest);
    let proof = &parts.last().unwrap()[5..];
    // After the version come five strings, the last of which is this proof, and extensions.
    let mut at = 2;
    for _ in 0..4 {
        at += match proof[at] {
            0x58 => 2 + usize::from(proof[at + 1]),
            0x59 => 3 + usize::from(u16::from_be_bytes([proof[at + 1], proof[at + 2]])),
            short => 1 + usize::from(short - 0x40),
        };
    }
    assert_eq!(proof.last(), Some(&0x80));
    let payload = [&proof[..at], &[0xF6, 0x80]].concat();
    let frame = [&[PROOF][..], &u32::try_from(payload.len()).unwrap().to_be_bytes(), &payload].concat();
    let changed = bundle_of(&[&parts[..parts.len() - 1], &[&frame[..]]].concat());
    assert_eq!(lee.unchanged(|| lee.vault.import(&changed)).unwrap_err(), Error::IncompleteBundle);
    let applied = lee.vault.import(&honest).unwrap();
    assert_eq!((applied.added, applied.contradicted), (3, false));
}

#[test]
fn h60_two_devices_of_one_sender() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    clinic.vault.add_device(&Unlock::device_key(&[7; 32])).unwrap();
    let server = Vault::open(clinic.store.clone(), &Unlock::device_key(&[7; 32])).unwrap();
    let on_server = server.chart(&chart.id()).unwrap();
    let to = server.contacts().get(of_lee.id()).unwrap();
    let mut next = Cursor::START;
    for round in 0..3 {
        // One wrote nothing yet, and signs the bundle all the same.
        let applied = lee.vault.import(&on_server.export(&to, next).unwrap()).unwrap();
        assert_eq!((applied.added, applied.contradicted), (if round == 0 { 3 } else { 1 }, false), "round {round}");
        on_server.put(&record("by the server")).unwrap();
        let applied = lee.vault.import(&chart.export(&of_lee, applied.next).unwrap()).unwrap();
        assert_eq!((applied.added, applied.contradicted), (1, false), "round {round}");
        chart.put(&record("by the clinic")).unwrap();
        next = applied.next;
    }
    assert_eq!(lee.vault.verify().unwrap().findings, []);
    // One is renewed: what it signs from then on is of another log.
    clinic.vault.renew_device("copied").unwrap();
    let renewed = clinic.vault.chart(&chart.id()).unwrap();
    let applied = lee.vault.import(&renewed.export(&of_lee, next).unwrap()).unwrap();
    assert_eq!((applied.added, applied.contradicted), (1, false));
}

/// Outside the scope, not fetched and withheld are three things.
#[test]
fn d29_what_is_not_here_is_told_apart() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let kim = member("Dr. Kim", 3);
    let (of_kim, _) = (clinic.meet(&kim), kim.meet(&clinic));
    let sensitive = [chart.put(&hiv("four")).unwrap(), chart.put(&hiv("five")).unwrap()];
    let general = Grant::read().label(Label::general());
    chart.share(&of_kim, &general).unwrap();
    assert_eq!(clinic.vault.verify().unwrap().not_here, []);

    // Outside: she may not read it, and nobody sends it.
    assert_eq!(send(&chart, &of_kim, &kim.vault).unwrap().added, 3);
    let report = kim.vault.verify().unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.not_here, [NotHere::OutsideScope { chart: chart.id(), labels: 7 }]);
    let both = Scope::labels([Label::general(), hiv_label()]);
    assert_eq!(chart.export_scope(&of_kim, Cursor::START, &both).unwrap_err(), Error::OutsideGrant);
    let none = Scope::labels([Label::new("unheard").unwrap()]);
    assert_eq!(chart.export_scope(&of_kim, Cursor::START, &none).unwrap_err(), Error::UnknownLabel);

    // Not fetched: he may read it, and wanted the other label only.
    let scope = Scope::labels([Label::general()]);
    let applied = lee.vault.import(&chart.export_scope(&of_lee, Cursor::START, &scope).unwrap()).unwrap();
    assert_eq!(applied.added, 3);
    let report = lee.vault.verify().unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.not_here, [NotHere::NotFetched { chart: chart.id(), label: hiv_label(), versions: 2 }]);
    // He goes on with a greater scope: of each label what is missing.
    let news = chart.export(&of_lee, applied.next).unwrap();
    assert_eq!(lee.vault.import(&news).unwrap().added, 2);
    assert_eq!(lee.vault.verify().unwrap().not_here, []);
    // With less again, what he has stays.
    let applied = lee.vault.import(&chart.export_scope(&of_lee, Cursor::START, &scope).unwrap()).unwrap();
    assert_eq!(lee.vault.verify().unwrap().not_here, []);
    chart.put(&hiv("six")).unwrap();
    let news = chart.export_scope(&of_lee, applied.next, &scope).unwrap();
    let applied = lee.vault.import(&news).unwrap();
    assert_eq!(applied.added, 0);
    let report = lee.vault.verify().unwrap();
    assert_eq!(report.not_here, [NotHere::NotFetched { chart: chart.id(), label: hiv_label(), versions: 1 }]);

    // Withheld by the sender's store: it is proven to be there, and did not come.
    let later = member("Dr. Roe", 4);
    let (of_later, _) = (clinic.meet(&later), later.meet(&clinic));
    chart.share(&of_later, &Grant::read()).unwrap();
    assert_eq!(chart.list().unwrap().entries().len(), 6);
    clinic.store.hide(Table::Entries, chart.id().as_bytes(), &4_u64.to_be_bytes());
    let applied = send(&chart, &of_later, &later.vault).unwrap();
    assert_eq!((applied.added, applied.withheld), (5, 1));
    let report = later.vault.verify().unwrap();
    let withheld = |finding: &Finding| matches!(finding, Finding::Withheld { entry, .. } if *entry == sensitive[0]);
    assert!(report.findings.iter().any(withheld), "{:?}", report.findings);
    assert_eq!(report.not_here, []);
    // It comes from elsewhere: he has it.
    clinic.store.tell_the_truth();
    assert_eq!(send(&chart, &of_later, &later.vault).unwrap().added, 1);
    let report = later.vault.verify().unwrap();
    assert_eq!((report.findings, report.not_here), (Vec::new(), Vec::new()));
}

/// His own store hides what was noted of bundles: it is found, and a bundle of everything puts it right.
#[test]
fn d29_what_bundles_proved_is_hidden() {
    let (_clinic, lee, chart, of_lee) = clinic_and_lee();
    let scope = Scope::labels([hiv_label()]);
    let next = lee.vault.import(&chart.export_scope(&of_lee, Cursor::START, &scope).unwrap()).unwrap().next;
    assert_eq!(lee.vault.verify().unwrap().findings, []);
    let rows = lee.store.rows().unwrap();
    chart.put(&hiv("four")).unwrap();
    let next = lee.vault.import(&chart.export_scope(&of_lee, next, &scope).unwrap()).unwrap().next;
    let findings = || lee.reopen().unwrap().verify().unwrap().findings;
    lee.store.replay(&rows, Table::Keyring, chart.id().as_bytes(), b"sources");
    assert_eq!(findings(), [Finding::Bundles { chart: chart.id() }]);
    lee.store.tell_the_truth();
    assert_eq!(findings(), []);
    lee.store.hide(Table::Keyring, chart.id().as_bytes(), b"sources");
    assert_eq!(findings(), [Finding::Bundles { chart: chart.id() }]);
    chart.put(&hiv("five")).unwrap();
    let news = chart.export_scope(&of_lee, next, &scope).unwrap();
    assert_eq!(lee.unchanged(|| lee.reopen().unwrap().import(&news)).unwrap_err(), Error::IncompleteBundle);
    // It is begun anew with a bundle that stands for itself, and that it was stays in sight.
    let whole = chart.export(&of_lee, Cursor::START).unwrap();
    assert_eq!(lee.vault.import(&whole).unwrap().added, 4);
    lee.store.tell_the_truth();
    assert_eq!(findings(), [Finding::Bundles { chart: chart.id() }]);
    assert_eq!(lee.vault.import(&whole).unwrap().added, 0);
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert_eq!(copy.findings().unwrap(), [Finding::Bundles { chart: chart.id() }]);
    copy.settle_bundles("the disk was replaced").unwrap();
    assert_eq!(findings(), []);
}

/// What is used is what was held against the logs: his store answers otherwise when it is asked again.
#[test]
fn d29_a_store_that_contradicts_itself() {
    let (clinic, guardian) = (member("Riverside Clinic", 1), member("Guardian", 2));
    let of_guardian = clinic.meet(&guardian);
    guardian.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_guardian, &Grant::custodian()).unwrap();
    send(&chart, &of_guardian, &guardian.vault).unwrap();
    let copy = guardian.vault.chart(&chart.id()).unwrap();
    let propose = |name, key| {
        copy.share(&guardian.meet(&member(name, key)), &Grant::read()).unwrap();
        guardian.row(Table::Keyring, chart.id().as_bytes(), BESIDE_ROW)
    };
    let older = propose("Dr. Lee", 3);
    propose("Dr. Kim", 4);
    let bundle = chart.export(&of_guardian, Cursor::START).unwrap();
    let answers = |older_to: fn(u64) -> bool| {
        let (asked, older) = (AtomicU64::new(0), older.clone());
        guardian.store.rewrite(Table::Keyring, chart.id().as_bytes(), BESIDE_ROW, move |row| {
            if older_to(asked.fetch_add(1, Ordering::SeqCst)) {
                row.clone_from(&older);
            }
        });
    };
    answers(|asked| asked == 0);
    assert_eq!(guardian.unchanged(|| guardian.vault.import(&bundle)).unwrap_err(), Error::Withheld);
    answers(|asked| asked > 0);
    assert_eq!(guardian.vault.import(&bundle).unwrap().added, 0);
    guardian.store.tell_the_truth();
    assert_eq!(copy.waiting(), Ok(2));
    assert_eq!(guardian.reopen().unwrap().verify().unwrap().findings, []);
}

/// Who was granted a label without its history gets what came since, and that there was something before is all he learns.
#[test]
fn h60_without_history() {
    let (clinic, _, chart, _) = clinic_and_lee();
    let kim = member("Dr. Kim", 3);
    let (of_kim, _) = (clinic.meet(&kim), kim.meet(&clinic));
    let other = member("Dr. Roe", 4);
    let of_other = clinic.meet(&other);
    chart.share(&of_other, &Grant::read()).unwrap();
    chart.revoke(&of_other).unwrap();
    chart.share(&of_kim, &Grant::read().label(Label::general()).without_history()).unwrap();
    let applied = send(&chart, &of_kim, &kim.vault).unwrap();
    assert_eq!((applied.added, applied.gaps, applied.withheld), (0, 0, 0));
    chart.put(&record("after")).unwrap();
    let bundle = chart.export(&of_kim, applied.next).unwrap();
    let cut = without(&bundle, |_, frame| frame[0] == ENTRY);
    assert_eq!(kim.unchanged(|| kim.vault.import(&cut)).unwrap_err(), Error::IncompleteBundle);
    let applied = kim.vault.import(&bundle).unwrap();
    assert_eq!((applied.added, applied.gaps), (1, 0));
    let report = kim.vault.verify().unwrap();
    assert_eq!(report.findings, []);
    let before = NotHere::BeforeGrant { chart: chart.id(), label: Label::general() };
    assert_eq!(report.not_here, [NotHere::OutsideScope { chart: chart.id(), labels: 7 }, before]);
    // With its history later, from the beginning.
    chart.share(&of_kim, &Grant::read().label(Label::general())).unwrap();
    let applied = kim.vault.import(&chart.export(&of_kim, applied.next).unwrap()).unwrap();
    assert_eq!((applied.added, applied.contradicted), (3, false));
}
