//! Conversations in a chart.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use ampoule::{
    Chart, Clock, Contact, Cursor, EntryId, Error, Grant, Known, Label, MemoryStore, Message, Posted, Query, Receipt,
    Receipts, Record, Recovery, Revision, Thread, Unlock, Vault,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[derive(Clone)]
struct Hands(Arc<AtomicI64>);

impl Hands {
    fn at(ms: i64) -> Self {
        Self(Arc::new(AtomicI64::new(ms)))
    }

    fn set(&self, ms: i64) {
        self.0.store(ms, Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

const NOON: i64 = 1_790_000_000_000;

struct Member {
    vault: Vault,
    clock: Hands,
}

fn member(name: &str, key: u8, receipts: Receipts) -> Member {
    let clock = Hands::at(NOON);
    let options = Vault::options().clock(clock.clone()).receipts(receipts);
    let unlock = Unlock::device_key(&[key; 32]);
    let vault = options.create(MemoryStore::new(), name, &unlock, &Recovery::none_data_will_be_lost()).unwrap().0;
    Member { vault, clock }
}

impl Member {
    fn meet(&self, other: &Self) -> Contact {
        let card = other.vault.card().unwrap();
        let contact = self.vault.contacts().add(&card.to_bytes()).unwrap();
        contact.verify(&card.fingerprint().digits()).unwrap();
        contact
    }
}

/// Brings everything of a chart from one to another.
fn bring(from: &Member, to: &Member, contact: &Contact, chart: &Chart) {
    let bundle = from.vault.chart(&chart.id()).unwrap().export(contact, Cursor::START).unwrap();
    to.vault.import(&bundle).unwrap();
}

/// A clinic and a specialist who may write, each a contact of the other, with a thread that both have.
struct Pair {
    clinic: Member,
    lee: Member,
    to_lee: Contact,
    to_clinic: Contact,
    ours: Thread,
    theirs: Thread,
}

impl Pair {
    fn new() -> Self {
        Self::with(Receipts::Read)
    }

    fn with(receipts: Receipts) -> Self {
        let (clinic, lee) = (member("Riverside Clinic", 1, Receipts::Read), member("Dr. Lee", 2, receipts));
        let (to_lee, to_clinic) = (clinic.meet(&lee), lee.meet(&clinic));
        let chart = clinic.vault.create_chart().unwrap();
        chart.share(&to_lee, &Grant::write()).unwrap();
        let ours = chart.start_thread("Knee pain", &Label::general()).unwrap();
        bring(&clinic, &lee, &to_lee, &chart);
        let theirs = lee.vault.chart(&chart.id()).unwrap().thread(&ours.id()).unwrap();
        Self { clinic, lee, to_lee, to_clinic, ours, theirs }
    }

    fn to_lee(&self) {
        bring(&self.clinic, &self.lee, &self.to_lee, self.ours.chart());
    }

    fn to_clinic(&self) {
        bring(&self.lee, &self.clinic, &self.to_clinic, self.ours.chart());
    }
}

fn read(thread: &Thread) -> Vec<Posted> {
    thread.last(1000).unwrap().into_iter().map(Result::unwrap).collect()
}

fn texts(thread: &Thread) -> Vec<String> {
    read(thread).into_iter().map(|posted| posted.text).collect()
}

fn text(text: &str) -> Message {
    Message::text(text)
}

#[test]
fn a_conversation_by_bundles() {
    let pair = Pair::new();
    let question = pair.ours.send(&text("Does it hurt at night?")).unwrap();
    pair.to_lee();
    assert!(pair.theirs.acknowledge(&question, Receipt::Delivered).unwrap());
    let scan = pair.theirs.chart().put(&Record::opaque("image/png", [0x89, 0x50])).unwrap();
    let answer = pair.theirs.send(&text("Yes. See the scan.").in_reply_to(&question).attach(&scan)).unwrap();
    pair.theirs.react(&question, "👍").unwrap();
    pair.theirs.react(&question, "❓").unwrap();
    pair.theirs.take_back(&question, "❓").unwrap();
    pair.to_clinic();
    let [asked, answered] = &read(&pair.ours)[..] else { panic!("two messages") };
    assert_eq!((asked.id, answered.id), (question, answer));
    assert_eq!((asked.author.known, answered.author.known), (Known::Own, Known::Verified));
    assert_eq!(answered.author.name, "Dr. Lee");
    assert_eq!(answered.author.contact, Some(pair.to_lee.id()));
    assert_eq!(answered.reply_to, Some(question));
    assert_eq!(answered.attachments[0].entry, scan);
    assert_eq!(pair.ours.chart().get(&scan).unwrap().version(), answered.attachments[0].version);
    assert_eq!(asked.reactions.iter().map(|reaction| reaction.symbol.as_str()).collect::<Vec<_>>(), ["👍"]);
    assert_eq!(asked.receipts.iter().map(|(_, receipt)| *receipt).collect::<Vec<_>>(), [Receipt::Delivered]);
    assert!(!answered.gap && !answered.misdated && answered.revision == Revision::Original);

    // Who has read the last has read those before it, of others.
    assert!(pair.ours.acknowledge(&answer, Receipt::Read).unwrap());
    pair.to_lee();
    let theirs = read(&pair.theirs);
    assert_eq!(theirs[1].receipts[0].1, Receipt::Read);
    assert_eq!(theirs[0].receipts[0].0.known, Known::Own, "one's own receipt");

    pair.theirs.edit(&answer, &text("Yes, see the scan.").attach(&scan)).unwrap();
    let deleted = pair.theirs.send(&text("wrong chat")).unwrap();
    pair.theirs.delete(&deleted).unwrap();
    assert_eq!(pair.theirs.delete(&deleted), Err(Error::UnknownEntry));
    pair.to_clinic();
    let ours = read(&pair.ours);
    assert_eq!(ours[1].text, "Yes, see the scan.");
    assert_eq!((ours[1].revision, ours[1].reply_to), (Revision::Edited, Some(question)));
    assert_eq!((ours[2].revision, ours[2].text.as_str()), (Revision::Deleted, ""));
    assert_eq!(pair.ours.chart().history(&deleted).unwrap().len(), 2);
    assert_eq!(pair.ours.edit(&answer, &text("mine now")), Err(Error::NotAuthor));
    assert_eq!(pair.ours.delete(&answer), Err(Error::NotAuthor));
}

#[test]
fn threads_are_listed_and_messages_found() {
    let pair = Pair::new();
    let message = pair.ours.send(&text("Take ibuprofen for a week")).unwrap();
    pair.ours.send(&text("and rest")).unwrap();
    let chart = pair.ours.chart();
    pair.clinic.clock.set(NOON + 60_000);
    chart.start_thread("Blood pressure", &Label::general()).unwrap();
    let threads: Vec<_> = chart.threads().unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(
        threads.iter().map(|info| (&info.subject[..], info.messages)).collect::<Vec<_>>(),
        [("Knee pain", 2), ("Blood pressure", 0)]
    );
    assert!(threads[0].last_ms.is_some() && threads[1].last_ms.is_none());
    let found = chart.find(&Query::kind("message").words("ibuprofen")).unwrap();
    assert_eq!(found.entries().iter().map(|hit| hit.id).collect::<Vec<_>>(), [message]);
    let posted = chart.message(&message).unwrap();
    assert_eq!((posted.thread, posted.text.as_str()), (pair.ours.id(), "Take ibuprofen for a week"));
    // What was changed is found by what it says now.
    pair.ours.edit(&message, &text("Take paracetamol for a week")).unwrap();
    assert!(chart.find(&Query::kind("message").words("ibuprofen")).unwrap().entries().is_empty());
    assert_eq!(chart.find(&Query::kind("message").words("paracetamol")).unwrap().entries().len(), 1);
    // A message is no record, and a record no message.
    let record = chart.put(&Record::opaque("text/plain", "a note")).unwrap();
    assert_eq!(chart.update(&message, &Record::opaque("text/plain", "")), Err(Error::OtherKind));
    assert_eq!(chart.delete(&message), Err(Error::OtherKind));
    let as_record = chart.get(&message).unwrap();
    assert_eq!(chart.put(as_record.record()), Err(Error::OtherKind));
    assert_eq!(chart.message(&record).unwrap_err(), Error::OtherKind);
    assert_eq!(pair.ours.react(&record, "👍"), Err(Error::OtherKind));
    assert_eq!(chart.thread(&message).unwrap_err(), Error::OtherKind);
    assert_eq!(chart.thread(&record).unwrap_err(), Error::OtherKind);
    assert_eq!(chart.thread(&EntryId::from_bytes([0; 16])).unwrap_err(), Error::UnknownEntry);
    // One thread knows nothing of the messages of another.
    let other = chart.start_thread("Other", &Label::general()).unwrap();
    assert_eq!(other.react(&message, "👍"), Err(Error::OtherKind));
    assert_eq!(other.send(&text("re").in_reply_to(&message)), Err(Error::OtherKind));
}

#[test]
fn what_is_sent_twice_with_one_key_is_sent_once() {
    let pair = Pair::new();
    let first = pair.ours.send_once("request 1", &text("once")).unwrap();
    assert_eq!(pair.ours.send_once("request 1", &text("once")).unwrap(), first);
    assert_eq!(texts(&pair.ours), ["once"]);
}

#[test]
fn receipts_are_given_as_far_as_the_policy_says() {
    for (policy, delivered, read_too) in
        [(Receipts::Off, false, false), (Receipts::Delivered, true, false), (Receipts::Read, true, true)]
    {
        let pair = Pair::with(policy);
        let message = pair.ours.send(&text("hello")).unwrap();
        pair.to_lee();
        assert_eq!(pair.theirs.acknowledge(&message, Receipt::Delivered).unwrap(), delivered);
        assert_eq!(pair.theirs.acknowledge(&message, Receipt::Read).unwrap(), read_too);
        pair.to_clinic();
        let told: Vec<Receipt> = read(&pair.ours)[0].receipts.iter().map(|(_, receipt)| *receipt).collect();
        let expected = if read_too { vec![Receipt::Read] } else { vec![Receipt::Delivered; usize::from(delivered)] };
        assert_eq!(told, expected);
    }
}

#[test]
fn texts_of_any_length_up_to_the_longest() {
    let pair = Pair::new();
    pair.ours.send(&text("")).unwrap();
    let longest = "é ".repeat(Message::MAX_TEXT / 3);
    pair.ours.send(&text(&longest)).unwrap();
    let over = "x".repeat(Message::MAX_TEXT + 1);
    assert_eq!(pair.ours.send(&text(&over)), Err(Error::MessageTooLong));
    assert_eq!(
        pair.ours.chart().start_thread(&"x".repeat(1025), &Label::general()).unwrap_err(),
        Error::MessageTooLong
    );
    pair.to_lee();
    assert_eq!(texts(&pair.theirs), [String::new(), longest]);
    let first = read(&pair.ours)[0].id;
    assert_eq!(pair.ours.react(&first, ""), Err(Error::MessageTooLong));
    assert_eq!(pair.ours.react(&first, &"x".repeat(65)), Err(Error::MessageTooLong));
    let many = (0..65).fold(text(""), |message, _| message.attach(&first));
    assert_eq!(pair.ours.send(&many), Err(Error::MessageTooLong));
    assert_eq!(pair.ours.send(&text("").attach(&EntryId::from_bytes([9; 16]))), Err(Error::UnknownEntry));
    assert_eq!(texts(&pair.ours).len(), 2);
}

#[test]
fn a_page_at_a_time_gives_all() {
    let pair = Pair::new();
    for number in 0..25 {
        pair.ours.send(&text(&number.to_string())).unwrap();
    }
    let mut all: Vec<Posted> = Vec::new();
    let mut page: Vec<Posted> = pair.ours.last(10).unwrap().into_iter().map(Result::unwrap).collect();
    while let Some(first) = page.first().cloned() {
        all.splice(..0, page);
        page = pair.ours.before(&first, 10).unwrap().into_iter().map(Result::unwrap).collect();
    }
    assert_eq!(all.iter().map(|posted| posted.text.as_str()).collect::<Vec<_>>(), texts(&pair.ours));
    assert_eq!(all.len(), 25);
    assert!(all.iter().all(|posted| !posted.gap && !posted.misdated));
}

/// What somebody writes stands after what he has read, also where his clock is late.
#[test]
fn an_answer_stands_after_the_question_whatever_the_clocks_say() {
    let pair = Pair::new();
    pair.clinic.clock.set(NOON + 50 * 60 * 1000);
    pair.ours.send(&text("question")).unwrap();
    pair.to_lee();
    pair.theirs.send(&text("answer")).unwrap();
    pair.to_clinic();
    assert_eq!(texts(&pair.ours), ["question", "answer"]);
    assert!(read(&pair.ours).iter().all(|posted| !posted.misdated));
    // A date that cannot be true drags nobody along, and shows.
    pair.clinic.clock.set(NOON + 2 * 60 * 60 * 1000);
    pair.ours.send(&text("from the future")).unwrap();
    pair.to_lee();
    pair.theirs.send(&text("now")).unwrap();
    let now = read(&pair.theirs);
    assert_eq!(
        now.iter().map(|posted| posted.text.as_str()).collect::<Vec<_>>(),
        ["question", "answer", "now", "from the future"]
    );
    assert!(now[2].misdated && !now[3].misdated);
}

/// Who begins to read in the middle sees that there was something before.
#[test]
fn a_new_member_without_history_sees_the_gap() {
    let pair = Pair::new();
    let max = member("Max", 3, Receipts::Read);
    let to_max = pair.clinic.meet(&max);
    max.meet(&pair.clinic);
    let chart = pair.ours.chart();
    let first = pair.ours.send(&text("before")).unwrap();
    chart.revoke(&pair.to_lee).unwrap();
    chart.share(&to_max, &Grant::read().without_history()).unwrap();
    pair.ours.send(&text("after").in_reply_to(&first)).unwrap();
    pair.ours.send(&text("and on")).unwrap();
    bring(&pair.clinic, &max, &to_max, chart);
    let copy = max.vault.chart(&chart.id()).unwrap();
    // The opening is not here either: the thread shows by its messages.
    assert_eq!(copy.thread(&pair.ours.id()).unwrap_err(), Error::UnknownEntry);
    let hit = copy.find(&Query::kind("message").words("after")).unwrap().entries()[0].id;
    let after = copy.message(&hit).unwrap();
    assert!(after.gap && after.reply_to.is_none());
    let hit = copy.find(&Query::kind("message").words("and")).unwrap().entries()[0].id;
    assert!(!copy.message(&hit).unwrap().gap);
}

/// What the revoked go on to say is in nobody's thread.
#[test]
fn a_revoked_author_is_not_heard() {
    let pair = Pair::new();
    pair.theirs.send(&text("in time")).unwrap();
    pair.to_clinic();
    pair.ours.chart().revoke(&pair.to_lee).unwrap();
    let late = pair.theirs.send(&text("too late")).unwrap();
    pair.theirs.react(&read(&pair.theirs)[0].id, "👎").unwrap();
    pair.to_clinic();
    assert_eq!(texts(&pair.ours), ["in time"]);
    assert!(read(&pair.ours)[0].reactions.is_empty());
    assert!(pair.ours.chart().quarantined().unwrap().iter().any(|kept| kept.entry == late));
}

/// What was sealed with old keys by somebody offline is sealed anew by his vault, and stays the message that it was.
#[test]
fn a_late_message_stays_one() {
    let pair = Pair::new();
    let max = member("Max", 3, Receipts::Read);
    let chart = pair.ours.chart();
    let to_max = pair.clinic.meet(&max);
    chart.share(&to_max, &Grant::read()).unwrap();
    pair.to_lee();
    chart.revoke(&to_max).unwrap();
    let late = pair.theirs.send(&text("on a home visit")).unwrap();
    pair.to_clinic();
    pair.to_lee();
    assert_eq!(chart.get(&late).unwrap().acceptance(), ampoule::Acceptance::Late);
    pair.lee.vault.run_maintenance().unwrap();
    pair.to_clinic();
    assert_eq!(chart.get(&late).unwrap().acceptance(), ampoule::Acceptance::Usual);
    for thread in [&pair.ours, &pair.theirs] {
        let said = read(thread);
        assert_eq!((said.len(), said[0].text.as_str(), said[0].revision), (1, "on a home visit", Revision::Original));
    }
}

#[test]
fn an_author_is_marked_as_well_as_he_is_known() {
    let pair = Pair::new();
    pair.theirs.send(&text("hello")).unwrap();
    pair.to_clinic();
    pair.to_lee.distrust().unwrap();
    assert_eq!(read(&pair.ours)[0].author.known, Known::Unverified);
    // To Max, who knows the clinic alone, Lee is a stranger, whose name looks like that of a colleague of his.
    let (max, colleague) = (member("Max", 3, Receipts::Read), member("Dr. L\u{435}e", 4, Receipts::Read));
    let to_max = pair.clinic.meet(&max);
    max.meet(&pair.clinic);
    let namesake = max.meet(&colleague);
    let chart = pair.ours.chart();
    chart.share(&to_max, &Grant::read()).unwrap();
    bring(&pair.clinic, &max, &to_max, chart);
    let thread = max.vault.chart(&chart.id()).unwrap().thread(&pair.ours.id()).unwrap();
    let said = read(&thread).pop().unwrap();
    assert_eq!((said.author.name.as_str(), said.author.known, said.author.contact), ("Dr. Lee", Known::Unknown, None));
    assert_eq!(said.author.imitates, [ampoule::Imitated::Contact(namesake.id())]);
    max.clock.set(NOON + 1);
    // Once he has added Lee, it is Lee's card that is flagged.
    max.vault.contacts().add(&pair.lee.vault.card().unwrap().to_bytes()).unwrap();
    let said = read(&thread).pop().unwrap();
    assert_eq!(said.author.known, Known::Unverified);
    assert_eq!(said.author.imitates, [ampoule::Imitated::Contact(namesake.id())]);
}

/// A bundle with one message is small enough for what carries push notifications.
#[test]
fn one_message_fits_into_a_push() {
    let pair = Pair::new();
    let chart = pair.ours.chart();
    let next = pair.lee.vault.import(&chart.export(&pair.to_lee, Cursor::START).unwrap()).unwrap().next;
    pair.ours.send(&text("Does it hurt at night?")).unwrap();
    let bundle = chart.export(&pair.to_lee, next).unwrap();
    assert!(bundle.len() <= 4096, "{}", bundle.len());
    assert_eq!(pair.lee.vault.import(&bundle).unwrap().added, 1);
    assert_eq!(texts(&pair.theirs), ["Does it hurt at night?"]);
}

/// Both say a thousand things, before either hears of the other, and then hear all of it twice.
#[test]
fn thousands_have_one_order() {
    let pair = Pair::new();
    for number in 0..1000 {
        pair.ours.send(&text(&format!("ours {number}"))).unwrap();
        pair.theirs.send(&text(&format!("theirs {number}"))).unwrap();
    }
    pair.to_clinic();
    pair.to_clinic();
    pair.to_lee();
    let (one, other) = (pair.ours.last(1000).unwrap(), pair.theirs.last(1000).unwrap());
    let ids = |page: Vec<Result<Posted, Error>>| page.into_iter().map(|posted| posted.unwrap().id).collect::<Vec<_>>();
    assert_eq!(ids(one), ids(other));
}

/// Thousands of messages, of no bytes and of 1 MiB among them, in bundles of which some are lost and the others come in any
/// order, and twice. At any time what is there is in the order in which it was said, without a gap; at the end it is all there.
#[test]
fn thousands_in_bundles_that_are_lost_repeated_and_reordered() {
    const MESSAGES: usize = 2000;
    const BUNDLES: usize = 40;
    let pair = Pair::new();
    let chart = pair.ours.chart();
    let said: Vec<String> = (0..MESSAGES)
        .map(|number| match number {
            500 | 1500 => "x".repeat(Message::MAX_TEXT),
            _ if number % 9 == 0 => String::new(),
            _ => format!("message {number}"),
        })
        .collect();
    let mut bundles = Vec::new();
    for (number, message) in (1..).zip(&said) {
        pair.ours.send(&text(message)).unwrap();
        if number % (MESSAGES / BUNDLES) == 0 {
            bundles.push((number, chart.export(&pair.to_lee, Cursor::START).unwrap()));
        }
    }
    let mut there = 0;
    // 17 and 40 have no common factor: each place comes once, and 0 comes last.
    for place in (1..=BUNDLES).map(|step| step * 17 % BUNDLES) {
        let (count, bundle) = &bundles[place];
        if place % 3 == 1 {
            continue;
        }
        let added = count.saturating_sub(there);
        let applied = pair.lee.vault.import(bundle).unwrap();
        assert_eq!((applied.added, applied.gaps, applied.rejected, applied.contradicted), (added as u64, 0, 0, false));
        assert_eq!(pair.lee.vault.import(bundle).unwrap().added, 0);
        there += added;
        let page: Vec<Posted> = pair.theirs.last(100).unwrap().into_iter().map(Result::unwrap).collect();
        assert!(page.iter().all(|posted| !posted.gap && !posted.misdated));
        let (texts, last): (Vec<_>, _) =
            (page.into_iter().map(|posted| posted.text).collect(), &said[there - 100.min(there)..there]);
        assert!(texts == last);
    }
    // The last but one was lost, and the last was not.
    assert_eq!(there, MESSAGES);
}

/// As a chat goes: a message a bundle. What follows on one that was lost brings its message too, and the one that comes late
/// brings nothing twice.
#[test]
fn a_bundle_that_comes_late_brings_nothing_twice() {
    let pair = Pair::new();
    let chart = pair.ours.chart();
    let mut next = pair.lee.vault.import(&chart.export(&pair.to_lee, Cursor::START).unwrap()).unwrap().next;
    let (mut late, mut waiting) = (Vec::new(), 0);
    for number in 0..60 {
        pair.ours.send(&text(&number.to_string())).unwrap();
        waiting += 1;
        let bundle = chart.export(&pair.to_lee, next.clone()).unwrap();
        if number % 3 == 2 {
            let applied = pair.lee.vault.import(&bundle).unwrap();
            assert_eq!((applied.added, applied.gaps), (waiting, 0));
            (next, waiting) = (applied.next, 0);
        } else {
            late.push(bundle);
        }
    }
    for bundle in late.iter().rev() {
        let applied = pair.lee.vault.import(bundle).unwrap();
        assert_eq!((applied.added, applied.contradicted), (0, false));
    }
    assert_eq!(texts(&pair.theirs), (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
    assert!(read(&pair.theirs).iter().all(|posted| !posted.gap));
}

/// Of thousands that a revoked author goes on to say nothing is heard, whenever and how often it comes.
#[test]
fn a_revoked_author_says_thousands() {
    let pair = Pair::new();
    pair.theirs.send(&text("in time")).unwrap();
    pair.to_clinic();
    pair.ours.chart().revoke(&pair.to_lee).unwrap();
    for number in 0..1000 {
        pair.theirs.send(&text(if number % 2 == 0 { "" } else { "too late" })).unwrap();
    }
    let late = pair.theirs.send(&text(&"x".repeat(Message::MAX_TEXT))).unwrap();
    let bundle = pair.theirs.chart().export(&pair.to_clinic, Cursor::START).unwrap();
    assert_eq!(pair.clinic.vault.import(&bundle).unwrap().quarantined, 1001);
    assert_eq!(pair.clinic.vault.import(&bundle).unwrap().quarantined, 0);
    assert_eq!(texts(&pair.ours), ["in time"]);
    assert_eq!(pair.ours.chart().message(&late).unwrap_err(), Error::UnknownEntry);
    assert_eq!(pair.ours.chart().quarantined().unwrap().len(), 1001);
    assert!(pair.ours.chart().find(&Query::kind("message").words("late")).unwrap().entries().is_empty());
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Says(usize),
    Brings(usize),
    Clock(usize, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_usize..2).prop_map(Step::Says),
        2 => (0_usize..2).prop_map(Step::Brings),
        1 => (0_usize..2, -100_000_i64..100_000).prop_map(|(who, ms)| Step::Clock(who, ms)),
    ];
    proptest::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whoever holds the same messages has them in the same order, none before one that its author had read.
    #[test]
    fn all_have_one_order(steps in steps()) {
        let pair = Pair::new();
        let (threads, clocks) = ([&pair.ours, &pair.theirs], [&pair.clinic.clock, &pair.lee.clock]);
        let mut read_before: Vec<(EntryId, Vec<EntryId>)> = Vec::new();
        for step in steps {
            match step {
                Step::Says(who) => {
                    let seen = read(threads[who]).iter().map(|posted| posted.id).collect();
                    read_before.push((threads[who].send(&text("said")).unwrap(), seen));
                }
                Step::Brings(0) => pair.to_lee(),
                Step::Brings(_) => pair.to_clinic(),
                Step::Clock(who, ms) => clocks[who].set(NOON.saturating_add(ms)),
            }
        }
        pair.to_lee();
        pair.to_clinic();
        let orders = threads.map(|thread| read(thread).iter().map(|posted| posted.id).collect::<Vec<_>>());
        prop_assert_eq!(&orders[0], &orders[1]);
        prop_assert_eq!(orders[0].len(), read_before.len());
        let place = |id: &EntryId| orders[0].iter().position(|other| other == id);
        for (id, seen) in &read_before {
            prop_assert!(seen.iter().all(|before| place(before) < place(id)));
        }
        prop_assert!(read(threads[0]).iter().all(|posted| !posted.gap && !posted.misdated));
    }
}

#[test]
fn none_of_the_messages_may_be_asked_for() {
    let clinic = member("Riverside Clinic", 1, Receipts::default());
    let thread = clinic.vault.create_chart().unwrap().start_thread("Knee", &Label::general()).unwrap();
    for text in ["one", "two"] {
        thread.send(&Message::text(text)).unwrap();
    }
    let last = thread.last(1).unwrap().remove(0).unwrap();
    assert_eq!((thread.last(0).unwrap(), thread.before(&last, 0).unwrap()), (Vec::new(), Vec::new()));
}
