//! What a member with other software seals and has pushed.

use super::*;
use crate::crypto::sign::SigningKey;
use crate::envelope::{self, Header, Metadata, SealedEntry};
use crate::keys::{ContentKey, Identity};
use crate::vault::thread::{Body, MEDIA_TYPE};
use std::sync::Arc;

/// Seals with the chart's own key what a message is changed into, signed by whoever says so.
fn sealed(
    pair: &Pair,
    notice: &[u8],
    signer: &Signer<'_>,
    change: impl FnOnce(&mut Metadata, &mut Vec<u8>),
) -> Vec<u8> {
    let work = |open: &OpenChart, _: &dyn crate::store::Snapshot| {
        let entry = SealedEntry::from_bytes(notice)?;
        let opened = open.keys.open_entry(&entry.bytes, &entry.wrap, None)?;
        let key = open.keys.message_key(opened.slot, 0)?;
        let content_key = ContentKey::new(open.keys.suite(), opened.slot, Kind::Message, key.path, &key.secret);
        let (mut metadata, mut content) = (opened.metadata, opened.content.to_vec());
        change(&mut metadata, &mut content);
        metadata.content_len = content.len() as u64;
        let header = Header { version: VersionId::random().unwrap(), ..opened.header };
        Ok(envelope::seal(&header, &metadata, &content, signer, &content_key).unwrap().to_bytes())
    };
    pair.theirs.chart().read(work).unwrap()
}

type Signer<'a> = SigningKey<role::ObjectSigning>;

fn identity(vault: &Vault) -> Arc<Identity> {
    vault.inner.with(|session| Ok(Arc::clone(session.unlocked.identity()))).unwrap()
}

/// Attack 8: Dr. Lee holds every key, and says that the clinic wrote it.
#[test]
fn a08_a_message_in_the_name_of_another() {
    let pair = pair();
    let (keys, notice) = (pair.keys(), pair.said("honest"));
    let (lee, clinic) = (identity(&pair.lee), identity(&pair.clinic));
    let honest = sealed(&pair, &notice, &lee.object, |_, _| {});
    assert_eq!(open_preview(&honest, &keys, &KEY).unwrap().author, "Dr. Lee");
    let forged = sealed(&pair, &notice, &lee.object, |metadata, _| metadata.author = clinic.device_card.hash());
    assert!(matches!(open_preview(&forged, &keys, &KEY), Err(Error::Unopenable { .. })));
}

/// Attack 13: what the vault would not take for a message of this thread.
#[test]
fn b13_a_message_that_says_two_things() {
    let pair = pair();
    let (keys, notice, lee) = (pair.keys(), pair.said("honest"), identity(&pair.lee));
    let says = |change: fn(&mut Metadata)| {
        let notice = sealed(&pair, &notice, &lee.object, |metadata, _| change(metadata));
        open_preview(&notice, &keys, &KEY)
    };
    says(|_| {}).unwrap();
    let changes: [fn(&mut Metadata); 4] = [
        |metadata| Arc::make_mut(&mut metadata.terms).kind = "reaction".into(),
        |metadata| Arc::make_mut(&mut metadata.terms).codes[0].value = EntryId::random().unwrap().to_string(),
        |metadata| Arc::make_mut(&mut metadata.terms).codes[0].system = "urn:other".into(),
        |metadata| metadata.media_type = "text/plain".into(),
    ];
    for change in changes {
        assert!(matches!(says(change), Err(Error::Unopenable { .. })));
    }
    // A version of what somebody else may have written, and one that was signed in another epoch.
    assert_eq!(says(|metadata| metadata.parents = vec![VersionId::from_bytes([1; 16])]), Err(Error::OutsidePreview));
    assert_eq!(says(|metadata| metadata.epoch = 0), Err(Error::OutsidePreview));
    assert_eq!(says(|metadata| metadata.tombstone = true), Err(Error::OutsidePreview));
    // Of another thread, whose id is not among those that were chosen.
    let other = pair.theirs.chart().start_thread("Another", &Label::general()).unwrap();
    let elsewhere = sealed(&pair, &notice, &lee.object, |metadata, content| {
        let mut body = Body::from_bytes(content).unwrap();
        body.thread = other.id();
        *content = body.to_bytes().unwrap().to_vec();
        Arc::make_mut(&mut metadata.terms).codes[0].value = other.id().to_string();
    });
    assert_eq!(open_preview(&elsewhere, &keys, &KEY), Err(Error::OutsidePreview));
    assert!(version_of(&elsewhere) != version_of(&notice));
    assert_eq!(MEDIA_TYPE, "application/vnd.ampoule.message+cbor");
}
