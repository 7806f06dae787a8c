//! What is freed is wiped, though it says nothing of that itself.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::pedantic, reason = "tests read better as they are")]

use ampoule_uniffi::Preview;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

#[test]
fn g50_what_crossed_the_border_is_wiped_when_it_is_freed() {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut seen = [0; 4096];
    let preview = Preview { media_type: "image/png".into(), content: vec![7; seen.len()] };
    let address = preview.content.as_ptr().expose_provenance() as u64;
    memory.read_exact_at(&mut seen, address).unwrap();
    assert_eq!(seen, [7; 4096]);
    drop(preview);
    memory.read_exact_at(&mut seen, address).unwrap();
    // What manages memory writes a few bytes of its own to what is free.
    assert!(seen.iter().filter(|byte| **byte == 7).count() < 64);
}
