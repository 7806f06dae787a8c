//! The one key that opens the messages of a compartment in the present epoch, to be used without the vault.

use super::ChartKeys;
use crate::codec::CardHash;
use crate::crypto::{Secret, role};
use crate::error::Error;
use crate::keys::Path;
use crate::keys::chart::node::NodeKind;
use crate::record::Kind;

/// What opens the messages of a compartment, and who may write them.
pub(crate) struct MessageKey {
    pub(crate) path: Path,
    /// It opens neither records nor files, nothing of another epoch, and no history.
    pub(crate) secret: Secret<role::Content>,
    /// Root cards of those who may write there now, each with the time until which he may, in order of the cards.
    pub(crate) writers: Vec<(CardHash, Option<i64>)>,
}

impl ChartKeys {
    /// The key of the messages of a compartment as it stands now.
    pub(crate) fn message_key(&self, slot: u8, now_ms: i64) -> Result<MessageKey, Error> {
        let epoch = self.authority().epoch();
        let path = *self.held.content(epoch, slot, Kind::Message).ok_or(Error::NotGranted)?.path();
        let secret = match self.held.compartment(epoch, slot) {
            Some(key) => key.content_secret(Kind::Message),
            // Who has no history holds the keys of the three kinds, one after the other.
            None => self.granted_secret(&path).ok_or(Error::NotGranted)?,
        };
        let mut writers = Vec::new();
        for member in self.members() {
            let may = |time_ms| self.view.may_write(&member.root, &path.compartment, time_ms);
            if may(now_ms) {
                let ends = member.grants.iter().filter_map(|fields| fields.not_after_ms).filter(|end| may(*end));
                writers.push((member.root, if may(i64::MAX) { None } else { ends.max() }));
            }
        }
        writers.sort_unstable_by_key(|(root, _)| *root);
        Ok(MessageKey { path, secret, writers })
    }

    fn granted_secret(&self, path: &Path) -> Option<Secret<role::Content>> {
        let mut nodes = self.ring.nodes().iter();
        let node = nodes.find(|node| {
            node.of.kind == NodeKind::Content && node.of.compartment == path.compartment && node.epoch == path.epoch
        })?;
        let (secrets, _) = node.keys.expose().as_chunks::<32>();
        let at = Kind::ALL.iter().position(|kind| *kind == Kind::Message)?;
        Secret::from_slice(secrets.get(at)?).ok()
    }
}
