//! Work on the chunks of a batch, by several threads. No thread outlives a call.

use crate::crypto::Failed;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

/// How many chunks a thread takes at a time: 256 KiB, which stay in its cache.
const SHARE: usize = 16;

/// Does `work` with each of the items.
pub(super) fn each<T: Send>(
    threads: usize,
    items: &mut [T],
    work: impl Fn(&mut T) -> Result<(), Failed> + Sync,
) -> Result<(), Failed> {
    let shares = items.len().div_ceil(SHARE);
    if threads <= 1 || shares <= 1 {
        return items.iter_mut().try_for_each(work);
    }
    let queue = Mutex::new(items.chunks_mut(SHARE));
    let take_all = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(share) = next else { return Ok(()) };
            share.iter_mut().try_for_each(&work)?;
        }
    };
    thread::scope(|scope| {
        // Where the system has no thread to give, there are fewer, and this one does the rest.
        let start = |_| Builder::new().spawn_scoped(scope, take_all).ok();
        let others: Vec<_> = (1..threads.min(shares)).filter_map(start).collect();
        let mut done = take_all();
        for other in others {
            done = done.and(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        for threads in [0, 1, 2, 5] {
            for items in [0, 1, 2, 15, 16, 17, 33, 70] {
                let mut counts = vec![0; items];
                each(threads, &mut counts, |count| {
                    *count += 1;
                    Ok(())
                })
                .unwrap();
                assert!(counts.iter().all(|count| *count == 1), "{threads} {items}");
            }
        }
    }

    #[test]
    fn one_failure_is_the_failure_of_all() {
        for bad in [0, 20, 69] {
            let mut numbers: Vec<i32> = (0..70).collect();
            let work = |number: &mut i32| if *number == bad { Err(Failed) } else { Ok(()) };
            assert_eq!(each(2, &mut numbers, work), Err(Failed));
        }
    }
}
