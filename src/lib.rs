//! Ampoule: encrypted storage for health records.

mod record;
pub mod store;

pub use record::{
    Code, DateError, DateRange, Identifier, Label, LabelError, Patient, Record, Terms,
};
