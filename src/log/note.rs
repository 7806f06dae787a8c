//! Signed tree heads: a checkpoint of C2SP tlog-checkpoint in a signed note (<https://c2sp.org/signed-note>), and the
//! cosignatures of witnesses (<https://c2sp.org/tlog-cosignature>).
//!
//! ```text
//! ampoule/log/<log id in hexadecimal digits>
//! <number of leaves>
//! <root in base64>
//!
//! — ampoule/log/<log id> <base64 of key id and signature>
//! — <name of a witness> <base64 of key id, time and signature>
//! ```

use crate::codec::{LogId, Malformed};
use crate::crypto::merkle::{MOST_LEAVES, Node, Tree, sha256};
use crate::crypto::sign::{SIGNATURE_LEN, SigningKey, VerifyingKey};
use crate::crypto::{Failed, Role, role};
use crate::log::LogError;
use base64ct::{Base64, Encoding};
use core::fmt::Write;

const ORIGIN: &str = "ampoule/log/";
/// "em dash (U+2014), space (U+0020)".
const DASH: &str = "\u{2014} ";
/// "Ed25519 signatures as specified by this document."
const ED25519: u8 = 1;
/// "Timestamped Ed25519 witness cosignatures".
const COSIGNATURE: u8 = 4;
/// "Verifiers SHOULD apply a maximum limit to the number of signatures in a note, but MUST accept at least up to 16."
const MOST_OTHERS: usize = 16;
const MOST_NAME: usize = 255;
/// A signature of a scheme that is not known here may be this long; "post-quantum signatures can be up to nearly 5kB".
const MOST_SIGNATURE: usize = 6 << 10;
/// Longest note.
pub(crate) const MOST: usize = 128 << 10;

/// What a note says once its signature was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TreeHead {
    log: LogId,
    tree: Tree,
}

impl TreeHead {
    /// A head that was verified and kept.
    pub(crate) fn kept(log: LogId, tree: Tree) -> Self {
        Self { log, tree }
    }

    pub(crate) fn log(&self) -> LogId {
        self.log
    }

    /// Number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.tree.size
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// A note as it was received or made: well-formed. Only [`Note::verify`] gives what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    head: TreeHead,
    /// Key id and signature of the log's own line, whose name is the origin.
    id: [u8; 4],
    signature: [u8; SIGNATURE_LEN],
    others: Vec<Line>,
}

/// A signature line of another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl Note {
    /// Signs the head of a log.
    pub(super) fn sign(log: LogId, tree: Tree, key: &SigningKey<role::LogSigning>) -> Self {
        let signature = key.sign(body(&TreeHead { log, tree }).as_bytes());
        Self::signed(log, tree, &key.verifying_key(), signature)
    }

    /// Signs the next head of the same log with the same key: the key id need not be reckoned again.
    pub(super) fn next(&self, tree: Tree, key: &SigningKey<role::LogSigning>) -> Self {
        let head = TreeHead { log: self.head.log, tree };
        Self { head, id: self.id, signature: key.sign(body(&head).as_bytes()), others: Vec::new() }
    }

    /// The note of a head of a log, of which only the signature was kept. It is not verified.
    pub(super) fn signed(
        log: LogId,
        tree: Tree,
        key: &VerifyingKey<role::LogSigning>,
        signature: [u8; SIGNATURE_LEN],
    ) -> Self {
        let id = key_id(&origin(&log), ED25519, key);
        Self { head: TreeHead { log, tree }, id, signature, others: Vec::new() }
    }

    /// The log's own signature.
    pub(super) fn signature(&self) -> &[u8; SIGNATURE_LEN] {
        &self.signature
    }

    /// What the note says, if the log's device signed it.
    pub(crate) fn verify(&self, key: &VerifyingKey<role::LogSigning>) -> Result<TreeHead, LogError> {
        let known = self.id == key_id(&origin(&self.head.log), ED25519, key);
        if !known || key.verify(body(&self.head).as_bytes(), &self.signature).is_err() {
            return Err(LogError::WrongKey);
        }
        Ok(self.head)
    }

    /// What a note says that was signed or verified here.
    pub(super) fn own_head(&self) -> TreeHead {
        self.head
    }

    /// The log that the note claims to be of.
    pub(crate) fn unverified_log(&self) -> LogId {
        self.head.log
    }

    /// Takes the one form of a note.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = core::str::from_utf8(bytes).ok().filter(|text| text.len() <= MOST).ok_or(Malformed::Invalid)?;
        let note = parse(text).ok_or(Malformed::Invalid)?;
        // What the standard library reads in several forms, as numbers, has one form here.
        if note.to_bytes() == bytes { Ok(note) } else { Err(Malformed::Invalid) }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = body(&self.head);
        text.push('\n');
        let own = (origin(&self.head.log), &self.id, self.signature.as_slice());
        let others = self.others.iter().map(|line| (line.name.clone(), &line.id, line.signature.as_slice()));
        for (name, id, signature) in core::iter::once(own).chain(others) {
            let signature = Base64::encode_string(&[id, signature].concat());
            // Writing to a string does not fail.
            let _ = writeln!(text, "{DASH}{name} {signature}");
        }
        text.into_bytes()
    }

    #[cfg(test)]
    /// The note with signature lines that a witness gave for it, each ending in a newline. They are not verified.
    pub(crate) fn with_lines(&self, lines: &[u8]) -> Result<Self, Malformed> {
        Self::from_bytes(&[&self.to_bytes(), lines].concat())
    }

    /// When the witness says to have seen the head, in seconds since 1970-01-01 UTC; nothing if it did not sign. A
    /// signature of its key that does not verify refuses the note.
    pub(crate) fn cosigned_by(&self, witness: &Witness) -> Result<Option<u64>, LogError> {
        let id = key_id(&witness.name, COSIGNATURE, &witness.key);
        let Some(line) = self.others.iter().find(|line| line.name == witness.name && line.id == id) else {
            return Ok(None);
        };
        let (time, signature) = line.signature.split_first_chunk().ok_or(LogError::WrongKey)?;
        let time = u64::from_be_bytes(*time);
        let signature = signature.try_into().map_err(|_| LogError::WrongKey)?;
        let message = cosigned(time, &self.head);
        // "It MUST NOT exceed 2^63 - 1".
        if i64::try_from(time).is_err() || witness.key.verify(message.as_bytes(), signature).is_err() {
            return Err(LogError::WrongKey);
        }
        Ok(Some(time))
    }
}

/// A witness's name or key is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no name or key of a witness; take both as the witness published them")]
pub struct InvalidWitness;

/// Somebody who signs that he saw a head, and never signs two that contradict each other.
#[derive(Clone, Debug)]
pub struct Witness {
    name: String,
    key: VerifyingKey<role::WitnessSigning>,
}

impl Witness {
    /// A witness by name and Ed25519 key, as he published them.
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, InvalidWitness> {
        if !is_name(name) {
            return Err(InvalidWitness);
        }
        Ok(Self { name: name.into(), key: VerifyingKey::from_bytes(key).map_err(|Failed| InvalidWitness)? })
    }
}

/// "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]"
fn key_id<R: Role>(name: &str, kind: u8, key: &VerifyingKey<R>) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[kind], &key.to_bytes()]);
    [a, b, c, d]
}

fn origin(log: &LogId) -> String {
    format!("{ORIGIN}{log}")
}

/// The signed text, with its last newline.
fn body(head: &TreeHead) -> String {
    let TreeHead { log, tree: Tree { size, root } } = head;
    format!("{}\n{size}\n{}\n", origin(log), Base64::encode_string(root))
}

/// "two newline terminated lines (one header line and one timestamp line) followed by the whole note body"
fn cosigned(time: u64, head: &TreeHead) -> String {
    format!("cosignature/v1\ntime {time}\n{}", body(head))
}

fn parse(text: &str) -> Option<Note> {
    let (body, signatures) = text.split_once("\n\n")?;
    let mut lines = body.split('\n');
    let log: LogId = lines.next()?.strip_prefix(ORIGIN)?.parse().ok()?;
    let size = lines.next()?.parse().ok().filter(|size| (1..=MOST_LEAVES).contains(size))?;
    let root: Node = Base64::decode_vec(lines.next()?).ok()?.try_into().ok()?;
    let head = TreeHead { log, tree: Tree { size, root } };
    let mut lines = signatures.strip_suffix('\n')?.split('\n').map(line).collect::<Option<Vec<_>>>()?.into_iter();
    let own = lines.next()?;
    let others: Vec<Line> = lines.collect();
    let all = || [&own].into_iter().chain(&others);
    let once = |line: &Line| all().filter(|other| (&other.name, other.id) == (&line.name, line.id)).count() == 1;
    let fits = own.name == origin(&log) && others.len() <= MOST_OTHERS && all().all(once);
    let signature = own.signature.as_slice().try_into().ok()?;
    fits.then_some(Note { head, id: own.id, signature, others })
}

fn line(text: &str) -> Option<Line> {
    let (name, encoded) = text.strip_prefix(DASH)?.split_once(' ')?;
    let decoded = Base64::decode_vec(encoded).ok().filter(|decoded| decoded.len() <= MOST_SIGNATURE)?;
    let (id, signature) = decoded.split_first_chunk()?;
    let fits = is_name(name) && !signature.is_empty();
    fits.then(|| Line { name: name.into(), id: *id, signature: signature.to_vec() })
}

/// "Key names MUST be non-empty and MUST NOT contain any Unicode spaces or plus (U+002B) characters."
fn is_name(name: &str) -> bool {
    let refused = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
    !name.is_empty() && name.len() <= MOST_NAME && !name.contains(refused)
}
