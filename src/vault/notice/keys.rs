//! What preview keys hold, and how they are sealed.

use super::super::thread::Known;
use crate::codec::{
    self, CardHash, ChartId, CompartmentId, EntryId, Extensions, Malformed, SecretBytes, VaultId, Version1, padding,
};
use crate::codes;
use crate::crypto::{Secret, Suite, chunked, kdf, role};
use crate::error::Error;
use crate::keys::chart::MessageKey;
use crate::keys::{ContentKey, DeviceCard, Path, RootCard, UnlockError, card_hash};
use crate::record::Kind;
use minicbor::{Decode, Encode, bytes::ByteVec};
use std::collections::BTreeMap;

/// Most threads of one call.
pub(super) const MOST_THREADS: usize = 256;
/// Longest preview keys, in bytes, checked before anything is parsed: 1 MiB and what sealing adds.
const MOST_BYTES: usize = (1 << 20) + (4 << 10);
/// Suite of what is sealed for this device alone, as of the vault's state.
const SUITE: Suite = Suite::Aes256Gcm;

/// Preview keys as they are kept.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Sealed {
    #[n(0)]
    version: Version1,
    #[n(1)]
    vault: VaultId,
    #[cbor(n(2), with = "minicbor::bytes")]
    ciphertext: Vec<u8>,
    #[n(3)]
    extensions: Extensions,
}

/// What is sealed.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Keys {
    #[n(0)]
    version: Version1,
    /// When they were made.
    #[n(1)]
    time_ms: i64,
    /// Members who may write, by card hash.
    #[n(2)]
    roots: Vec<Author>,
    /// Statements of their devices' cards, by card hash.
    #[n(3)]
    devices: Vec<ByteVec>,
    /// By chart and compartment.
    #[n(4)]
    of_threads: Vec<ThreadKey>,
    #[n(5)]
    extensions: Extensions,
}

/// A member, and how well this vault knew him when the keys were made.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Author {
    #[cbor(n(0), with = "minicbor::bytes")]
    card: Vec<u8>,
    /// As [`codes::Known`].
    #[n(1)]
    known: u32,
}

/// The key of the messages of a compartment in one epoch.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct ThreadKey {
    #[n(0)]
    pub(super) chart: ChartId,
    #[n(1)]
    suite: u8,
    #[n(2)]
    compartment: CompartmentId,
    #[n(3)]
    pub(super) epoch: u32,
    #[n(4)]
    key: SecretBytes,
    /// Ascending.
    #[n(5)]
    pub(super) threads: Vec<EntryId>,
    /// Ascending.
    #[n(6)]
    writers: Vec<Writer>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Writer {
    #[n(0)]
    root: CardHash,
    #[n(1)]
    not_after_ms: Option<i64>,
}

impl Sealed {
    pub(super) fn seal(vault: VaultId, device_key: &Secret<role::DeviceFactor>, keys: &[u8]) -> Result<Vec<u8>, Error> {
        let padded = padding::pad(keys).ok_or(Error::TooManyPreviews)?;
        let key = sealing_key(&vault, device_key);
        let salt = chunked::salt(&key, &padded)?;
        let ciphertext =
            chunked::seal(SUITE, &key, salt, &[&context(&vault)], &padded).map_err(|_| Error::unopenable())?;
        let bytes = codec::encode(&Self { version: Version1, vault, ciphertext, extensions: Extensions::default() });
        if bytes.len() > MOST_BYTES { Err(Error::TooManyPreviews) } else { Ok(bytes) }
    }

    /// A device key that is wrong and bytes that are damaged look the same.
    pub(super) fn open(bytes: &[u8], device_key: &Secret<role::DeviceFactor>) -> Result<Keys, Error> {
        if bytes.len() > MOST_BYTES {
            return Err(UnlockError::UnlockFailed.into());
        }
        let sealed: Self = codec::decode(bytes).map_err(failed)?;
        let key = sealing_key(&sealed.vault, device_key);
        let padded = chunked::open(SUITE, &key, &[&context(&sealed.vault)], &sealed.ciphertext);
        let padded = padded.map_err(|_| Error::from(UnlockError::UnlockFailed))?;
        let keys = padding::unpad(&padded).ok_or(Malformed::Invalid).and_then(codec::decode::<Keys>).map_err(failed)?;
        if keys.is_in_order() { Ok(keys) } else { Err(UnlockError::UnlockFailed.into()) }
    }
}

/// The key under which preview keys are sealed, and what they are.
#[cfg(feature = "testing")]
pub(crate) fn preview_parts(
    bytes: &[u8],
    device_key: &[u8; 32],
) -> Result<(Secret<role::PreviewKeys>, zeroize::Zeroizing<Vec<u8>>), Error> {
    let device_key = Secret::from_slice(device_key).map_err(|_| Error::unopenable())?;
    let sealed: Sealed = codec::decode(bytes).map_err(failed)?;
    Ok((sealing_key(&sealed.vault, &device_key), codec::encode_secret(&Sealed::open(bytes, &device_key)?)))
}

fn failed(malformed: Malformed) -> Error {
    match malformed {
        Malformed::Newer => Error::NewerFormat,
        Malformed::Invalid => UnlockError::UnlockFailed.into(),
    }
}

/// D(device key, "preview-keys", vault).
fn sealing_key(vault: &VaultId, device_key: &Secret<role::DeviceFactor>) -> Secret<role::PreviewKeys> {
    kdf::derive(device_key, &[vault.as_bytes()])
}

/// label("preview-keys") ‖ vault.
fn context(vault: &VaultId) -> Vec<u8> {
    let mut context = kdf::label("preview-keys");
    context.extend_from_slice(vault.as_bytes());
    context
}

impl Keys {
    pub(super) fn new(time_ms: i64) -> Self {
        let extensions = Extensions::default();
        Self { version: Version1, time_ms, roots: Vec::new(), devices: Vec::new(), of_threads: Vec::new(), extensions }
    }

    pub(super) fn add_device(&mut self, device: &DeviceCard) {
        let at = self.devices.binary_search_by_key(&device.hash(), |other| card_hash(other));
        if let Err(at) = at {
            self.devices.insert(at, device.bytes().to_vec().into());
        }
    }

    pub(super) fn add_thread(&mut self, key: &MessageKey, suite: Suite, thread: EntryId) {
        let Path { chart, compartment, epoch } = key.path;
        let writers =
            key.writers.iter().map(|(root, not_after_ms)| Writer { root: *root, not_after_ms: *not_after_ms });
        let new = ThreadKey {
            chart,
            suite: suite as u8,
            compartment,
            epoch,
            key: SecretBytes::new(key.secret.expose()),
            threads: vec![thread],
            writers: writers.collect(),
        };
        match self.of_threads.binary_search_by_key(&new.place(), ThreadKey::place) {
            Ok(at) => {
                // Somebody may have changed the sharing since the thread before: what is known now counts for both.
                if let Some(known) = self.of_threads.get_mut(at) {
                    let mut threads = [&known.threads[..], &[thread]].concat();
                    threads.sort_unstable();
                    threads.dedup();
                    *known = ThreadKey { threads, ..new };
                }
            }
            Err(at) => self.of_threads.insert(at, new),
        }
    }

    pub(super) fn set_roots(&mut self, known: BTreeMap<CardHash, (Vec<u8>, Known)>) {
        let author = |(card, known)| Author { card, known: codes::Known::from(known).number() };
        self.roots = known.into_values().map(author).collect();
    }

    fn is_in_order(&self) -> bool {
        let Self { version: _, time_ms: _, roots, devices, of_threads, extensions: _ } = self;
        let roots: Vec<_> = roots.iter().map(|author| card_hash(&author.card)).collect();
        let devices: Vec<_> = devices.iter().map(|device| card_hash(device)).collect();
        roots.is_sorted_by(|one, next| one < next)
            && devices.is_sorted_by(|one, next| one < next)
            && of_threads.is_sorted_by(|one, next| one.place() < next.place())
            && of_threads.iter().all(ThreadKey::is_in_order)
    }

    /// The keys of a chart.
    pub(super) fn of_chart(&self, chart: ChartId) -> impl Iterator<Item = &ThreadKey> {
        self.of_threads.iter().filter(move |key| key.chart == chart)
    }

    /// A device and its owner, each verified: the owner by his own signature, the device by the owner's.
    pub(super) fn author(&self, device: &CardHash) -> Result<(DeviceCard, RootCard, Known), Error> {
        let statement = self.devices.iter().find(|bytes| card_hash(bytes) == *device);
        let statement = statement.ok_or(Error::OutdatedPreview)?;
        let root = DeviceCard::claimed_root(statement).ok_or_else(Error::unopenable)?;
        let author = self.roots.iter().find(|author| card_hash(&author.card) == root);
        let author = author.ok_or(Error::OutdatedPreview)?;
        let card = RootCard::open(&author.card).map_err(|error| Error::of_malformed(error.into()))?;
        let device = DeviceCard::open(statement, &card).map_err(|error| Error::of_malformed(error.into()))?;
        let known = codes::Known::of(author.known).ok_or_else(Error::unopenable)?;
        Ok((device, card, known.into()))
    }
}

impl ThreadKey {
    fn place(&self) -> (ChartId, CompartmentId) {
        (self.chart, self.compartment)
    }

    fn is_in_order(&self) -> bool {
        let Self { chart: _, suite: _, compartment: _, epoch: _, key: _, threads, writers } = self;
        threads.is_sorted_by(|one, next| one < next) && writers.is_sorted_by(|one, next| one.root < next.root)
    }

    pub(super) fn suite(&self) -> Result<Suite, Error> {
        Suite::from_u8(self.suite).ok_or(Error::NewerFormat)
    }

    pub(super) fn path(&self) -> Path {
        Path { chart: self.chart, compartment: self.compartment, epoch: self.epoch }
    }

    /// Ready for use.
    pub(super) fn content_key(&self) -> Result<ContentKey, Error> {
        let secret = Secret::from_slice(self.key.expose()).map_err(|_| Error::unopenable())?;
        Ok(ContentKey::new(self.suite()?, 0, Kind::Message, self.path(), &secret))
    }

    /// Whether a member could write here at this time, when the keys were made.
    pub(super) fn could_write(&self, root: &CardHash, time_ms: i64) -> bool {
        let mut writers = self.writers.iter();
        writers.any(|writer| writer.root == *root && writer.not_after_ms.is_none_or(|end| time_ms <= end))
    }
}

/// What tests change in preview keys.
#[cfg(test)]
impl Keys {
    /// How many orders there are to break.
    pub(super) const ORDERS: usize = 4;

    /// Breaks one of them.
    pub(super) fn turn(&mut self, what: usize) {
        let key = &mut self.of_threads[0];
        match what {
            0 => self.roots.reverse(),
            1 => self.devices.push(self.devices[0].clone()),
            2 => key.threads.reverse(),
            _ => key.writers.reverse(),
        }
    }

    /// Leaves every writer until then, or none.
    pub(super) fn only_until(&mut self, until: Option<Option<i64>>) {
        for key in &mut self.of_threads {
            match until {
                Some(end) => key.writers.iter_mut().for_each(|writer| writer.not_after_ms = end),
                None => key.writers.clear(),
            }
        }
    }

    /// Adds cards of devices, of nobody, until they are as long as they may be.
    pub(super) fn fill_up(&mut self) {
        let device = self.devices[0].clone();
        for number in 0..3_700_u32 {
            let mut other = device.clone();
            other[100..104].copy_from_slice(&number.to_be_bytes());
            self.devices.push(other);
        }
        self.devices.sort_by_key(|device| card_hash(device));
    }
}

#[cfg(test)]
impl Sealed {
    /// The name of one with what is sealed in the other.
    pub(super) fn parts_of(name: &[u8], sealed: &[u8]) -> Vec<u8> {
        let (name, sealed): (Self, Self) = (codec::decode(name).unwrap(), codec::decode(sealed).unwrap());
        codec::encode(&Self { vault: name.vault, ..sealed })
    }
}
