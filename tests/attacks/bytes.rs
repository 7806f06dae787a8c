//! The bytes of every row of a small vault, changed one at a time.

use ampoule::MemoryStore;
use ampoule::testing::hostile;

/// Of so many bytes, one is changed here. `cargo xtask hostile` changes each.
const EVERY: usize = 4;

#[test]
fn any_byte_of_any_row_changed_is_an_error_or_has_no_effect() {
    let report = hostile::every_byte(MemoryStore::new, 1, EVERY).unwrap();
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.scripts > 5_000, "{report}");
    // The vault is given almost every row.
    assert!(report.altered * 10 > report.scripts * 7, "{report}");
}
