//! A store that damages what is said, and couriers who delay, repeat and reflect it.

use crate::common::{Member, STUB, WRAP, assert_unopenable, bundle_of, frames, member, send};
use ampoule::store::Table;
use ampoule::{Chart, Contact, Cursor, EntryId, Error, FileInfo, Finding, Grant, Known, Label, Message, Thread};

/// Says three things: their entries are number 2, 3 and 4 of the chart, after the opening.
fn spoken(clinic: &Member) -> (Chart, Thread, [EntryId; 3]) {
    let chart = clinic.vault.create_chart().unwrap();
    let thread = chart.start_thread("Knee pain", &Label::general()).unwrap();
    let said = ["one", "two", "three"].map(|text| thread.send(&Message::text(text)).unwrap());
    (chart, thread, said)
}

fn again(clinic: &Member, thread: &Thread) -> Thread {
    clinic.reopen().unwrap().chart(&thread.chart().id()).unwrap().thread(&thread.id()).unwrap()
}

/// A damaged message is missed by those after it.
#[test]
fn d29_a_damaged_message_leaves_a_gap() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, thread, [one, ..]) = spoken(&clinic);
    let whole = again(&clinic, &thread).last(10).unwrap();
    assert_eq!(whole.into_iter().map(|posted| posted.unwrap().gap).collect::<Vec<_>>(), [false; 3]);
    clinic.rewrite_entry(&chart, 3, |row| {
        let last = row.len() - STUB - 1;
        row[last] ^= 1;
    });
    let thread = again(&clinic, &thread);
    let page: Vec<_> = thread.last(10).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(
        page.iter().map(|posted| (posted.text.as_str(), posted.gap)).collect::<Vec<_>>(),
        [("one", false), ("three", true)]
    );
    assert_eq!(page[0].id, one);
}

/// Of an opening that does not open, and that no index has yet, it is not said that there is none.
#[test]
fn d29_a_damaged_opening_is_not_unknown() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, thread, [one, ..]) = spoken(&clinic);
    clinic.rewrite_entry(&chart, 1, |row| {
        let last = row.len() - STUB - 1;
        row[last] ^= 1;
    });
    let reopened = clinic.reopen().unwrap().chart(&chart.id()).unwrap();
    assert_unopenable(reopened.thread(&thread.id()));
    assert!(reopened.message(&one).is_ok());
    let list = reopened.list().unwrap();
    assert_eq!((list.is_complete(), list.damaged()), (false, 1));
}

/// Where an author's last word is damaged, an earlier one is not shown in its place.
#[test]
fn d29_a_damaged_change_is_not_undone() {
    for deletes in [false, true] {
        let clinic = member("Riverside Clinic", 1);
        let (chart, thread, [one, two, _]) = spoken(&clinic);
        if deletes {
            thread.delete(&one).unwrap();
        } else {
            thread.edit(&one, &Message::text("not one")).unwrap();
        }
        clinic.rewrite_entry(&chart, 5, |row| {
            let last = row.len() - STUB - 1;
            row[last] ^= 1;
        });
        let thread = again(&clinic, &thread);
        let mut page = thread.last(10).unwrap();
        assert_eq!(page.remove(1).unwrap().id, two);
        assert_unopenable(page.remove(0));
        assert_unopenable(thread.chart().message(&one));
    }
}

/// A clinic and a specialist with a thread that both have.
fn pair() -> (Member, Member, Contact, Contact, Thread, Thread) {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (of_lee, of_clinic) = (clinic.meet(&lee), lee.meet(&clinic));
    let chart = clinic.vault.create_chart().unwrap();
    chart.share(&of_lee, &Grant::write()).unwrap();
    let ours = chart.start_thread("Knee pain", &Label::general()).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    let theirs = lee.vault.chart(&chart.id()).unwrap().thread(&ours.id()).unwrap();
    (clinic, lee, of_lee, of_clinic, ours, theirs)
}

fn said(thread: &Thread) -> Vec<(String, Known, bool)> {
    let page = thread.last(100).unwrap().into_iter().map(Result::unwrap);
    page.map(|posted| (posted.text, posted.author.known, posted.gap)).collect()
}

fn as_said(texts: &[(&str, Known, bool)]) -> Vec<(String, Known, bool)> {
    texts.iter().map(|(text, known, gap)| ((*text).into(), *known, *gap)).collect()
}

/// The kind in the header is another's: what was said is no record and no file, and a file is not said.
#[test]
fn b13_a_message_as_a_file_or_a_record() {
    const KIND: usize = WRAP + 6;
    let clinic = member("Riverside Clinic", 1);
    let (chart, thread, [one, ..]) = spoken(&clinic);
    let file = chart.put_file(&FileInfo::new("text/plain"), &b"content"[..]).unwrap();
    assert_eq!((clinic.entry(&chart, 2)[KIND], clinic.entry(&chart, 5)[KIND]), (3, 2));
    for kind in [1, 2] {
        clinic.rewrite_entry(&chart, 2, move |row| row[KIND] = kind);
        assert_unopenable(chart.get(&one));
        assert_unopenable(chart.file(&one));
        assert_unopenable(chart.message(&one));
        clinic.store.tell_the_truth();
    }
    for kind in [1, 3] {
        clinic.rewrite_entry(&chart, 5, move |row| row[KIND] = kind);
        assert_unopenable(chart.get(&file));
        assert_unopenable(chart.file(&file));
        assert!(chart.message(&file).is_err());
        clinic.store.tell_the_truth();
    }
    assert_eq!(again(&clinic, &thread).last(10).unwrap().len(), 3);
}

/// The store of a sender keeps a message back, and gives it later: the gap shows, and then it closes in the right place.
#[test]
fn d32_a_message_delayed() {
    let (clinic, lee, _, of_clinic, ours, theirs) = pair();
    for text in ["one", "two", "three"] {
        theirs.send(&Message::text(text)).unwrap();
    }
    let copy = theirs.chart();
    // The opening is entry 1.
    lee.rewrite_entry(copy, 3, |row| {
        let last = row.len() - STUB - 1;
        row[last] ^= 1;
    });
    let reopened = lee.reopen().unwrap().chart(&copy.id()).unwrap();
    let applied = send(&reopened, &of_clinic, &clinic.vault).unwrap();
    assert_eq!((applied.added, applied.withheld, applied.gaps), (2, 1, 1));
    let lee_is = Known::Verified;
    assert_eq!(said(&ours), as_said(&[("one", lee_is, false), ("three", lee_is, true)]));
    lee.store.tell_the_truth();
    let reopened = lee.reopen().unwrap().chart(&copy.id()).unwrap();
    assert_eq!(send(&reopened, &of_clinic, &clinic.vault).unwrap().added, 1);
    let whole = as_said(&[("one", lee_is, false), ("two", lee_is, false), ("three", lee_is, false)]);
    assert_eq!(said(&ours), whole);
    // Replayed: nothing is said twice.
    assert_eq!(send(&reopened, &of_clinic, &clinic.vault).unwrap().added, 0);
    assert_eq!(said(&ours), whole);
}

/// A store gives messages in each other's place, one twice, or one not at all.
#[test]
fn d32_messages_exchanged_replayed_deleted_attributed_to_another() {
    let (clinic, lee, of_lee, of_clinic, ours, theirs) = pair();
    let mine = ours.send(&Message::text("mine")).unwrap();
    send(ours.chart(), &of_lee, &lee.vault).unwrap();
    let his = theirs.send(&Message::text("his")).unwrap();
    send(theirs.chart(), &of_clinic, &clinic.vault).unwrap();
    assert_eq!(said(&ours), as_said(&[("mine", Known::Own, false), ("his", Known::Verified, false)]));
    let (chart, part) = (ours.chart(), ours.chart().id());
    let key = |number: u64| number.to_be_bytes();
    clinic.store.swap(Table::Entries, (part.as_bytes(), &key(2)), (part.as_bytes(), &key(3))).unwrap();
    for thread in [ours.clone(), again(&clinic, &ours)] {
        assert!(thread.last(10).unwrap().into_iter().all(|posted| posted.is_err()));
        [mine, his].iter().for_each(|id| assert_unopenable(thread.chart().message(id)));
    }
    clinic.store.tell_the_truth();
    // His words again, as what was said by the clinic.
    let row = clinic.entry(chart, 3);
    clinic.store.answer(Table::Entries, part.as_bytes(), &key(2), row);
    assert_unopenable(chart.message(&mine));
    assert_eq!(again(&clinic, &ours).last(10).unwrap().into_iter().filter_map(Result::ok).count(), 1);
    clinic.store.tell_the_truth();
    // Not at all.
    clinic.store.hide(Table::Entries, part.as_bytes(), &key(3));
    let reopened = clinic.reopen().unwrap();
    let mut page = reopened.chart(&part).unwrap().thread(&ours.id()).unwrap().last(10).unwrap();
    assert_unopenable(page.pop().unwrap());
    assert_eq!(page.pop().unwrap().unwrap().id, mine);
    let findings = reopened.verify().unwrap().findings;
    assert!(matches!(findings[..], [Finding::Missing { entry, .. }] if entry == his), "{findings:?}");
    clinic.store.tell_the_truth();
    assert_eq!(said(&again(&clinic, &ours)).len(), 2);
}

/// What somebody said comes back to him as if another had said it: as the bundle that he sent, in the frame of one for him,
/// and as a row in his own store.
#[test]
fn d33_a_message_reflected_to_its_author() {
    const ENTRY: u8 = 6;
    let (clinic, lee, of_lee, of_clinic, ours, theirs) = pair();
    ours.send(&Message::text("mine")).unwrap();
    let sent = ours.chart().export(&of_lee, Cursor::START).unwrap();
    assert_eq!(clinic.unchanged(|| clinic.vault.import(&sent)), Err(Error::ForeignBundle));
    lee.vault.import(&sent).unwrap();
    theirs.send(&Message::text("his")).unwrap();
    let answer = theirs.chart().export(&of_clinic, Cursor::START).unwrap();
    let entries = |bundle: &[u8]| -> Vec<Vec<u8>> {
        frames(bundle).into_iter().filter(|frame| frame[0] == ENTRY).map(<[u8]>::to_vec).collect()
    };
    // Opening, mine, his: in the place of his stands mine.
    let reflected = entries(&sent).pop().unwrap();
    let mut frames_of_answer = frames(&answer);
    let last = frames_of_answer.iter().rposition(|frame| frame[0] == ENTRY).unwrap();
    assert!(frames_of_answer[last] != reflected);
    frames_of_answer[last] = &reflected;
    let forged = bundle_of(&frames_of_answer);
    assert_eq!(clinic.unchanged(|| clinic.vault.import(&forged)), Err(Error::IncompleteBundle));
    // The honest answer has what he heard in it, which is not said again.
    assert_eq!(clinic.vault.import(&answer).unwrap().added, 1);
    assert_eq!(said(&ours), as_said(&[("mine", Known::Own, false), ("his", Known::Verified, false)]));
    let row = clinic.entry(ours.chart(), 2);
    clinic.store.answer(Table::Entries, ours.chart().id().as_bytes(), &3_u64.to_be_bytes(), row);
    let heard: Vec<_> = again(&clinic, &ours).last(10).unwrap().into_iter().filter_map(Result::ok).collect();
    assert_eq!(heard.iter().map(|posted| posted.text.as_str()).collect::<Vec<_>>(), ["mine"]);
}
