//! How far something is, and ending it.

use crate::HookError;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Is told how far something is.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// How many bytes, or versions where versions are checked, are done so far. Where it throws, the work ends as if it were
    /// cancelled.
    fn on_progress(&self, done: u64) -> Result<(), HookError>;
}

/// Ends the work that it was given to, at its next step: `Cancelled`. A token stays cancelled.
#[derive(Debug, Default, uniffi::Object)]
pub struct CancelToken {
    cancelled: AtomicBool,
}

#[uniffi::export]
impl CancelToken {
    /// A token that is not cancelled.
    #[uniffi::constructor]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends what it was given to.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// What the caller gave to follow and end a piece of work.
pub(crate) struct Following {
    pub(crate) listener: Option<Arc<dyn ProgressListener>>,
    pub(crate) cancel: Option<Arc<CancelToken>>,
}

impl Following {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(|cancel| cancel.is_cancelled())
    }

    /// Tells the listener; says whether to go on.
    pub(crate) fn step(&self, done: u64) -> ControlFlow<()> {
        let stopped = self.listener.as_ref().is_some_and(|listener| listener.on_progress(done).is_err());
        if stopped || self.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
