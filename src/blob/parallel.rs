//! Work on the chunks of a batch, by several threads. No thread outlives a call.

use crate::crypto::{Failed, chunked::SEALED_CHUNK};
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// How many chunks a thread takes at a time: 256 KiB, which stay in its cache.
const SHARE: u64 = 16;

/// Does `work` with the slot of each chunk and its number, the first being `first`. Results stand in the order of the slots.
pub(super) fn each_slot<R: Send>(
    threads: usize,
    slots: &mut [u8],
    first: u64,
    work: impl Fn(u64, &mut [u8]) -> Result<R, Failed> + Sync,
) -> Result<Vec<R>, Failed> {
    let one_after_another = |first: u64, slots: &mut [u8]| -> Result<Vec<R>, Failed> {
        (first..).zip(slots.chunks_mut(SEALED_CHUNK)).map(|(number, slot)| work(number, slot)).collect()
    };
    let share_len = usize::try_from(SHARE).map_err(|_| Failed)?.saturating_mul(SEALED_CHUNK);
    let shares = slots.len().div_ceil(share_len);
    if threads <= 1 || shares <= 1 {
        return one_after_another(first, slots);
    }
    let firsts = (0..).map(|share: u64| first.saturating_add(share.saturating_mul(SHARE)));
    let queue = Mutex::new(firsts.zip(slots.chunks_mut(share_len)));
    let take_all = || {
        let mut done = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((first, slots)) = next else { return Ok::<_, Failed>(done) };
            done.push((first, one_after_another(first, slots)?));
        }
    };
    thread::scope(|scope| {
        // Where the system has no thread to give, there are fewer, and this one does the rest.
        let start = |_| Builder::new().spawn_scoped(scope, take_all).ok();
        let others: Vec<_> = (1..threads.min(shares)).filter_map(start).collect();
        let mut done = take_all()?;
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        done.sort_unstable_by_key(|(first, _)| *first);
        Ok(done.into_iter().flat_map(|(_, results)| results).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_worked_on_once_and_in_order() {
        for threads in [0, 1, 2, 5] {
            for slots in [0, 1, 2, 15, 16, 17, 33, 70] {
                let mut bytes = vec![0; slots * SEALED_CHUNK - usize::from(slots > 0) * 77];
                let numbers = each_slot(threads, &mut bytes, 9, |number, slot| {
                    slot.iter_mut().for_each(|byte| *byte += 1);
                    Ok(number)
                });
                assert_eq!(numbers, Ok((9..9 + u64::try_from(slots).unwrap()).collect()), "{threads} {slots}");
                assert!(bytes.iter().all(|byte| *byte == 1));
            }
        }
    }

    #[test]
    fn one_failure_is_the_failure_of_all() {
        for bad in [0, 20, 69] {
            let work = |number, _: &mut [u8]| if number == bad { Err(Failed) } else { Ok(()) };
            assert_eq!(each_slot(2, &mut vec![0; 70 * SEALED_CHUNK], 0, work), Err(Failed));
        }
    }
}
