//! Waiting for one's turn to write.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// Lets one writer in at a time. A plain mutex would wait without end, and for ever where a thread that writes asks for
/// a second turn.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: bool,
    /// To wake somebody costs a call of the kernel, also where nobody waits.
    waiting: usize,
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.taken {
            let left = deadline.map_or(patience, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Err(StoreError::Busy);
            }
            state.waiting = state.waiting.saturating_add(1);
            state = self.given_back.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting = state.waiting.saturating_sub(1);
        }
        state.taken = true;
        Ok(Turn { turns: self })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.taken = false;
        if state.waiting > 0 {
            self.turns.given_back.notify_one();
        }
    }
}
