//! Previews: what they show, and what nobody gets by them.

mod insider;
#[cfg(target_os = "linux")]
mod memory;

use super::keys::{Keys, Sealed};
use super::*;
use crate::codec::{ChartId, VersionId};
use crate::store::{MemoryStore, Table};
use crate::vault::open_chart::OpenChart;
use crate::vault::stored_entry::StoredEntry;
use crate::vault::{Chart, Contact, Cursor};
use crate::{Grant, Kind, Known, Label, Message, Receipt, Record, Recovery, Unlock, UnlockError};

const KEY: [u8; 32] = [77; 32];
const FAILED: Error = Error::Unlock(UnlockError::UnlockFailed);

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

/// A clinic and Dr. Lee, who may write, with a thread that both have.
struct Pair {
    clinic: Vault,
    lee: Vault,
    to_lee: Contact,
    to_clinic: Contact,
    ours: Thread,
    theirs: Thread,
}

fn pair() -> Pair {
    pair_by(&Grant::write())
}

fn pair_by(grant: &Grant) -> Pair {
    let (clinic, lee) = (vault("Riverside Clinic", 1), vault("Dr. Lee", 2));
    let (to_lee, to_clinic) = (meet(&clinic, &lee), meet(&lee, &clinic));
    let chart = clinic.create_chart().unwrap();
    chart.share(&to_lee, grant).unwrap();
    let ours = chart.start_thread("Knee pain", &Label::general()).unwrap();
    let pair = Pair { theirs: ours.clone(), clinic, lee, to_lee, to_clinic, ours };
    pair.to_lee();
    let theirs = pair.lee.chart(&chart.id()).unwrap().thread(&pair.ours.id()).unwrap();
    Pair { theirs, ..pair }
}

impl Pair {
    fn to_lee(&self) {
        self.lee.import(&self.ours.chart().export(&self.to_lee, Cursor::START).unwrap()).unwrap();
    }

    fn to_clinic(&self) {
        self.clinic.import(&self.theirs.chart().export(&self.to_clinic, Cursor::START).unwrap()).unwrap();
    }

    /// What Dr. Lee says, for a push to the clinic.
    fn said(&self, text: &str) -> Vec<u8> {
        self.theirs.notice(&self.theirs.send(&Message::text(text)).unwrap()).unwrap()
    }

    fn keys(&self) -> Vec<u8> {
        self.clinic.preview_keys(core::slice::from_ref(&self.ours), &KEY).unwrap()
    }
}

/// Preview keys with something else in them, sealed as they were.
fn altered(vault: &Vault, sealed: &[u8], alter: impl FnOnce(&mut Keys)) -> Vec<u8> {
    let device_key = Secret::from_slice(&KEY).unwrap();
    let mut keys = Sealed::open(sealed, &device_key).unwrap();
    alter(&mut keys);
    Sealed::seal(vault.id().unwrap(), &device_key, &encode_secret(&keys)).unwrap()
}

/// All that is stored of a chart, as it would travel.
fn all(chart: &Chart) -> Vec<Vec<u8>> {
    let rows = |_: &OpenChart, snapshot: &dyn crate::store::Snapshot| {
        Ok(snapshot.scan(Table::Entries, chart.id().as_bytes(), None, 1000)?)
    };
    let rows = chart.read(rows).unwrap();
    rows.iter().map(|(_, stored)| StoredEntry::sealed(stored).unwrap().to_vec()).collect()
}

#[test]
fn a_message_is_shown_while_the_vault_is_locked() {
    let pair = pair();
    let keys = pair.keys();
    let notice = pair.said("It is not broken.");
    assert!(notice.len() < 1500, "{} bytes", notice.len());
    pair.clinic.lock();
    pair.lee.lock();
    let shown = open_preview(&notice, &keys, &KEY).unwrap();
    assert_eq!((&shown.author[..], shown.known, &shown.text[..]), ("Dr. Lee", Known::Verified, "It is not broken."));
    assert_eq!((shown.chart, shown.thread), (pair.ours.chart().id(), pair.ours.id()));
    assert_eq!((shown.attachments, &shown.actor), (0, &None));
    let printed = format!("{shown:?}");
    assert!(!printed.contains("Lee") && !printed.contains("broken"), "{printed}");

    // It is the message that comes by the bundle.
    pair.clinic.unlock(&Unlock::device_key(&[1; 32])).unwrap();
    pair.lee.unlock(&Unlock::device_key(&[2; 32])).unwrap();
    pair.to_clinic();
    let posted = pair.ours.chart().message(&shown.id).unwrap();
    assert_eq!((posted.text, posted.time_ms), (shown.text, shown.time_ms));
}

#[test]
fn what_fits_into_a_push() {
    let pair = pair();
    let keys = pair.keys();
    // Base64 of it, and some more, in 4,096 bytes.
    for (text, most) in [("ä".repeat(50), 1500), ("word ".repeat(200), 2500), ("x".repeat(2000), 3500)] {
        let notice = pair.said(&text);
        assert!(notice.len() < most, "{} bytes for {}", notice.len(), text.len());
        assert_eq!(open_preview(&notice, &keys, &KEY).unwrap().text, text);
    }
    let long = pair.said(&"x".repeat(300_000));
    assert_eq!(open_preview(&long, &keys, &KEY), Err(Error::OutsidePreview));
}

#[test]
fn a_member_without_history_has_previews() {
    let pair = pair_by(&Grant::write().without_history());
    let keys = pair.lee.preview_keys(core::slice::from_ref(&pair.theirs), &KEY).unwrap();
    let notice = pair.ours.notice(&pair.ours.send(&Message::text("Come on Monday.")).unwrap()).unwrap();
    let shown = open_preview(&notice, &keys, &KEY).unwrap();
    assert_eq!((&shown.author[..], &shown.text[..]), ("Riverside Clinic", "Come on Monday."));
    // One's own, from another device.
    let own = open_preview(&pair.said("I will."), &keys, &KEY).unwrap();
    assert_eq!((&own.author[..], own.known), ("Dr. Lee", Known::Own));
}

#[test]
fn several_threads_of_several_charts() {
    let pair = pair();
    let other = pair.clinic.create_chart().unwrap();
    other.share(&pair.to_lee, &Grant::write()).unwrap();
    let threads = ["One", "Two", "Three"].map(|subject| other.start_thread(subject, &Label::general()).unwrap());
    let hiv = other.start_thread("Four", &"hiv".parse().unwrap()).unwrap();
    let chosen = [threads[1].clone(), pair.ours.clone(), hiv.clone(), threads[0].clone(), threads[1].clone()];
    let keys = pair.clinic.preview_keys(&chosen, &KEY).unwrap();
    pair.clinic.preview_keys(&[], &KEY).unwrap();
    for thread in &chosen {
        let notice = thread.notice(&thread.send(&Message::text("here")).unwrap()).unwrap();
        assert_eq!(open_preview(&notice, &keys, &KEY).unwrap().thread, thread.id());
    }
    let left_out = threads[2].notice(&threads[2].send(&Message::text("there")).unwrap()).unwrap();
    assert_eq!(open_preview(&left_out, &keys, &KEY), Err(Error::OutsidePreview));
    let many = vec![hiv; MOST_THREADS + 1];
    assert_eq!(pair.clinic.preview_keys(&many, &KEY).unwrap_err(), Error::TooManyPreviews);
    assert_eq!(pair.lee.preview_keys(&chosen, &KEY).unwrap_err(), Error::UnknownChart);
}

#[test]
fn what_is_not_a_new_message_is_outside() {
    let pair = pair();
    let (keys, chart) = (pair.keys(), pair.ours.chart());
    let said = pair.ours.send(&Message::text("said")).unwrap();
    let before = all(chart).len();
    chart.put(&Record::opaque("text/plain", "a record")).unwrap();
    pair.ours.react(&said, "+1").unwrap();
    assert!(pair.ours.acknowledge(&said, Receipt::Read).unwrap());
    pair.ours.edit(&said, &Message::text("changed")).unwrap();
    pair.ours.delete(&said).unwrap();
    chart.start_thread("Another", &Label::general()).unwrap();
    let stored = all(chart);
    assert_eq!(stored.len(), before + 6);
    for notice in &stored[before..] {
        assert_eq!(open_preview(notice, &keys, &KEY), Err(Error::OutsidePreview));
    }
    // What was deleted since is shown all the same: nothing tells of it here.
    assert_eq!(open_preview(&stored[before - 1], &keys, &KEY).unwrap().text, "said");
}

#[test]
fn that_they_were_made_is_told() {
    let pair = pair();
    pair.keys();
    pair.ours.notice(&pair.ours.send(&Message::text("said")).unwrap()).unwrap();
    let events = pair.clinic.audit().unwrap();
    let told =
        |kind| events.iter().filter(|event| event.kind == kind && event.chart == Some(pair.ours.chart().id())).count();
    assert_eq!((told(EventKind::Access), told(EventKind::Export)), (1, 2));
}

/// Attack 4, of what is sealed for the device alone, and attack 11.
#[test]
fn a04_a_changed_byte_opens_nothing() {
    let pair = pair();
    let (keys, notice) = (pair.keys(), pair.said("It is not broken."));
    open_preview(&notice, &keys, &KEY).unwrap();
    for at in 0..notice.len() {
        let mut changed = notice.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(open_preview(&changed, &keys, &KEY).is_err(), "byte {at} of the notice");
        assert!(open_preview(&notice[..at], &keys, &KEY).is_err(), "{at} bytes of the notice");
    }
    for at in 0..keys.len() {
        let mut changed = keys.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(
            matches!(open_preview(&notice, &changed, &KEY), Err(FAILED | Error::NewerFormat)),
            "byte {at} of the keys"
        );
    }
    for more in [[&notice[..], &[0]].concat(), notice.repeat(2)] {
        assert!(open_preview(&more, &keys, &KEY).is_err());
    }
    assert_eq!(open_preview(&notice, &[&keys[..], &[0]].concat(), &KEY), Err(FAILED));
    assert_eq!(open_preview(&notice, &vec![0; 2 << 20], &KEY), Err(FAILED));
    assert_eq!(open_preview(&notice, &[], &KEY), Err(FAILED));
}

/// Who finds a phone has its storage and not its keys.
#[test]
fn a04_another_device_key_opens_nothing() {
    let pair = pair();
    let (keys, notice) = (pair.keys(), pair.said("It is not broken."));
    assert_eq!(open_preview(&notice, &keys, &[78; 32]), Err(FAILED));
    // Nor do the keys of another vault, under the same device key.
    let theirs = pair.lee.preview_keys(core::slice::from_ref(&pair.theirs), &KEY).unwrap();
    open_preview(&notice, &theirs, &KEY).unwrap();
    let mixed = Sealed::parts_of(&theirs, &keys);
    assert_eq!(open_preview(&notice, &mixed, &KEY), Err(FAILED));
}

/// Attack 9.
#[test]
fn b09_a_notice_of_another_chart() {
    let pair = pair();
    let other = pair.clinic.create_chart().unwrap();
    let thread = other.start_thread("Elsewhere", &Label::general()).unwrap();
    let notice = thread.notice(&thread.send(&Message::text("elsewhere")).unwrap()).unwrap();
    assert_eq!(open_preview(&notice, &pair.keys(), &KEY), Err(Error::OutsidePreview));
    let both = pair.clinic.preview_keys(&[pair.ours.clone(), thread], &KEY).unwrap();
    open_preview(&notice, &both, &KEY).unwrap();
    let mut moved = notice;
    moved[60..92].copy_from_slice(ChartId::as_bytes(&pair.ours.chart().id()));
    assert_eq!(open_preview(&moved, &both, &KEY), Err(Error::OutsidePreview));
}

/// Attack 58: old keys open nothing that is written after a revocation, and new ones nothing of who was revoked.
#[test]
fn h58_keys_end_with_a_revocation() {
    let pair = pair();
    let (kim, chart) = (vault("Dr. Kim", 3), pair.ours.chart());
    let (before, to_kim) = (pair.keys(), meet(&pair.clinic, &kim));
    chart.share(&to_kim, &Grant::write()).unwrap();
    meet(&kim, &pair.clinic);
    kim.import(&chart.export(&to_kim, Cursor::START).unwrap()).unwrap();
    let keys = pair.keys();
    let hers = kim.chart(&chart.id()).unwrap().thread(&pair.ours.id()).unwrap();
    let early = hers.notice(&hers.send(&Message::text("early")).unwrap()).unwrap();
    assert_eq!(open_preview(&early, &before, &KEY), Err(Error::OutdatedPreview));
    assert_eq!(open_preview(&early, &keys, &KEY).unwrap().author, "Dr. Kim");

    let own = pair.ours.notice(&pair.ours.send(&Message::text("own")).unwrap()).unwrap();
    assert_eq!(open_preview(&own, &keys, &KEY).unwrap().text, "own");

    chart.revoke(&to_kim).unwrap();
    let after = pair.ours.notice(&pair.ours.send(&Message::text("after")).unwrap()).unwrap();
    assert_eq!(open_preview(&after, &keys, &KEY), Err(Error::OutdatedPreview));
    let renewed = pair.keys();
    assert_eq!(open_preview(&after, &renewed, &KEY).unwrap().text, "after");
    let late = hers.notice(&hers.send(&Message::text("late")).unwrap()).unwrap();
    assert_eq!(open_preview(&late, &renewed, &KEY), Err(Error::OutsidePreview));
    // What was wrapped anew under the keys of now was written before, whoever wrote it.
    let again = |open: &OpenChart, _: &dyn crate::store::Snapshot| {
        let (wrap, bytes) = own.split_at(crate::keys::Wrap::LEN);
        let wrap = open.keys.rewrap_entry(bytes, &crate::keys::Wrap::from_slice(wrap).unwrap())?;
        Ok([&wrap.to_bytes()[..], bytes].concat())
    };
    let again = chart.read(again).unwrap();
    assert_eq!(open_preview(&again, &renewed, &KEY), Err(Error::OutsidePreview));
    assert_eq!(open_preview(&again, &keys, &KEY), Err(Error::OutdatedPreview));
}

/// Attack 62: who may only read, or no longer writes.
#[test]
fn h62_only_who_may_write_is_believed() {
    let pair = pair();
    let (keys, notice) = (pair.keys(), pair.said("It is not broken."));
    let time_ms = open_preview(&notice, &keys, &KEY).unwrap().time_ms;
    let with = |until: Option<Option<i64>>| altered(&pair.clinic, &keys, |keys| keys.only_until(until));
    assert_eq!(open_preview(&notice, &with(None), &KEY), Err(Error::OutdatedPreview));
    assert_eq!(open_preview(&notice, &with(Some(Some(time_ms - 1))), &KEY), Err(Error::OutdatedPreview));
    open_preview(&notice, &with(Some(Some(time_ms))), &KEY).unwrap();

    // As the vault says it: Dr. Lee's right has an end, and Dr. Kim may read.
    let chart = pair.ours.chart();
    let kim = meet(&pair.clinic, &vault("Dr. Kim", 3));
    chart.revoke(&pair.to_lee).unwrap();
    chart.share(&pair.to_lee, &Grant::write().until(time_ms + 1_000_000)).unwrap();
    chart.share(&kim, &Grant::read()).unwrap();
    let writers = |open: &OpenChart, _: &dyn crate::store::Snapshot| {
        let key = open.keys.message_key(open.keys.slot_for(None)?, time_ms)?;
        Ok(key
            .writers
            .iter()
            .map(|(root, end)| (open.keys.cards().root(root).unwrap().name().to_owned(), *end))
            .collect::<Vec<_>>())
    };
    let mut writers = chart.read(writers).unwrap();
    writers.sort();
    assert_eq!(writers, [("Dr. Lee".into(), Some(time_ms + 1_000_000)), ("Riverside Clinic".into(), None)]);
}

#[test]
fn what_is_not_in_order_is_refused() {
    let pair = pair();
    let other = pair.ours.chart().start_thread("Two", &Label::general()).unwrap();
    let keys = pair.clinic.preview_keys(&[pair.ours.clone(), other], &KEY).unwrap();
    let notice = pair.said("in order");
    for what in 0..Keys::ORDERS {
        let turned = altered(&pair.clinic, &keys, |keys| keys.turn(what));
        assert_eq!(open_preview(&notice, &turned, &KEY), Err(FAILED), "{what}");
    }
    open_preview(&notice, &altered(&pair.clinic, &keys, |_| {}), &KEY).unwrap();
}

fn version_of(bytes: &[u8]) -> VersionId {
    VersionId::from_slice(&bytes[108..124]).unwrap()
}
