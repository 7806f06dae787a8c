//! Threads that outlive a call: what they work on is theirs until it is done.

use crate::crypto::Failed;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{self, Receiver, Sender},
};
use std::thread::{Builder, JoinHandle};

/// Jobs that wait for each thread or are worked on: while one is taken away and another brought, there is one to do.
const EACH: usize = 2;
/// Jobs beside these: they last while whoever gives them does one himself, or waits for a disk.
const SPARE: usize = 4;

/// Threads that do one kind of work. Dropped, they do what they were given, and are gone.
pub(super) struct Workers<J, R> {
    /// Gone when they are to end.
    jobs: Option<Sender<J>>,
    results: Receiver<Result<R, Failed>>,
    threads: Vec<JoinHandle<()>>,
    at_work: usize,
}

impl<J: Send + 'static, R: Send + 'static> Workers<J, R> {
    /// Starts so many, or as many as the system has.
    pub(super) fn start(threads: usize, work: impl Fn(J) -> Result<R, Failed> + Send + Sync + 'static) -> Self {
        let (jobs, waiting) = mpsc::channel();
        let (done, results) = mpsc::channel();
        let (work, waiting) = (Arc::new(work), Arc::new(Mutex::new(waiting)));
        let start = |_| {
            let (work, waiting, done) = (Arc::clone(&work), Arc::clone(&waiting), done.clone());
            Builder::new().spawn(move || work_off(&waiting, &done, &*work)).ok()
        };
        let threads = (0..threads).filter_map(start).collect();
        Self { jobs: Some(jobs), results, threads, at_work: 0 }
    }

    /// How many jobs were given whose results were not taken.
    pub(super) fn at_work(&self) -> usize {
        self.at_work
    }

    /// Whether one of them will be without a job soon.
    pub(super) fn want_more(&self) -> bool {
        let threads = self.threads.len();
        threads > 0 && self.at_work < threads.saturating_mul(EACH).saturating_add(SPARE)
    }

    /// Gives a job.
    pub(super) fn give(&mut self, job: J) -> Result<(), Failed> {
        self.jobs.as_ref().ok_or(Failed)?.send(job).map_err(|_| Failed)?;
        self.at_work = self.at_work.saturating_add(1);
        Ok(())
    }

    /// The result of some job, in no order. None where there is none yet, or, if it is waited for, where no job was given.
    pub(super) fn take(&mut self, wait: bool) -> Result<Option<R>, Failed> {
        if self.at_work == 0 {
            return Ok(None);
        }
        let result = if wait {
            self.results.recv().map_err(|_| Failed)?
        } else {
            let Ok(result) = self.results.try_recv() else { return Ok(None) };
            result
        };
        self.at_work = self.at_work.saturating_sub(1);
        result.map(Some)
    }
}

impl<J, R> Drop for Workers<J, R> {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work_off<J, R>(
    waiting: &Mutex<Receiver<J>>,
    done: &Sender<Result<R, Failed>>,
    work: &dyn Fn(J) -> Result<R, Failed>,
) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Nobody waits for a result that does not come.
        let result = catch_unwind(AssertUnwindSafe(|| work(job))).unwrap_or(Err(Failed));
        if done.send(result).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_one_result() {
        for threads in [1, 2, 5] {
            let mut workers = Workers::start(threads, |job: u32| Ok(job * 2));
            let mut results = Vec::new();
            for job in 0..100 {
                while !workers.want_more() {
                    results.extend(workers.take(true).unwrap());
                }
                workers.give(job).unwrap();
            }
            while let Some(result) = workers.take(true).unwrap() {
                results.push(result);
            }
            results.sort_unstable();
            assert_eq!(results, (0..100).map(|job| job * 2).collect::<Vec<_>>());
            assert_eq!(workers.at_work(), 0);
            assert_eq!(workers.take(false), Ok(None));
        }
    }

    #[test]
    fn without_a_thread_nothing_is_wanted() {
        let workers = Workers::start(0, |job: u32| Ok(job));
        assert!(!workers.want_more());
    }

    #[test]
    fn a_failure_and_a_panic_are_results() {
        let mut workers = Workers::start(2, |job: u32| {
            assert!(job != 1, "as wanted");
            if job == 0 { Err(Failed) } else { Ok(job) }
        });
        for (job, result) in [(0, Err(Failed)), (1, Err(Failed)), (2, Ok(Some(2)))] {
            workers.give(job).unwrap();
            assert_eq!(workers.take(true), result);
        }
    }
}
