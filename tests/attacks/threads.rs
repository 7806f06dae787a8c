//! A store that damages what is said.

use crate::common::{Member, STUB, assert_unopenable, member};
use ampoule::{Chart, EntryId, Label, Message, Thread};

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
