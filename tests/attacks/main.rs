//! Attacks that must fail: published breaks of other products, each as a test against a store that lies.
//!
//! A test shows that the honest run succeeds, and that the attacked one ends in the error that is meant for it,
//! releases nothing, and leaves what is stored as it was. Numbers are those of the list of attacks; some need what only
//! an insider's modified software can make, and are tests beside the code:
//!
//! | Attack | Here | Beside the code |
//! |---|---|---|
//! | 1–5 keys and contacts replaced, spliced, planted | `keys` | `keys::unlock::tests`, `keys::contacts::tests`, `keys::chart::chart_keys::attacks` |
//! | 1, 2, 5, 8, 13 of devices, organisations, actors | `members` | `keys::unlock::tests`, `keys::device`, `keys::certificate::tests` |
//! | 6 crafted ids | `keys` | `keys::contacts::tests` |
//! | 7 points and keys that are none | `keys` | `crypto::seal`, `crypto::sign`, `keys::card::tests` |
//! | 8 unknown key share | `keys` | `keys::chart::chart_keys::attacks` |
//! | 9–14 entries and fields swapped | `envelope` | `envelope::attacks`, `keys::card::tests`, `crypto::kdf` |
//! | 15 invisible salamander | | `crypto::chunked` |
//! | 16 partitioning oracle | `downgrade` | `keys::unlock::tests` |
//! | 17, 45, 57, 64 copies, crashes, clocks, suites | `faults` | |
//! | 27–29, 52 freshness, withheld rows | `truth`, `withheld`, `histories` | `log::tests` |
//! | 6, 8, 10, 13, 27, 29, 32, 33, 55 of what is said in threads | `threads` | `vault::thread::tests` |
//! | 10, 19–26, 62 of files | `files` | `blob::tests::attacks` |
//! | all of a store, by random choice and byte by byte | `random`, `bytes` | |
//! | 18 malleability | `envelope` | `codec` |
//! | 30, 58, 60 revoked authors, old grants, bundles | `authority` | `keys::chart::chart_keys::tests::cuts`, `keys::chart::ledger::model` |
//! | 41–44 downgrade | `downgrade` | `keys::unlock::tests`, `envelope::attacks` |
//! | 46–51 leakage | `leakage` | `crypto::secret` |
//! | 55 bombs | `robustness` | `codec`, `envelope::attacks`, `index::segment` |
//! | 61–63 dishonest members | `robustness` | `keys::chart::chart_keys::attacks`, `envelope::attacks` |

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![cfg(feature = "testing")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod authority;
mod bytes;
mod common;
mod downgrade;
mod envelope;
mod faults;
mod files;
mod histories;
mod keys;
mod leakage;
mod members;
mod random;
mod robustness;
mod scope;
mod threads;
mod truth;
mod vaults;
mod withheld;
