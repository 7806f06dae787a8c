//! What a vault shows an auditor: the events of one chart, signed by its owner and sealed to one person's card.

use super::card::RootCard;
use super::device::LogEnd;
use super::identity::Identity;
use crate::codec::{
    self, CardHash, ChartId, DeviceId, Extensions, Malformed, Signed, StatementType, Version1, padding,
};
use crate::crypto::{Failed, Secret, Suite, chunked, kdf, role, seal, seal::SealError};
use minicbor::{Decode, Encode};
use zeroize::{Zeroize, Zeroizing};

/// Longest file, in bytes: checked before anything is parsed.
const MOST_BYTES: usize = 64 << 20;
/// There is nothing to negotiate.
const FILE_SUITE: Suite = Suite::Aes256Gcm;

/// A file as it travels: who made it for whom of which chart stands in the clear, and is believed once it opens.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct AuditFile {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    /// Root card of the vault's owner.
    #[n(2)]
    by: CardHash,
    /// Root card of the auditor.
    #[n(3)]
    to: CardHash,
    /// A key of this file alone, sealed to the auditor's card.
    #[cbor(n(4), with = "minicbor::bytes")]
    key: Vec<u8>,
    #[cbor(n(5), with = "minicbor::bytes")]
    sealed: Vec<u8>,
    #[n(6)]
    extensions: Extensions,
}

/// What the owner signs.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Audited {
    #[n(0)]
    version: Version1,
    #[n(1)]
    chart: ChartId,
    #[n(2)]
    by: CardHash,
    #[n(3)]
    to: CardHash,
    #[n(4)]
    pub(crate) time_ms: i64,
    /// Where the logs ended from which the events were taken, all devices of the vault.
    #[n(5)]
    pub(crate) logs: Vec<(DeviceId, LogEnd)>,
    /// Lines of JSON.
    #[n(6)]
    pub(crate) lines: String,
    #[n(7)]
    extensions: Extensions,
}

impl Drop for Audited {
    fn drop(&mut self) {
        self.lines.zeroize();
    }
}

impl AuditFile {
    /// Signs and seals the events of a chart.
    pub(crate) fn seal(
        by: &Identity,
        to: &RootCard,
        chart: ChartId,
        logs: Vec<(DeviceId, LogEnd)>,
        lines: &str,
        time_ms: i64,
    ) -> Result<Vec<u8>, SealError> {
        let (from, recipient) = (by.root_card.hash(), to.hash());
        let audited = Audited {
            version: Version1,
            chart,
            by: from,
            to: recipient,
            time_ms,
            logs,
            lines: lines.to_owned(),
            extensions: Extensions::default(),
        };
        let signed = Zeroizing::new(
            Signed::sign(StatementType::AuditFile, &by.root, &audited).map_err(|_| Failed)?.as_bytes().to_vec(),
        );
        let context = context(&chart, &from, &recipient);
        let key = Secret::<role::AuditFile>::generate().map_err(|_| SealError::Random)?;
        let padded = padding::pad(&signed).ok_or(Failed)?;
        let salt = chunked::salt(&key, &padded)?;
        let sealed = chunked::seal(FILE_SUITE, &key, salt, &[&context], &padded)?;
        let key = seal::seal_to(to.kem(), &context, key.expose())?;
        let file =
            Self { version: Version1, chart, by: from, to: recipient, key, sealed, extensions: Extensions::default() };
        let bytes = codec::encode(&file);
        if bytes.len() > MOST_BYTES { Err(Failed.into()) } else { Ok(bytes) }
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > MOST_BYTES {
            return Err(Malformed::Invalid);
        }
        codec::decode(bytes)
    }

    /// Of which chart, by whom and for whom it claims to be.
    pub(crate) fn claims(&self) -> (ChartId, CardHash, CardHash) {
        (self.chart, self.by, self.to)
    }

    /// Opens it, and verifies that this root signed it, for the reader and of the chart that it names.
    pub(crate) fn open(&self, me: &Identity, by: &RootCard) -> Result<Audited, Malformed> {
        let invalid = |_| Malformed::Invalid;
        let context = context(&self.chart, &self.by, &self.to);
        let key = seal::open_from(&me.kem, &context, &self.key).map_err(invalid)?;
        let key = Secret::<role::AuditFile>::from_slice(&key).map_err(|_| Malformed::Invalid)?;
        let padded = chunked::open(FILE_SUITE, &key, &[&context], &self.sealed).map_err(invalid)?;
        let signed = Signed::parse(padding::unpad(&padded).ok_or(Malformed::Invalid)?)?;
        let audited: Audited = signed.verify(StatementType::AuditFile, by.root_key())?;
        let named = (audited.chart, audited.by, audited.to) == self.claims()
            && (self.by, self.to) == (by.hash(), me.root_card.hash());
        if named { Ok(audited) } else { Err(Malformed::Invalid) }
    }
}

/// label("audit-file") ‖ chart ‖ root card of the owner ‖ root card of the auditor.
fn context(chart: &ChartId, by: &CardHash, to: &CardHash) -> Vec<u8> {
    let mut context = kdf::label("audit-file");
    for part in [chart.as_bytes(), by.as_bytes(), to.as_bytes()] {
        context.extend_from_slice(part);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::MemberKind;

    const CHART: ChartId = ChartId::from_bytes([7; 32]);

    fn member(name: &str) -> Identity {
        Identity::create(name, MemberKind::Person, 5).unwrap()
    }

    #[test]
    fn h52_a_file_for_an_auditor_is_of_its_owner_and_for_one_reader() {
        let (clinic, auditor, eve) = (member("Clinic"), member("Auditor"), member("Eve"));
        let bytes = AuditFile::seal(&clinic, &auditor.root_card, CHART, Vec::new(), "{}\n", 9).unwrap();
        let file = AuditFile::parse(&bytes).unwrap();
        let opened = file.open(&auditor, &clinic.root_card).unwrap();
        assert_eq!((&opened.lines[..], opened.time_ms), ("{}\n", 9));
        assert_eq!(file.open(&eve, &clinic.root_card).err(), Some(Malformed::Invalid));
        assert_eq!(file.open(&auditor, &eve.root_card).err(), Some(Malformed::Invalid));
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let opened = AuditFile::parse(&changed).and_then(|file| file.open(&auditor, &clinic.root_card));
            assert!(opened.is_err(), "byte {at}");
        }
        // What eve signs in the clinic's name, sealed to the auditor as anybody can.
        let forge = |signer: &Identity| {
            let (by, to) = (clinic.root_card.hash(), auditor.root_card.hash());
            let context = context(&CHART, &by, &to);
            let extensions = Extensions::default();
            let (logs, lines) = (Vec::new(), "{}\n".to_owned());
            let audited = Audited { version: Version1, chart: CHART, by, to, time_ms: 9, logs, lines, extensions };
            let signed = Signed::sign(StatementType::AuditFile, &signer.root, &audited).unwrap();
            let key = Secret::<role::AuditFile>::generate().unwrap();
            let padded = padding::pad(signed.as_bytes()).unwrap();
            let sealed = chunked::seal(FILE_SUITE, &key, [1; 24], &[&context], &padded).unwrap();
            let key = seal::seal_to(auditor.root_card.kem(), &context, key.expose()).unwrap();
            let extensions = Extensions::default();
            AuditFile { version: Version1, chart: CHART, by, to, key, sealed, extensions }
        };
        assert!(forge(&clinic).open(&auditor, &clinic.root_card).is_ok());
        assert_eq!(forge(&eve).open(&auditor, &clinic.root_card).err(), Some(Malformed::Invalid));
    }

    /// Attack 8: the auditor hands on what was signed for him as if it were for another.
    #[test]
    fn a08_a_file_for_one_auditor_is_none_for_another() {
        let (clinic, auditor, kim) = (member("Clinic"), member("Auditor"), member("Kim"));
        let bytes = AuditFile::seal(&clinic, &auditor.root_card, CHART, Vec::new(), "{}\n", 9).unwrap();
        let file = AuditFile::parse(&bytes).unwrap();
        let key = seal::open_from(&auditor.kem, &context(&CHART, &file.by, &file.to), &file.key).unwrap();
        let key = Secret::<role::AuditFile>::from_slice(&key).unwrap();
        let padded = chunked::open(FILE_SUITE, &key, &[&context(&CHART, &file.by, &file.to)], &file.sealed).unwrap();
        let context = context(&CHART, &file.by, &kim.root_card.hash());
        let again = AuditFile {
            to: kim.root_card.hash(),
            key: seal::seal_to(kim.root_card.kem(), &context, key.expose()).unwrap(),
            sealed: chunked::seal(FILE_SUITE, &key, [1; 24], &[&context], &padded).unwrap(),
            ..file
        };
        assert_eq!(again.open(&kim, &clinic.root_card).err(), Some(Malformed::Invalid));
    }
}
