//! Ids and labels cross the border as text: hexadecimal digits, or the label in lower case.

use crate::VaultError;
use ampoule::{ChartId, ContactId, DeviceId, EntryId, Label, VaultId, VersionId, WayId};

macro_rules! as_text {
    ($($name:ident),+) => {$(
        uniffi::custom_type!($name, String, {
            remote,
            lower: |value| value.to_string(),
            try_lift: |text| text.parse().map_err(|error| VaultError::from(error).into()),
        });
    )+};
}

as_text!(ChartId, ContactId, DeviceId, EntryId, Label, VaultId, VersionId, WayId);
