//! What a member with other software writes into a thread.

use super::body::{Act, Body, Link, MOST_SYMBOL, Post, React};
use super::*;
use crate::codec::{self, Extensions, Version1};
use crate::store::MemoryStore;
use crate::vault::{Contact, Cursor, Vault};
use crate::{Grant, Recovery, Unlock};
use std::cell::Cell;

fn vault(name: &str, key: u8) -> Vault {
    let none = Recovery::none_data_will_be_lost();
    Vault::create(MemoryStore::new(), name, &Unlock::device_key(&[key; 32]), &none).unwrap().0
}

fn meet(one: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = one.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

/// The clinic has said something in two threads; Mallory, who may write, has heard it.
struct Heard {
    clinic: Vault,
    thread: Thread,
    other: Thread,
    mallory: Vault,
    copy: Thread,
    to_clinic: Contact,
    said: EntryId,
    also: EntryId,
    /// Time of what Mallory wrote last.
    last_ms: Cell<i64>,
}

fn heard() -> Heard {
    let (clinic, mallory) = (vault("Clinic", 1), vault("Mallory", 2));
    let (to_mallory, to_clinic) = (meet(&clinic, &mallory), meet(&mallory, &clinic));
    let chart = clinic.create_chart().unwrap();
    chart.share(&to_mallory, &Grant::write()).unwrap();
    let thread = chart.start_thread("One", &Label::general()).unwrap();
    let other = chart.start_thread("Other", &Label::general()).unwrap();
    let said = thread.send(&Message::text("said")).unwrap();
    let also = thread.send(&Message::text("also")).unwrap();
    mallory.import(&chart.export(&to_mallory, Cursor::START).unwrap()).unwrap();
    let copy = mallory.chart(&chart.id()).unwrap().thread(&thread.id()).unwrap();
    let last_ms = Cell::new(clinic.inner.now_ms() + 60_000);
    Heard { clinic, thread, other, mallory, copy, to_clinic, said, also, last_ms }
}

/// What is written over.
#[derive(Default)]
struct Over {
    entry: Option<EntryId>,
    parents: Vec<VersionId>,
    deletes: bool,
}

impl Heard {
    /// Has Mallory write this, and the clinic hear of it.
    fn writes(&self, body: &Body, terms: Terms, over: &Over) -> EntryId {
        let content = codec::encode(body);
        let record = Record::opaque(MEDIA_TYPE, content).with_terms(terms).of_kind(Kind::Message);
        let new = New { parents: &over.parents, tombstone: over.deletes, ..New::of(&record).unwrap() };
        self.last_ms.set(self.last_ms.get() + 1);
        let new = New { not_before_ms: self.last_ms.get(), ..new };
        let new = New { entry: over.entry.unwrap_or(new.entry), ..new };
        let written = self.copy.chart.batch(|batch| batch.write(&self.copy.chart, &new)).unwrap();
        let applied = self.clinic.import(&self.copy.chart.export(&self.to_clinic, Cursor::START).unwrap()).unwrap();
        assert_eq!(applied.rejected, 0);
        written
    }

    fn link(&self, id: &EntryId) -> Link {
        self.copy.chart.read(|open, _| self.copy.link(open, id)).unwrap()
    }

    fn says(&self, text: &str) -> Body {
        Body::new(self.thread.id, Vec::new(), Act::Post(post(text)))
    }

    fn terms(&self, what: Threaded) -> Terms {
        terms(&self.thread.id, what, Vec::new())
    }

    fn page(&self) -> Vec<Result<Posted, Error>> {
        self.thread.last(100).unwrap()
    }

    fn texts(&self) -> Vec<String> {
        self.page().into_iter().map(|posted| posted.unwrap().text).collect()
    }
}

fn post(text: &str) -> Post {
    Post { text: text.to_owned(), reply: None, attachments: Vec::new() }
}

/// Attack 8: nobody changes or deletes what another has said.
#[test]
fn a08_changes_by_others_change_nothing() {
    let heard = heard();
    let over = |id: EntryId, deletes| Over { entry: Some(id), parents: vec![heard.link(&id).version], deletes };
    heard.writes(&heard.says("never said"), heard.terms(Threaded::Message), &over(heard.said, false));
    heard.writes(&heard.says(""), Terms::default(), &over(heard.also, true));
    assert_eq!(heard.texts(), ["said", "also"]);
    assert!(heard.page().iter().flatten().all(|posted| posted.revision == Revision::Original));
    // Their author goes on changing them.
    heard.thread.edit(&heard.said, &Message::text("said better")).unwrap();
    assert_eq!(heard.texts(), ["said better", "also"]);
}

/// A message under an id that another's has is one of its own, and keeps nobody from his.
#[test]
fn a06_an_id_that_is_taken() {
    let heard = heard();
    let said = heard.said;
    heard.writes(
        &heard.says("said by Mallory"),
        heard.terms(Threaded::Message),
        &Over { entry: Some(said), ..Over::default() },
    );
    assert_eq!(heard.texts(), ["said", "also", "said by Mallory"]);
    assert_eq!(heard.page()[2].as_ref().unwrap().author.name, "Mallory");
    heard.thread.edit(&said, &Message::text("said better")).unwrap();
    assert_eq!(heard.texts(), ["said better", "also", "said by Mallory"]);
}

/// What a message is found by is the author's word: what he then says has to be the same.
#[test]
fn b10_terms_that_say_otherwise() {
    let heard = heard();
    let elsewhere = Body { thread: heard.other.id, ..heard.says("in which thread?") };
    heard.writes(&elsewhere, heard.terms(Threaded::Message), &Over::default());
    assert!(matches!(heard.page()[2], Err(Error::Unopenable { .. })));
    assert!(heard.other.last(100).unwrap().is_empty());
    // A reaction in the place of a message, and a message in that of a reaction.
    let (to, also) = (heard.link(&heard.said), heard.link(&heard.also));
    let react = |to| Act::React(React { to, symbol: "👎".to_owned(), on: true });
    let body = Body { act: react(to), ..heard.says("") };
    heard.writes(&body, heard.terms(Threaded::Message), &Over::default());
    assert!(matches!(heard.page()[3], Err(Error::Unopenable { .. })));
    let to_said = || {
        let mut terms = heard.terms(Threaded::Reaction);
        terms.codes.push(Code { system: Threaded::TARGET.to_owned(), value: to.version.to_string() });
        terms
    };
    heard.writes(&heard.says("no reaction"), to_said(), &Over::default());
    // It is listed with one message, and names another.
    heard.writes(&Body { act: react(also), ..heard.says("") }, to_said(), &Over::default());
    assert!(heard.page()[..2].iter().flatten().all(|posted| posted.reactions.is_empty()));
    // A receipt for what nobody has.
    let nothing = Link { version: VersionId::from_bytes([7; 16]), hash: Hash::from_bytes([7; 32]) };
    heard.writes(
        &Body { act: Act::Received(nothing), ..heard.says("") },
        heard.terms(Threaded::Read),
        &Over::default(),
    );
    assert!(heard.page()[..2].iter().flatten().all(|posted| posted.receipts.is_empty()));
}

/// A message names others by their hash: another under the same id does not fill the gap.
#[test]
fn d27_a_gap_is_not_filled_by_an_id() {
    let heard = heard();
    let said = heard.link(&heard.said);
    let whole = Body { after: vec![said], ..heard.says("after what was said") };
    heard.writes(&whole, heard.terms(Threaded::Message), &Over::default());
    let forged =
        Body { after: vec![Link { hash: Hash::from_bytes([7; 32]), ..said }], ..heard.says("after a forgery") };
    heard.writes(&forged, heard.terms(Threaded::Message), &Over::default());
    assert_eq!(heard.page()[2..].iter().flatten().map(|posted| posted.gap).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn h55_bodies_out_of_bounds() {
    let heard = heard();
    let links = |count: u8| {
        (0..count).map(|n| Link { version: VersionId::from_bytes([n; 16]), hash: Hash::from_bytes([n; 32]) })
    };
    let to = links(1).next().unwrap();
    let react = |len| Act::React(React { to, symbol: "x".repeat(len), on: true });
    let with = |act| Body { act, ..heard.says("") };
    let body = |version| Body { version: Version1, ..version };
    let attached = Attached { entry: heard.said, link: to, voice_ms: None };
    let attachments = |count| Act::Post(Post { attachments: vec![attached.clone(); count], ..post("") });
    let good = [
        with(react(1)),
        with(react(MOST_SYMBOL)),
        with(attachments(64)),
        with(Act::Open("s".repeat(1024))),
        Body { after: links(16).collect(), ..heard.says("") },
    ];
    let mut unsorted: Vec<Link> = links(2).collect();
    unsorted.reverse();
    let bad = [
        with(react(0)),
        with(react(MOST_SYMBOL + 1)),
        with(attachments(65)),
        with(Act::Open("s".repeat(1025))),
        Body { after: links(17).collect(), ..heard.says("") },
        Body { after: unsorted, ..heard.says("") },
        Body { after: vec![to, to], ..heard.says("") },
        heard.says(&"x".repeat((1 << 20) + 1)),
    ];
    for body in good.into_iter().map(body) {
        assert!(Body::from_bytes(&codec::encode(&body)).unwrap() == body);
    }
    for body in bad {
        assert!(Body::from_bytes(&codec::encode(&body)).is_err());
    }
    let plain = codec::encode(&Body { extensions: Extensions::default(), ..heard.says("x") });
    assert!(Body::from_bytes(&plain).is_ok());
    for end in 0..plain.len() {
        assert!(Body::from_bytes(&plain[..end]).is_err());
    }
    assert_eq!(heard.mallory.charts().unwrap().len(), 1);
}
