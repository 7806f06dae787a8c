//! Ids as C holds them. All are random or hashes; none says anything about a person.

macro_rules! ids {
    ($($name:ident of $rust:ident;)+) => {$(
        impl From<ampoule::$rust> for $name {
            fn from(id: ampoule::$rust) -> Self {
                Self { bytes: *id.as_bytes() }
            }
        }

        impl From<$name> for ampoule::$rust {
            fn from(id: $name) -> Self {
                Self::from_bytes(id.bytes)
            }
        }
    )+};
}

/// A chart: the hash of the statement that founded it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_chart_id {
    /// The id.
    pub bytes: [u8; 32],
}

/// An entry of a chart, over all its versions.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_entry_id {
    /// The id.
    pub bytes: [u8; 16],
}

/// One version of an entry.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_version_id {
    /// The id.
    pub bytes: [u8; 16],
}

/// A vault.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_vault_id {
    /// The id.
    pub bytes: [u8; 16],
}

/// A way into a vault.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_way_id {
    /// The id.
    pub bytes: [u8; 16],
}

/// A contact, in one vault only.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_contact_id {
    /// The id.
    pub bytes: [u8; 16],
}

/// A device of a member: the hash of its card.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_device_id {
    /// The id.
    pub bytes: [u8; 32],
}

ids! {
    ampoule_device_id of DeviceId;
    ampoule_chart_id of ChartId;
    ampoule_entry_id of EntryId;
    ampoule_version_id of VersionId;
    ampoule_vault_id of VaultId;
    ampoule_way_id of WayId;
    ampoule_contact_id of ContactId;
}
