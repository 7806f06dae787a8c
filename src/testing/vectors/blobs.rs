//! Vectors of blobs: contents around the length of a chunk, and a longer one, each sealed with fixed randomness.

use super::{Value, bytes, with_fixed_randomness};
use crate::blob::Place;
use crate::codec::padding;
use crate::crypto::{Secret, Suite, TAG_LEN, chunked, kdf, random, role};
use crate::error::Error;
use crate::testing::blobs::Blob;
use crate::vault::local_id;

/// The longest has a tree whose right edge is no complete subtree, and ends with a chunk that is empty.
const LENS: [usize; 6] = [0, 1, chunked::CHUNK - 1, chunked::CHUNK, chunked::CHUNK + 1, 180_000];

/// The vectors of a suite. Byte i of each content is the remainder of 31·i by 251.
pub fn make_blobs(suite: Suite) -> Result<Value, Error> {
    let vectors = (1..).zip(LENS).map(|(number, len)| vector(suite, number, len).ok_or_else(Error::unopenable));
    vectors.collect::<Result<_, _>>().map(Value::List)
}

/// The content of a vector.
pub fn blob_content(len: usize) -> Vec<u8> {
    let period = (0_u32..251).map(|i| u8::try_from(i.wrapping_mul(31) % 251).unwrap_or_default());
    period.cycle().take(len).collect()
}

fn vector(suite: Suite, number: u8, len: usize) -> Option<Value> {
    let content = blob_content(len);
    let fixed = format!("{} blob {number}", suite.name());
    let blob = with_fixed_randomness(fixed.as_bytes(), || Blob::seal(suite, number, &content))?;
    let (Place { chart, blob: id, .. }, sealed) = blob.described()?;
    // Drawn again, in the same order.
    let (seed, process) = with_fixed_randomness(fixed.as_bytes(), || {
        Some((Secret::<role::BlobKeySeed>::generate().ok()?, random::of_process().ok()?))
    })?;
    let mut padded = content.clone();
    padded.resize(padding::padded_len(len)?, 0);
    let first_chunk = kdf::hash("first-chunk", &[padded.get(..chunked::CHUNK).unwrap_or(&padded)]);
    let (device, time) = Blob::hedge();
    let hedge = [&chart.as_bytes()[..], id.as_bytes(), &device, &time, &process, &first_chunk].concat();
    if sealed.key != kdf::derive(&seed, &[&hedge]) {
        return None;
    }
    let bound_to = [&kdf::label("blob")[..], chart.as_bytes(), id.as_bytes()].concat();
    let (salt, commitment, chunks) = chunked::split(&blob.chunks).ok()?;
    let expanded = chunked::expanded(suite, &sealed.key, salt, &[&bound_to]).ok()?;
    let (key, rest) = expanded.split_at_checked(32)?;
    let (base_nonce, _) = rest.split_at_checked(12)?;
    let tags = chunks.chunks(chunked::SEALED_CHUNK).map(|chunk| chunk.last_chunk::<TAG_LEN>().map(|tag| bytes(tag)));
    let tree: Secret<role::Outboard> = kdf::derive(&sealed.key, &[chart.as_bytes(), id.as_bytes()]);
    // Of some vault that takes it in.
    let index_key = Secret::<role::Index>::from_slice(&[number.wrapping_add(100); 32]).ok()?;
    let incoming = local_id(&index_key, &Place { suite, chart, blob: id }, &sealed);
    Some(Value::Named(vec![
        ("content_length", number_of(len)),
        ("content_hash", bytes(&kdf::sha512(&content))),
        ("padded_length", number_of(padded.len())),
        ("chart", bytes(chart.as_bytes())),
        ("blob", bytes(id.as_bytes())),
        ("seed", bytes(seed.expose())),
        ("first_chunk_hash", bytes(&first_chunk)),
        ("blob_key_context", bytes(&hedge)),
        ("blob_key", bytes(sealed.key.expose())),
        ("context", bytes(&bound_to)),
        ("salt", bytes(salt)),
        ("chunk_key", bytes(key)),
        ("base_nonce", bytes(base_nonce)),
        ("commitment", bytes(commitment)),
        ("tags", Value::List(tags.collect::<Option<_>>()?)),
        ("tree_key", bytes(tree.expose())),
        ("root", bytes(sealed.root.as_bytes())),
        ("index_key", bytes(index_key.expose())),
        ("incoming", bytes(incoming.as_bytes())),
        ("descriptor", bytes(&blob.descriptor)),
        ("outboard", bytes(&blob.outboard)),
        ("chunks", bytes(&blob.chunks)),
    ]))
}

fn number_of(len: usize) -> Value {
    Value::Number(u64::try_from(len).unwrap_or(u64::MAX))
}
