//! Where time comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time. An application may bring its own: a trusted source, or one for tests.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Nanoseconds since then, as well as the clock tells: keys of files depend on it beside randomness.
    fn now_ns(&self) -> i64 {
        self.now_ms().saturating_mul(1_000_000)
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        i64::try_from(since_1970().as_millis()).unwrap_or(i64::MAX)
    }

    fn now_ns(&self) -> i64 {
        i64::try_from(since_1970().as_nanos()).unwrap_or(i64::MAX)
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
