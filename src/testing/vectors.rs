//! Vectors: vaults that are made with fixed randomness, and the values on the way from a factor to each plaintext.

mod blobs;

pub use blobs::{blob_content, make_blobs};

use super::hazmat::with_fixed_randomness;
use crate::codec::{self, ChartId, EntryId, GrantId, padding};
use crate::crypto::{Role, Secret, Suite, chunked, kdf, kdf::Deriver, role};
use crate::envelope::{self, Header, Metadata};
use crate::error::Error;
use crate::keys::chart::{CardBook, ChartKeys, CheckOf, ContentKey, GrantRow, LedgerRow, Path, Ring, check_value};
use crate::keys::{Grant, Recovery, Unlock, Unlocked};
use crate::record::{Code, Label, Patient, Record, Terms};
use crate::store::{MemoryStore, Snapshot, Store, Table};
use crate::vault::{
    Chart, Clock, Contact, Cursor, Message, Receipt, StoredEntry, Thread, Vault, VaultOptions, log_id, open_preview,
    preview_parts,
};
use core::fmt;
use std::sync::Arc;

/// A value of a vector. It shows itself as JSON, bytes as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Bytes.
    Bytes(Vec<u8>),
    /// A number.
    Number(u64),
    /// Several values in order.
    List(Vec<Value>),
    /// Values with names. Names have letters and underscores only.
    Named(Vec<(&'static str, Value)>),
}

/// The vectors of a suite: two vaults, a chart that one shares with the other, and the bundle.
pub fn make(suite: Suite) -> Result<Value, Error> {
    with_fixed_randomness(suite.name().as_bytes(), || made(suite))
}

const DEVICE_KEY: [u8; 32] = [7; 32];
const NOW_MS: i64 = 1_750_000_000_000;

struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}

fn made(suite: Suite) -> Result<Value, Error> {
    let (at_clinic, at_lee) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    let clinic = vault(suite, &at_clinic, "Riverside Clinic")?;
    let lee = vault(suite, &at_lee, "Dr. Lee")?;
    let (to_lee, _) = (acquaint(&clinic, &lee)?, acquaint(&lee, &clinic)?);
    let chart = clinic.create_chart()?;
    let names = vec!["Amélie Example".into()];
    chart.describe(&Patient { names, ..Patient::default() })?;
    let records = records();
    for record in &records {
        chart.put(record)?;
    }
    let (thread, question) = converse(&chart)?;
    chart.share(&to_lee, &Grant::write().label(Label::general()))?;
    let bundle = chart.export(&to_lee, Cursor::START)?;
    lee.import(&bundle)?;
    let contents = chart.list()?.into_iter().map(|found| Ok(bytes(chart.get(&found.id)?.content())));
    let contents = contents.collect::<Result<_, Error>>()?;
    Ok(Value::Named(vec![
        ("device_key", bytes(&DEVICE_KEY)),
        ("chart", bytes(chart.id().as_bytes())),
        ("contents", Value::List(contents)),
        ("owner", of_vault(&*at_clinic, suite, &chart.id())?),
        ("recipient", of_vault(&*at_lee, suite, &chart.id())?),
        ("bundle", bytes(&bundle)),
        ("preview", of_preview(&clinic, &thread, &question)?),
    ]))
}

/// The device key of previews alone.
const PREVIEW_KEY: [u8; 32] = [77; 32];

/// Preview keys, and a notice that they open.
fn of_preview(vault: &Vault, thread: &Thread, message: &EntryId) -> Result<Value, Error> {
    let keys = vault.preview_keys(core::slice::from_ref(thread), &PREVIEW_KEY)?;
    let notice = thread.notice(message)?;
    let shown = open_preview(&notice, &keys, &PREVIEW_KEY)?;
    let (sealing_key, plain) = preview_parts(&keys, &PREVIEW_KEY)?;
    Ok(Value::Named(vec![
        ("device_key", bytes(&PREVIEW_KEY)),
        ("keys", bytes(&keys)),
        ("sealing_key", bytes(sealing_key.expose())),
        ("plain", bytes(&plain)),
        ("notice", bytes(&notice)),
        ("thread", bytes(EntryId::as_bytes(&shown.thread))),
        ("entry", bytes(EntryId::as_bytes(&shown.id))),
        ("author", bytes(shown.author.as_bytes())),
        ("text", bytes(shown.text.as_bytes())),
    ]))
}

/// One of each that is said in a thread.
fn converse(chart: &Chart) -> Result<(Thread, EntryId), Error> {
    let thread = chart.start_thread("Blood pressure", &Label::general())?;
    let reading = chart.list()?.entries().first().map(|found| found.id).ok_or(Error::UnknownEntry)?;
    let question = thread.send(&Message::text("Any dizziness?"))?;
    let answer =
        thread.send(&Message::text("Yes").in_reply_to(&question).attach(&reading).attach_voice(&reading, 900))?;
    thread.react(&question, "👍")?;
    thread.acknowledge(&answer, Receipt::Delivered)?;
    thread.acknowledge(&answer, Receipt::Read)?;
    Ok((thread, question))
}

fn records() -> [Record; 3] {
    let codes = vec![Code { system: "http://loinc.org".into(), value: "85354-9".into() }];
    let terms = Terms { kind: "Observation".into(), codes, words: Terms::fold("Blood pressure"), ..Terms::default() };
    [
        Record::opaque("text/plain", b"blood pressure".as_slice()).with_terms(terms).named("Puls"),
        Record::opaque("", Vec::new()),
        Record::opaque("application/octet-stream", vec![0x5A; chunked::CHUNK]),
    ]
}

fn vault(suite: Suite, store: &Arc<MemoryStore>, name: &str) -> Result<Vault, Error> {
    let options = VaultOptions::new().suite(suite).clock(Fixed);
    let unlock = Unlock::device_key(&DEVICE_KEY);
    options.create(Arc::clone(store), name, &unlock, &Recovery::none_data_will_be_lost()).map(|(vault, _)| vault)
}

fn acquaint(vault: &Vault, other: &Vault) -> Result<Contact, Error> {
    let card = other.card()?;
    let contact = vault.contacts().add(&card.to_bytes())?;
    contact.verify(&card.fingerprint().digits())?;
    Ok(contact)
}

/// All rows of a vault, and the values that lead to their plaintexts.
fn of_vault(store: &dyn Store, suite: Suite, chart: &ChartId) -> Result<Value, Error> {
    let snapshot = store.read()?;
    let row = snapshot.get(Table::Vault, b"", b"state")?.ok_or(Error::NoVault)?;
    let unlock = Unlock::device_key(&DEVICE_KEY);
    let unlocked = Unlocked::open(&row, &unlock)?;
    let (vault_key, slot_secret) = unlocked.secrets(&unlock).ok_or_else(Error::unopenable)?;
    let sealed_ring = snapshot.get(Table::Keyring, b"", chart.as_bytes())?.ok_or(Error::UnknownChart)?;
    let ring = Ring::open(suite, unlocked.keyring_key(), &unlocked.vault_id(), chart, &sealed_ring)
        .map_err(Error::of_malformed)?;
    let log = log_id(&unlocked.identity().device_card.hash());
    let mut tables = Vec::new();
    for table in Table::ALL {
        for part in [&b""[..], b"charts", chart.as_bytes(), log.as_bytes()] {
            for (key, value) in snapshot.scan(table, part, None, usize::MAX)? {
                let number = Value::Number(u64::from(table as u8));
                tables.push(Value::List(vec![number, bytes(part), bytes(&key), bytes(&value)]));
            }
        }
    }
    let of_chart = OfChart { snapshot: &*snapshot, suite, chart, ring: &ring, unlocked: &unlocked };
    Ok(Value::Named(vec![
        ("rows", Value::List(tables)),
        ("slot_secret", bytes(&slot_secret)),
        ("vault_key", bytes(&vault_key)),
        ("keyring_key", bytes(unlocked.keyring_key().expose())),
        ("ring", bytes(&codec::encode_secret(&ring))),
        ("ledger", of_chart.ledger()?),
        ("grants", of_chart.grants()?),
        ("entries", of_chart.entries()?),
        ("index", of_chart.index()?),
    ]))
}

struct OfChart<'a> {
    snapshot: &'a dyn Snapshot,
    suite: Suite,
    chart: &'a ChartId,
    ring: &'a Ring,
    unlocked: &'a Unlocked,
}

impl OfChart<'_> {
    fn rows(&self, table: Table) -> Result<Vec<crate::store::Row>, Error> {
        Ok(self.snapshot.scan(table, self.chart.as_bytes(), None, usize::MAX)?)
    }

    fn unpadded(&self, key: &Secret<impl Role>, context: &[u8], sealed: &[u8]) -> Result<Value, Error> {
        let padded = chunked::open(self.suite, key, &[context], sealed).map_err(|_| Error::unopenable())?;
        padding::unpad(&padded).map(bytes).ok_or_else(Error::unopenable)
    }

    fn ledger(&self) -> Result<Value, Error> {
        let keys = self.ring.ledger_secrets().map_err(|_| Error::unopenable())?;
        let mut all = Vec::new();
        let mut previous = [0; 32];
        for (number, stored) in self.rows(Table::Ledger)? {
            let (epoch, sealed) = stored.split_first_chunk::<4>().ok_or_else(Error::unopenable)?;
            let hash = kdf::hash("ledger-entry", &[&stored]);
            let mut values = vec![("hash", bytes(&hash))];
            if *epoch != [0; 4] {
                let context = [&kdf::label("ledger")[..], self.chart.as_bytes(), epoch, &number, &previous].concat();
                let key = keys.get(&u32::from_be_bytes(*epoch)).and_then(|keys| keys.first());
                let key = key.ok_or_else(Error::unopenable)?;
                values.push(("key", bytes(key.expose())));
                values.push(("context", bytes(&context)));
                values.push(("statement", self.unpadded(key, &context, sealed)?));
            }
            previous = hash;
            all.push(Value::Named(values));
        }
        Ok(Value::List(all))
    }

    fn grants(&self) -> Result<Value, Error> {
        let me = self.unlocked.identity();
        let mut all = Vec::new();
        for (id, row) in self.rows(Table::Grants)? {
            let row = GrantRow::parse(&row).map_err(Error::of_malformed)?;
            let id = GrantId::from_slice(&id).ok_or_else(Error::unopenable)?;
            if row.recipient == me.root_card.hash() {
                let body = row.open(self.chart, &id, &me.kem).map_err(|_| Error::unopenable())?;
                let body = bytes(&codec::encode_secret(&body));
                let parties = [row.granter.as_bytes(), row.recipient.as_bytes()].map(<[u8; 32]>::as_slice).concat();
                let info = [&kdf::label("grant")[..], self.chart.as_bytes(), id.as_bytes(), &parties].concat();
                all.push(Value::Named(vec![
                    ("kem_seed", bytes(me.kem.expose())),
                    ("info", bytes(&info)),
                    ("body", body),
                    ("hash", bytes(row.hash().as_bytes())),
                ]));
            }
        }
        Ok(Value::List(all))
    }

    fn entries(&self) -> Result<Value, Error> {
        let rows = self.rows(Table::Entries)?;
        rows.iter().map(|(_, stored)| self.entry(stored)).collect::<Result<_, _>>().map(Value::List)
    }

    /// Every node that is held is tried, as a reader does who knows no compartment.
    fn entry(&self, stored: &[u8]) -> Result<Value, Error> {
        let failed = |_| Error::unopenable();
        let StoredEntry { wrap, bytes: sealed, .. } = StoredEntry::split(stored).ok_or_else(Error::unopenable)?;
        let (header, payload) = Header::split(sealed).map_err(|_| Error::unopenable())?;
        let (salt, commitment, _) = chunked::split(payload).map_err(failed)?;
        let bare = header.to_bytes();
        for compartment in self.compartments()? {
            let path = Path { chart: *self.chart, compartment: compartment.0, epoch: wrap.epoch };
            let deriver = Deriver::new(&compartment.1);
            let content: Secret<role::Content> = deriver.key(&[&path.to_bytes(), &[header.kind as u8]]);
            let key = ContentKey::new(self.suite, 0, header.kind, path, &content);
            let Ok(data_key) = key.unwrap(&bare, salt, commitment, &wrap) else { continue };
            let interior = chunked::open(self.suite, &data_key, &[&bare], payload).map_err(failed)?;
            let wrapped_in = [&path.to_bytes()[..], &kdf::lp_len(&bare), &bare, salt, commitment].concat();
            let check = check_value(&deriver, CheckOf::Compartment, &path.to_bytes());
            let (metadata, signature, plain) = parts(&interior).ok_or_else(Error::unopenable)?;
            let digests = [kdf::sha512(metadata), kdf::sha512(plain)];
            let signed =
                [&kdf::label("sign/object")[..], &bare, salt, commitment, &digests[0][..], &digests[1]].concat();
            return Ok(Value::Named(vec![
                ("path", bytes(&path.to_bytes())),
                ("compartment_key", bytes(compartment.1.expose())),
                ("compartment_check", bytes(check.as_bytes())),
                ("content_key", bytes(content.expose())),
                ("content_check", bytes(key.check().as_bytes())),
                ("header", bytes(&bare)),
                ("salt", bytes(salt)),
                ("commitment", bytes(commitment)),
                ("wrap_context", bytes(&wrapped_in)),
                ("wrap_key_and_nonce", bytes(&Deriver::new(&content).key_and_nonce("wrap", &[&wrapped_in])[..])),
                ("data_key", bytes(data_key.expose())),
                ("interior", bytes(&interior)),
                ("metadata", bytes(metadata)),
                ("signature_input", bytes(&signed)),
                ("signature", bytes(signature)),
                ("object_hash", bytes(envelope::object_hash(sealed).as_bytes())),
            ]));
        }
        Err(Error::unopenable())
    }

    /// Keys of all compartments that follow from the nodes.
    fn compartments(&self) -> Result<Vec<(codec::CompartmentId, Secret<role::Compartment>)>, Error> {
        let mut all = Vec::new();
        for node in self.ring.nodes() {
            let is_seed = node.of.compartment == codec::CompartmentId::from_bytes([0; 16]);
            if is_seed {
                let seed =
                    Secret::<role::ChartSeed>::from_slice(node.keys.expose()).map_err(|_| Error::unopenable())?;
                for id in self.ids()? {
                    let path = Path { chart: *self.chart, compartment: id, epoch: node.epoch };
                    all.push((id, Deriver::new(&seed).key(&[&path.to_bytes()])));
                }
            } else {
                let key = Secret::from_slice(node.keys.expose()).map_err(|_| Error::unopenable())?;
                all.push((node.of.compartment, key));
            }
        }
        Ok(all)
    }

    /// Ids of the compartments, from the key state. The owner alone needs them, and knows no card but his own.
    fn ids(&self) -> Result<Vec<codec::CompartmentId>, Error> {
        let rows = self.rows(Table::Ledger)?.into_iter().zip(self.rows(Table::Receipts)?);
        let rows = rows.map(|((_, stored), (_, receipt))| LedgerRow { stored, receipt }).collect::<Vec<_>>();
        let mut cards = CardBook::default();
        self.unlocked.identity().add_to(&mut cards);
        let keys = ChartKeys::assemble(rows, self.ring.clone(), cards, self.unlocked.identity())?;
        Ok(keys.compartment_ids())
    }

    fn index(&self) -> Result<Value, Error> {
        let key = self.ring.index_key().map_err(|_| Error::unopenable())?;
        let mut all = Vec::new();
        for (range, sealed) in self.rows(Table::Index)? {
            let context = [&kdf::label("index")[..], self.chart.as_bytes(), &range].concat();
            all.push(Value::Named(vec![
                ("key", bytes(key.expose())),
                ("context", bytes(&context)),
                ("body", self.unpadded(&key, &context, &sealed)?),
            ]));
        }
        Ok(Value::List(all))
    }
}

/// Metadata, signature and content of an interior that was sealed just now.
fn parts(interior: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (len, rest) = interior.split_first_chunk()?;
    let (encoded, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    let (signature, rest) = rest.split_at_checked(64)?;
    let metadata = Metadata::parse(encoded).ok()?;
    Some((encoded, signature, rest.get(..usize::try_from(metadata.content_len).ok()?)?))
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl Value {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, depth: usize| write!(f, "\n{:1$}", "", depth.saturating_mul(2));
        let next = depth.saturating_add(1);
        match self {
            Self::Bytes(bytes) => {
                f.write_str("\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("\"")
            }
            Self::Number(number) => write!(f, "{number}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    line(f, next)?;
                    value.write(f, next)?;
                }
                line(f, depth)?;
                f.write_str("]")
            }
            Self::Named(values) => {
                f.write_str("{")?;
                for (place, (name, value)) in values.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    line(f, next)?;
                    write!(f, "\"{name}\": ")?;
                    value.write(f, next)?;
                }
                line(f, depth)?;
                f.write_str("}")
            }
        }
    }
}
