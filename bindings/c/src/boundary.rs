//! What stands between C and everything else.

use crate::status::ampoule_status;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the work of an export. A panic does not cross: it is a fault of this library, and has a status of its own.
///
/// What was under way is dropped. The library's own locks are taken over by the next call, and its stores roll back.
pub(crate) fn call(work: impl FnOnce() -> Result<(), ampoule_status>) -> ampoule_status {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => ampoule_status::Ok,
        Ok(Err(status)) => status,
        Err(_) => ampoule_status::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_status() {
        assert_eq!(call(|| panic!("a defect")), ampoule_status::Internal);
        assert_eq!(call(|| Err(ampoule_status::Locked)), ampoule_status::Locked);
        assert_eq!(call(|| Ok(())), ampoule_status::Ok);
    }

    /// Every export that can fail goes through the boundary, and the others do nothing that could panic.
    #[test]
    fn every_export_passes_the_boundary() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let mut exports = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for export in source.split("#[unsafe(no_mangle)]\n").skip(1) {
                let (head, body) = export.split_once(" {\n").unwrap();
                let first = body.trim_start();
                let plain = ["VERSION", "handles::count"].iter().any(|plain| first.starts_with(plain));
                assert!(plain || first.starts_with("boundary::call("), "{head}");
                exports += 1;
            }
        }
        assert!(exports > 50, "{exports}");
    }
}
