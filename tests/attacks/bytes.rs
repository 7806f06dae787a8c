//! Every byte of every row of a small vault, changed one at a time.

use ampoule::MemoryStore;
use ampoule::testing::hostile;

#[test]
fn any_byte_of_any_row_changed_is_an_error_or_has_no_effect() {
    let report = hostile::every_byte(MemoryStore::new, 0, 1).unwrap();
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.scripts > 20_000, "{report}");
    // The vault is given almost every row.
    assert!(report.altered * 10 > report.scripts * 7, "{report}");
}
