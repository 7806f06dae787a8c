//! Events on their way to somebody else's audit.

use super::VaultOptions;
use super::audit::AuditEvent;
use super::event::Event;
use crate::codec::DeviceId;
use crate::crypto::{role, sign::SigningKey};
use crate::keys::Unlocked;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Is told every event of a vault, once it is in the log: the audit of a system that the vault is a part of.
///
/// It is called in the order of the log, during the call that wrote the event, and must not use the vault. Under
/// [`Audit::Strict`](crate::Audit::Strict) it has heard of a read before the plaintext is released. It hears what this process
/// writes; [`Vault::audit`](crate::Vault::audit) has all there is, also what was written while a store left open whether it
/// was. Closures that take an event are sinks.
pub trait EventSink: Send + Sync {
    /// Something was done, or tried.
    fn tell(&self, event: &AuditEvent);
}

impl<F: Fn(&AuditEvent) + Send + Sync> EventSink for F {
    fn tell(&self, event: &AuditEvent) {
        self(event);
    }
}

impl VaultOptions {
    /// Tells every event to `sink`. It has to be asked for each time that the vault is opened.
    #[must_use]
    pub fn event_sink(mut self, sink: impl EventSink + 'static) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }
}

/// Who writes a leaf, and who is told of it.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) signer: &'a SigningKey<role::LogSigning>,
    device: DeviceId,
    sink: Option<&'a dyn EventSink>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(options: &'a VaultOptions, unlocked: &'a Unlocked) -> Self {
        Self { signer: &unlocked.identity().log, device: unlocked.device(), sink: options.sink.as_deref() }
    }

    /// Tells of the events of a leaf that is in the store.
    pub(super) fn tell(self, leaf: u64, events: &[Zeroizing<Event>]) {
        let Some(sink) = self.sink else { return };
        for event in events {
            sink.tell(&AuditEvent::of(self.device, leaf, Event::clone(event)));
        }
    }
}
