//! What is said in a chart.

use crate::common::measure::side_by_side;
use crate::common::samples::{durable_vault, observation, relaxed, vault};
use ampoule::{Chart, Label, Message, Thread};
use std::hint::black_box;
use std::path::Path;

const MANY: usize = 10_000;
const FEW: usize = 100;
const PAGE: usize = 50;
/// A message of 1 kB.
const TEXT: usize = 1024;

/// Sending one message, durably, against putting a record of 2 kB.
pub(crate) fn sending(folder: &Path) {
    println!("sending messages of {TEXT} B");
    let clinic = durable_vault(&folder.join("sending"));
    let (record, message) = (observation(1, 2048), message());
    let chart = clinic.create_chart().unwrap();
    let thread = clinic.create_chart().unwrap().start_thread("Knee pain", &Label::general()).unwrap();
    side_by_side(201, 16, || _ = thread.send(&message).unwrap(), || _ = chart.put(&record).unwrap())
        .print("thread_send_1k", "putting a record of 2 kB");
}

/// Reading the last messages of a long thread, against a short one.
pub(crate) fn reading(folder: &Path) {
    println!("reading the last {PAGE} messages of threads of {MANY} and of {FEW}");
    let clinic = vault(relaxed(&folder.join("reading")), "Riverside Clinic");
    let [many, few] = [MANY, FEW].map(|messages| filled(&clinic.create_chart().unwrap(), messages));
    let read = |thread: &Thread| {
        let page = thread.last(PAGE).unwrap();
        assert_eq!(page.len(), PAGE);
        assert!(page.iter().all(Result::is_ok));
        drop(black_box(page));
    };
    side_by_side(101, 4, || read(&many), || read(&few)).print("thread_open_10k", "the same of a thread of 100");
}

fn filled(chart: &Chart, messages: usize) -> Thread {
    let thread = chart.start_thread("Knee pain", &Label::general()).unwrap();
    let message = message();
    for _ in 0..messages {
        thread.send(&message).unwrap();
    }
    thread
}

fn message() -> Message {
    Message::text("It hurts when I walk. ".chars().cycle().take(TEXT).collect::<String>())
}
