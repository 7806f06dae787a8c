//! How far an export or import is, and ending it.

use ampoule::Error;
use std::ops::ControlFlow;

/// Bytes that are done, told to whoever follows.
pub(super) struct Steps<'a> {
    progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>,
    done: u64,
}

impl<'a> Steps<'a> {
    pub(super) fn new(progress: &'a mut dyn FnMut(u64) -> ControlFlow<()>) -> Self {
        Self { progress, done: 0 }
    }

    /// So many bytes of the piece at hand are done.
    pub(super) fn within(&mut self, bytes: u64) -> ControlFlow<()> {
        (self.progress)(self.done.saturating_add(bytes))
    }

    /// The piece at hand is done, which had so many bytes.
    pub(super) fn add(&mut self, bytes: u64) -> Result<(), Error> {
        self.done = self.done.saturating_add(bytes);
        if self.within(0).is_break() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
