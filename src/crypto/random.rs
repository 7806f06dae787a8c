//! Randomness from the operating system, and from nowhere else.

/// The operating system gave no randomness. Nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness; try again, or check that its random device is available")]
pub struct RandomError;

/// Fills `out` with random bytes.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), RandomError> {
    #[cfg(feature = "testing")]
    if fixed::fill(out) {
        return Ok(());
    }
    getrandom::fill(out).map_err(|_| RandomError)
}

/// `N` random bytes, for ids, salts and nonces.
pub(crate) fn array<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut out = [0; N];
    fill(&mut out)?;
    Ok(out)
}

/// Drawn once for the life of the process: two processes that were copied from one have the same, two that were started have
/// not.
pub(crate) fn of_process() -> Result<[u8; 16], RandomError> {
    static DRAWN: std::sync::OnceLock<[u8; 16]> = std::sync::OnceLock::new();
    #[cfg(feature = "testing")]
    {
        let mut drawn = [0; 16];
        if fixed::fill(&mut drawn) {
            return Ok(drawn);
        }
    }
    if let Some(drawn) = DRAWN.get() {
        return Ok(*drawn);
    }
    let drawn = array()?;
    Ok(*DRAWN.get_or_init(|| drawn))
}

/// Deterministic randomness for vectors, bound to the calling thread and to the length of one call.
#[cfg(feature = "testing")]
pub(crate) mod fixed {
    use sha2::{Digest, Sha512};
    use std::cell::RefCell;

    thread_local! {
        static STREAM: RefCell<Option<Stream>> = const { RefCell::new(None) };
    }

    struct Stream {
        seed: Vec<u8>,
        drawn: u64,
    }

    /// Runs `work` with all randomness of this thread derived from `seed`.
    pub(crate) fn with<T>(seed: &[u8], work: impl FnOnce() -> T) -> T {
        struct Restore(Option<Stream>);
        impl Drop for Restore {
            fn drop(&mut self) {
                STREAM.with_borrow_mut(|stream| *stream = self.0.take());
            }
        }
        let _restore =
            Restore(STREAM.with_borrow_mut(|stream| stream.replace(Stream { seed: seed.to_vec(), drawn: 0 })));
        work()
    }

    pub(super) fn fill(out: &mut [u8]) -> bool {
        STREAM.with_borrow_mut(|stream| {
            let Some(stream) = stream else { return false };
            for chunk in out.chunks_mut(64) {
                let block =
                    Sha512::new().chain_update(&stream.seed).chain_update(stream.drawn.to_be_bytes()).finalize();
                chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
                stream.drawn = stream.drawn.wrapping_add(1);
            }
            true
        })
    }
}
