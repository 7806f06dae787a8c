//! Attacks of an insider, who holds the content key and runs software of his own.

use super::*;
use crate::crypto::sign::SIGNATURE_LEN;
use std::sync::Arc;

/// An entry in parts, to be put together again in ways that no honest member would.
struct Parts {
    header: Header,
    salt: [u8; 24],
    data_key: Secret<role::DataKey>,
    metadata: Vec<u8>,
    signature: [u8; SIGNATURE_LEN],
    content: Vec<u8>,
}

fn parts(world: &World, sealed: &SealedEntry) -> Parts {
    let (header, payload) = Header::split(&sealed.bytes).unwrap();
    let (salt, commitment, _) = chunked::split(payload).unwrap();
    let header_bytes = header.to_bytes();
    let data_key = world.key.unwrap(&header_bytes, salt, commitment, &sealed.wrap).unwrap();
    let plaintext = chunked::open(header.suite, &data_key, &[&header_bytes], payload).unwrap();
    let metadata_end = 4 + u32::from_be_bytes(plaintext[..4].try_into().unwrap()) as usize;
    let metadata = plaintext[4..metadata_end].to_vec();
    let signature = plaintext[metadata_end..metadata_end + 64].try_into().unwrap();
    let len = usize::try_from(Metadata::parse(&metadata).unwrap().content_len).unwrap();
    let content = plaintext[metadata_end + 64..metadata_end + 64 + len].to_vec();
    Parts { header, salt: *salt, data_key, metadata, signature, content }
}

impl Parts {
    fn interior(&self) -> Vec<u8> {
        let parts: [&[u8]; 4] = [&kdf::lp_len(&self.metadata), &self.metadata, &self.signature, &self.content];
        let mut interior = parts.concat();
        interior.resize(interior.len() + interior::zeros(self.metadata.len(), self.content.len()).unwrap(), 0);
        interior
    }

    fn seal(&self, key: &ContentKey) -> SealedEntry {
        self.seal_interior(&self.interior(), key)
    }

    fn seal_interior(&self, interior: &[u8], key: &ContentKey) -> SealedEntry {
        let header_bytes = self.header.to_bytes();
        let message = MessageKey::derive(self.header.suite, &self.data_key, self.salt, &[&header_bytes]).unwrap();
        let mut bytes = header_bytes.to_vec();
        message.seal_into(interior, &mut bytes).unwrap();
        let wrap = key.wrap(&header_bytes, message.salt(), message.commitment(), &self.data_key).unwrap();
        SealedEntry { bytes, wrap }
    }

    fn change_metadata(&mut self, change: impl FnOnce(&mut Metadata)) {
        let mut metadata = Metadata::parse(&self.metadata).unwrap();
        change(&mut metadata);
        self.metadata = codec::encode(&metadata);
    }
}

/// The parts of an honest entry. Put together unchanged they are that entry again, so what is refused below is refused
/// for the change.
fn honest(world: &World) -> Parts {
    let sealed = seal_in(world);
    let parts = parts(world, &sealed);
    assert!(parts.seal(&world.key) == sealed);
    assert!(opened(world, &sealed).is_ok());
    parts
}

#[track_caller]
fn refused(world: &World, sealed: &SealedEntry) {
    assert_eq!(opened(world, sealed).err(), Some(OpenError::Failed));
}

#[test]
fn b09_moved_to_another_place_by_an_insider() {
    let world = world();
    let moves: [fn(&mut Header); 3] = [
        |header| header.entry = EntryId::from_bytes([12; 16]),
        |header| header.version = VersionId::from_bytes([13; 16]),
        |header| header.suite = Suite::ChaCha20Poly1305,
    ];
    for change in moves {
        let mut parts = honest(&world);
        change(&mut parts.header);
        refused(&world, &parts.seal(&world.key));
    }
    // Another chart that the same insider is in, and another kind: the right key for it, and the wrong signature.
    let mut parts = honest(&world);
    parts.header.chart = ChartId::from_bytes([9; 32]);
    let moved = parts.seal(&world.key);
    refused(&world, &moved);
    let there = open(&parts.header.chart, Suite::Aes256Gcm, &moved.bytes, &moved.wrap, [&world.key]).unwrap();
    assert_eq!(there.verify(&world.signer.verifying_key()).err(), Some(OpenError::Failed));
    // Signed for that chart by the author himself, and put into this one.
    parts.signature = sign(&world, &parts);
    let astray = parts.seal(&world.key);
    refused(&world, &astray);
    let there = open(&parts.header.chart, Suite::Aes256Gcm, &astray.bytes, &astray.wrap, [&world.key]).unwrap();
    assert!(there.verify(&world.signer.verifying_key()).is_ok());
    let mut parts = honest(&world);
    parts.header.kind = Kind::Message;
    let message_key = content_key(9, 5, 1, Kind::Message);
    let moved = parts.seal(&message_key);
    let read = open(&world.chart, Suite::Aes256Gcm, &moved.bytes, &moved.wrap, [&message_key]).unwrap();
    assert_eq!(read.verify(&world.signer.verifying_key()).err(), Some(OpenError::Failed));
}

#[test]
fn b10_name_type_time_or_size_changed_by_an_insider() {
    let world = world();
    let changes: [fn(&mut Metadata); 7] = [
        |metadata| metadata.name = Some("other.pdf".into()),
        |metadata| metadata.media_type = "text/html".into(),
        |metadata| metadata.time_ms += 1,
        |metadata| metadata.content_len -= 1,
        |metadata| metadata.tombstone = true,
        |metadata| metadata.label = "restricted".into(),
        |metadata| metadata.parents = vec![VersionId::from_bytes([7; 16])],
    ];
    for change in changes {
        let mut parts = honest(&world);
        parts.change_metadata(change);
        refused(&world, &parts.seal(&world.key));
    }
}

#[test]
fn b11_fields_of_two_entries_spliced_by_an_insider() {
    let mut world = world();
    let mine = honest(&world);
    world.metadata.media_type = "text/html".into();
    let other = seal(&world.header, &world.metadata, b"other", &world.signer, &world.key).unwrap();
    let other = parts(&world, &other);
    type Splice = fn(&mut Parts, Parts);
    let splices: [Splice; 6] = [
        |mine, other| mine.content = other.content,
        |mine, other| mine.metadata = other.metadata,
        |mine, other| mine.signature = other.signature,
        |mine, other| (mine.metadata, mine.content) = (other.metadata, other.content),
        |mine, other| (mine.metadata, mine.signature) = (other.metadata, other.signature),
        |mine, other| (mine.salt, mine.data_key) = (other.salt, other.data_key),
    ];
    for splice in splices {
        let mut spliced = Parts { data_key: mine.data_key.duplicate(), ..parts(&world, &mine.seal(&world.key)) };
        splice(&mut spliced, Parts { data_key: other.data_key.duplicate(), ..parts(&world, &other.seal(&world.key)) });
        refused(&world, &spliced.seal(&world.key));
    }
}

/// A custodian's software wraps a sensitive entry anew, for those who were granted less.
#[test]
fn b12_label_lowered_by_an_insider() {
    let world = world();
    let lower = content_key(9, 6, 1, Kind::Record);
    let lowered = honest(&world).seal(&lower);
    let read = open(&world.chart, Suite::Aes256Gcm, &lowered.bytes, &lowered.wrap, [&lower]);
    assert_eq!(read.err(), Some(OpenError::Failed));
    // Nor an entry of a later epoch under the key of an earlier one.
    let mut later = honest(&world);
    later.change_metadata(|metadata| metadata.epoch = 2);
    later.signature = sign(&world, &later);
    refused(&world, &later.seal(&world.key));
}

#[test]
fn b14_bytes_shifted_inside_the_seal() {
    let world = world();
    let parts = honest(&world);
    let interior = parts.interior();
    // The length before the metadata, one more and one less: bytes leave one field for its neighbour.
    for shift in [-1_i64, 1] {
        let mut shifted = interior.clone();
        let len = i64::try_from(parts.metadata.len()).unwrap() + shift;
        shifted[..4].copy_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        refused(&world, &parts.seal_interior(&shifted, &world.key));
    }
    // Between two texts of the metadata, the whole as long as before.
    let mut moved = honest(&world);
    moved.change_metadata(|metadata| {
        metadata.media_type = "text/plaing".into();
        metadata.label = "eneral".into();
    });
    assert_eq!(moved.metadata.len(), parts.metadata.len());
    refused(&world, &moved.seal(&world.key));
}

#[test]
fn b18_other_encodings_of_the_same_interior() {
    let world = world();
    let parts = honest(&world);
    // An array's length in two bytes, and a byte after the metadata: signed by the author himself.
    let longer = [&[0x98, 19][..], &parts.metadata[1..]].concat();
    let trailing = [&parts.metadata[..], &[0xF6]].concat();
    assert_eq!(parts.metadata[0], 0x93);
    for metadata in [longer, trailing] {
        let mut other = honest(&world);
        other.metadata = metadata;
        other.signature = sign(&world, &other);
        refused(&world, &other.seal(&world.key));
    }
    let mut same = honest(&world);
    same.signature = sign(&world, &same);
    assert!(opened(&world, &same.seal(&world.key)).is_ok());
}

#[test]
fn f41_another_suite_than_the_charts_by_the_author() {
    let world = world();
    let mut parts = honest(&world);
    parts.header.suite = Suite::ChaCha20Poly1305;
    parts.signature = sign(&world, &parts);
    let other = parts.seal(&world.key);
    refused(&world, &other);
    let there = open(&world.chart, Suite::ChaCha20Poly1305, &other.bytes, &other.wrap, [&world.key]).unwrap();
    assert!(there.verify(&world.signer.verifying_key()).is_ok());
}

#[test]
fn f44_unpadded_or_unsigned_interior() {
    let world = world();
    let parts = honest(&world);
    let interior = parts.interior();
    let unpadded = 4 + parts.metadata.len() + 64 + parts.content.len();
    let mut stained = interior.clone();
    stained[interior.len() - 1] = 1;
    for other in [interior[..unpadded].to_vec(), interior[..511].to_vec(), [&interior[..], &[0; 256]].concat(), stained]
    {
        refused(&world, &parts.seal_interior(&other, &world.key));
    }
    let mut unsigned = honest(&world);
    unsigned.signature = [0; 64];
    refused(&world, &unsigned.seal(&world.key));
    let mut coded = honest(&world);
    coded.change_metadata(|metadata| metadata.coding = 1);
    coded.signature = sign(&world, &coded);
    assert_eq!(opened(&world, &coded.seal(&world.key)).err(), Some(OpenError::Newer));
}

/// What honest software does not write, signed by who wrote it.
#[test]
fn h55_metadata_out_of_bounds_by_its_author() {
    let world = world();
    let with = |change: &dyn Fn(&mut Metadata)| {
        let mut parts = honest(&world);
        parts.change_metadata(change);
        parts.signature = sign(&world, &parts);
        parts.seal(&world.key)
    };
    let parents = |count: u8| (0..count).map(|byte| VersionId::from_bytes([byte; 16])).collect::<Vec<_>>();
    let words = |count: usize| vec![String::from("word"); count];
    assert!(opened(&world, &with(&|metadata| metadata.parents = parents(64))).is_ok());
    assert!(
        opened(&world, &with(&|metadata| Arc::make_mut(&mut metadata.terms).words = words(Terms::MAX_WORDS))).is_ok()
    );
    refused(&world, &with(&|metadata| metadata.parents = parents(65)));
    refused(&world, &with(&|metadata| Arc::make_mut(&mut metadata.terms).words = words(Terms::MAX_WORDS + 1)));
}

/// A reader holds the content key and another's signed interior.
#[test]
fn h62_interior_of_another_sealed_again() {
    let world = world();
    // As a second version, under a key of his own.
    let mut again = honest(&world);
    again.header.version = VersionId::from_bytes([33; 16]);
    again.data_key = Secret::generate().unwrap();
    refused(&world, &again.seal(&world.key));
    // As the same version, under a key of his own, or with another salt.
    let mut again = honest(&world);
    again.data_key = Secret::generate().unwrap();
    refused(&world, &again.seal(&world.key));
    let mut again = honest(&world);
    again.salt = [7; 24];
    refused(&world, &again.seal(&world.key));
    // As the same version under the same key, with another content.
    let mut again = honest(&world);
    again.content = b"jello".to_vec();
    refused(&world, &again.seal(&world.key));
}

fn sign(world: &World, parts: &Parts) -> [u8; SIGNATURE_LEN] {
    let header_bytes = parts.header.to_bytes();
    let message = MessageKey::derive(parts.header.suite, &parts.data_key, parts.salt, &[&header_bytes]).unwrap();
    world.signer.sign(&interior::signature_input(
        &header_bytes,
        message.salt(),
        message.commitment(),
        &kdf::sha512(&parts.metadata),
        &kdf::sha512(&parts.content),
    ))
}
