#![allow(clippy::arithmetic_side_effects)]
use super::*;
use crate::codec::{CardHash, CompartmentId, EntryId, Extensions, Version1, VersionId};
use crate::keys::Path;
use crate::record::{Kind, Terms};
use std::sync::Arc;

mod attacks;

struct World {
    chart: ChartId,
    header: Header,
    metadata: Metadata,
    signer: SigningKey<role::ObjectSigning>,
    key: ContentKey,
}

fn content_key(seed: u8, compartment: u8, epoch: u32, kind: Kind) -> ContentKey {
    let path =
        Path { chart: ChartId::from_bytes([1; 32]), compartment: CompartmentId::from_bytes([compartment; 16]), epoch };
    ContentKey::new(Suite::Aes256Gcm, compartment, kind, path, &Secret::from_slice(&[seed; 32]).unwrap())
}

fn world() -> World {
    let chart = ChartId::from_bytes([1; 32]);
    let header = Header {
        suite: Suite::Aes256Gcm,
        kind: Kind::Record,
        chart,
        entry: EntryId::from_bytes([2; 16]),
        version: VersionId::from_bytes([3; 16]),
    };
    let metadata = Metadata {
        version: Version1,
        author: CardHash::from_bytes([4; 32]),
        compartment: CompartmentId::from_bytes([5; 16]),
        epoch: 1,
        ledger_seq: 1,
        ledger_hash: Hash::from_bytes([6; 32]),
        chain: Some(Chain { seq: 1, previous: Hash::from_bytes([0; 32]) }),
        parents: vec![],
        time_ms: 7,
        content_len: 5,
        coding: 0,
        media_type: "text/plain".into(),
        label: "general".into(),
        name: None,
        tombstone: false,
        actor: None,
        terms: Arc::default(),
        request: None,
        extensions: Extensions::default(),
    };
    let signer = SigningKey::from_seed(Secret::from_slice(&[8; 32]).unwrap());
    World { chart, header, metadata, signer, key: content_key(9, 5, 1, Kind::Record) }
}

fn opened(world: &World, sealed: &SealedEntry) -> Result<Opened, OpenError> {
    open(&world.chart, Suite::Aes256Gcm, &sealed.bytes, &sealed.wrap, [&world.key])?
        .verify(&world.signer.verifying_key())
}

fn seal_in(world: &World) -> SealedEntry {
    seal(&world.header, &world.metadata, b"hello", &world.signer, &world.key).unwrap()
}

#[test]
fn comes_back_and_is_padded() {
    let world = world();
    let sealed = seal_in(&world);
    let entry = opened(&world, &sealed).unwrap();
    assert_eq!(&entry.content[..], b"hello");
    assert_eq!(entry.metadata, world.metadata);
    assert_eq!(sealed.bytes.len(), Header::LEN + chunked::sealed_len(512));
}

#[test]
fn every_changed_byte_of_entry_or_wrap_is_refused() {
    let world = world();
    let sealed = seal_in(&world);
    for at in 0..sealed.bytes.len() {
        let mut changed = sealed.clone();
        changed.bytes[at] ^= 0x40;
        assert!(opened(&world, &changed).is_err(), "byte {at}");
    }
    for at in 0..48 {
        let mut changed = sealed.clone();
        changed.wrap.sealed[at] ^= 1;
        assert_eq!(opened(&world, &changed).err(), Some(OpenError::NoKey), "wrap byte {at}");
    }
    for end in 0..sealed.bytes.len() {
        let mut cut = sealed.clone();
        cut.bytes.truncate(end);
        assert!(opened(&world, &cut).is_err(), "cut at {end}");
    }
}

#[test]
fn the_signature_binds_header_and_payload() {
    let world = world();
    let other_author = SigningKey::from_seed(Secret::from_slice(&[10; 32]).unwrap());
    let forged = seal(&world.header, &world.metadata, b"hello", &other_author, &world.key).unwrap();
    assert_eq!(opened(&world, &forged).err(), Some(OpenError::Failed));
}

#[test]
fn a_compartment_other_than_the_keys_is_refused() {
    let mut world = world();
    world.metadata.compartment = CompartmentId::from_bytes([6; 16]);
    let sealed = seal_in(&world);
    assert_eq!(opened(&world, &sealed).err(), Some(OpenError::Failed));
}

#[test]
fn an_epoch_later_than_the_keys_is_refused() {
    let mut world = world();
    world.metadata.epoch = 2;
    let sealed = seal_in(&world);
    assert_eq!(opened(&world, &sealed).err(), Some(OpenError::Failed));
}

#[test]
fn rewrapping_is_deterministic_and_touches_no_payload() {
    let world = world();
    let sealed = seal_in(&world);
    let later = content_key(11, 5, 2, Kind::Record);
    let wrap = rewrap(&sealed.bytes, &sealed.wrap, &world.key, &later).unwrap();
    assert_eq!(wrap, rewrap(&sealed.bytes, &sealed.wrap, &world.key, &later).unwrap());
    let entry = open(&world.chart, Suite::Aes256Gcm, &sealed.bytes, &wrap, [&later]).unwrap();
    assert_eq!(&entry.verify(&world.signer.verifying_key()).unwrap().content[..], b"hello");
    let elsewhere = content_key(11, 6, 2, Kind::Record);
    assert_eq!(rewrap(&sealed.bytes, &sealed.wrap, &world.key, &elsewhere), Err(OpenError::Failed));
}

#[test]
fn a_newer_format_says_so() {
    let world = world();
    let mut sealed = seal_in(&world);
    sealed.bytes[4] = 2;
    assert_eq!(opened(&world, &sealed).err(), Some(OpenError::Newer));
}

#[test]
fn the_size_bound_holds() {
    let world = world();
    for len in [0, 1, 511, 2000, 1 << 20] {
        let metadata = Metadata { content_len: len as u64, ..world.metadata.clone() };
        let sealed = seal(&world.header, &metadata, &vec![0; len], &world.signer, &world.key).unwrap();
        assert!(sealed.bytes.len() + Wrap::LEN <= sealed_size_max(len).unwrap());
    }
}
