//! Waiting for one's turn to write.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// Lets one writer in at a time. A plain mutex would wait without end, and for ever where a thread that writes asks for
/// a second turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    taken: Mutex<bool>,
    given_back: Condvar,
}

/// A turn, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
}

impl Turns {
    /// Waits for a turn for at most `patience`.
    pub(super) fn wait(&self, patience: Duration) -> Result<Turn<'_>, StoreError> {
        let deadline = Instant::now().checked_add(patience);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while *taken {
            let left = deadline.map_or(patience, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(StoreError::Busy);
            }
            taken = self.given_back.wait_timeout(taken, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken = true;
        Ok(Turn { turns: self })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.turns.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.turns.given_back.notify_one();
    }
}
