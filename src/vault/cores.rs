//! Work on all cores, within one call: no thread outlives it.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// Does `work` with each item, on all cores, and `meanwhile` on this thread. What `begin` gives each core works on all the
/// items that it takes. The results stand in the order of the items.
pub(super) fn on_all_cores<T: Sync, S, R: Send, M>(
    items: &[T],
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&S, &T) -> R + Sync,
    meanwhile: impl FnOnce() -> M,
) -> (Vec<R>, M) {
    let next = AtomicUsize::new(0);
    let take_all = || {
        let with = begin();
        let take_next = || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            items.get(number).map(|item| (number, work(&with, item)))
        };
        core::iter::from_fn(take_next).collect::<Vec<_>>()
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        // Where the system has no thread to give, there are fewer, and this one does the rest.
        let start = |_| Builder::new().spawn_scoped(scope, take_all).ok();
        let others: Vec<_> = (0..cores.min(items.len())).filter_map(start).collect();
        let met = meanwhile();
        let mut done = take_all();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done.sort_unstable_by_key(|(number, _)| *number);
        (done.into_iter().map(|(_, result)| result).collect(), met)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_items() {
        for len in [0, 1, 2, 3, 64, 1001] {
            let items: Vec<u64> = (0..len).collect();
            let (results, met) = on_all_cores(&items, || 3, |factor, item| item * factor, || "meanwhile");
            assert_eq!(results, items.iter().map(|item| item * 3).collect::<Vec<_>>());
            assert_eq!(met, "meanwhile");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| on_all_cores(&[1, 0], || (), |(), item| 1 / item, || ()).0);
        assert!(caught.is_err());
    }
}
