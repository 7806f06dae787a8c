//! Vaults, their stores, ways in and devices.

use crate::contacts::ContactHandle;
use crate::contained::contained;
use crate::hooks::Keeper;
use crate::records::{AssertedActor, FoundPatient, PatientSearch};
use crate::{ChartHandle, CheckpointKeeper, RecoveryCodeHandle, SecondWayHandle, UnlockHandle, VaultError};
use ampoule::{
    Audit, ChartId, ContactId, DeviceId, FactorKind, Freshness, Label, MemberKind, Receipts, Suite, VaultId, WayId,
};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

/// Where a vault is kept.
#[derive(uniffi::Object)]
pub struct StoreHandle(Backend);

enum Backend {
    Sqlite(Arc<ampoule::SqliteStore>),
    Memory(Arc<ampoule::MemoryStore>),
}

#[uniffi::export]
impl StoreHandle {
    /// A file at this path, made if there is none, with the content of files in a folder beside it.
    #[uniffi::constructor]
    pub fn sqlite(path: &str) -> Result<Arc<Self>, VaultError> {
        Ok(Arc::new(Self(Backend::Sqlite(Arc::new(ampoule::SqliteStore::open(path)?)))))
    }

    /// Memory, for tests and previews.
    #[uniffi::constructor]
    pub fn memory() -> Arc<Self> {
        Arc::new(Self(Backend::Memory(Arc::new(ampoule::MemoryStore::new()))))
    }
}

/// How a vault is made and kept; the defaults suit a person's vault.
#[derive(Clone, uniffi::Record)]
pub struct VaultSettings {
    /// Locks the vault when no call was made for so many milliseconds.
    #[uniffi(default = None)]
    pub idle_lock_ms: Option<u64>,
    /// What the owner of a new vault is: a person unless told.
    #[uniffi(default = None)]
    pub kind: Option<MemberKind>,
    /// The cipher of a new vault: AES-256-GCM unless told.
    #[uniffi(default = None)]
    pub suite: Option<Suite>,
    /// Takes charts of these ciphers too, that others founded and share.
    #[uniffi(default = [])]
    pub also_accept: Vec<Suite>,
    /// Keeps checkpoints away from the store.
    #[uniffi(default = None)]
    pub keeper: Option<Arc<dyn CheckpointKeeper>>,
    /// Keeps them in this file instead: on another disk than the store if it can be, and in no backup.
    #[uniffi(default = None)]
    pub checkpoint_path: Option<String>,
    /// When events of reading are written: in groups unless told.
    #[uniffi(default = None)]
    pub audit: Option<Audit>,
    /// Which receipts of messages are given: both unless told.
    #[uniffi(default = None)]
    pub receipts: Option<Receipts>,
    /// With how many threads files are sealed and opened: as many as there are cores unless told, 8 at most.
    #[uniffi(default = None)]
    pub threads: Option<u32>,
}

impl VaultSettings {
    fn open(self) -> ampoule::VaultOptions {
        let Self { idle_lock_ms, kind, suite, also_accept, keeper, checkpoint_path, audit, receipts, threads } = self;
        let mut options = ampoule::VaultOptions::new();
        if let Some(after) = idle_lock_ms {
            options = options.idle_lock(Duration::from_millis(after));
        }
        if let Some(kind) = kind {
            options = options.kind(kind);
        }
        if let Some(suite) = suite {
            options = options.suite(suite);
        }
        for suite in also_accept {
            options = options.also_accept(suite);
        }
        if let Some(path) = checkpoint_path {
            options = options.keeper(ampoule::FileKeeper::new(path));
        }
        if let Some(keeper) = keeper {
            options = options.keeper(Keeper(keeper));
        }
        if let Some(audit) = audit {
            options = options.audit(audit);
        }
        if let Some(receipts) = receipts {
            options = options.receipts(receipts);
        }
        if let Some(threads) = threads.and_then(|threads| NonZero::new(threads as usize)) {
            options = options.threads(threads);
        }
        options
    }
}

/// A new vault.
#[derive(uniffi::Record)]
pub struct CreatedHandles {
    /// The vault.
    pub vault: Arc<VaultHandle>,
    /// The recovery code, where one was asked for: print it, it is not shown again.
    pub recovery_code: Option<Arc<RecoveryCodeHandle>>,
}

/// Creates a vault in an empty store, for a member of this name.
#[uniffi::export]
pub fn create_vault(
    store: Arc<StoreHandle>,
    name: &str,
    unlock: Arc<UnlockHandle>,
    second: SecondWayHandle,
    settings: VaultSettings,
) -> Result<CreatedHandles, VaultError> {
    let (options, unlock, second) = (settings.open(), unlock.open()?, second.open()?);
    let (vault, code) = match &store.0 {
        Backend::Sqlite(store) => options.create(Arc::clone(store), name, &unlock, &second),
        Backend::Memory(store) => options.create(Arc::clone(store), name, &unlock, &second),
    }?;
    Ok(CreatedHandles { vault: VaultHandle::of(vault), recovery_code: code.map(|code| Arc::new(code.into())) })
}

/// A way in, as far as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WayInfo {
    /// Names the way, to remove it.
    pub id: WayId,
    /// What it takes, all together.
    pub factors: Vec<FactorKind>,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// The device that it opens.
    pub device: DeviceId,
}

impl From<ampoule::WayIn> for WayInfo {
    fn from(ampoule::WayIn { id, factors, added_ms, device }: ampoule::WayIn) -> Self {
        Self { id, factors, added_ms, device }
    }
}

/// A device of the vault's owner.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DeviceInfo {
    /// Names the device.
    pub id: DeviceId,
    /// When it was added, in milliseconds since 1970.
    pub added_ms: i64,
    /// Whether it is the one in use here.
    pub here: bool,
    /// The lowest and the highest format that its software reads. Nothing where it is in use no more.
    pub formats: Option<Vec<u32>>,
    /// Where it is in use no more: since when and why.
    pub retired: Option<EndedDevice>,
}

/// The end of a device.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EndedDevice {
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// Why, as the owner wrote it.
    pub reason: String,
}

impl From<ampoule::Device> for DeviceInfo {
    fn from(device: ampoule::Device) -> Self {
        let ampoule::Device { id, added_ms, here, formats, retired } = device;
        let retired = retired.map(|ampoule::Retired { time_ms, reason }| EndedDevice { time_ms, reason });
        Self { id, added_ms, here, formats: formats.map(|range| vec![*range.start(), *range.end()]), retired }
    }
}

/// A member's vault: everything that one person or service keeps, sealed, in one store. Any number of threads may use it.
#[derive(Debug, uniffi::Object)]
pub struct VaultHandle(pub(crate) ampoule::Vault);

impl VaultHandle {
    pub(crate) fn of(vault: ampoule::Vault) -> Arc<Self> {
        Arc::new(Self(vault))
    }
}

#[uniffi::export]
impl VaultHandle {
    /// Opens the vault of a store.
    #[uniffi::constructor]
    pub fn open(
        store: Arc<StoreHandle>,
        unlock: Arc<UnlockHandle>,
        settings: VaultSettings,
    ) -> Result<Arc<Self>, VaultError> {
        let (options, unlock) = (settings.open(), unlock.open()?);
        let vault = match &store.0 {
            Backend::Sqlite(store) => options.open(Arc::clone(store), &unlock),
            Backend::Memory(store) => options.open(Arc::clone(store), &unlock),
        }?;
        Ok(Self::of(vault))
    }

    /// A handle of this vault for what a service does on behalf of one of its users. What is written and read through it
    /// carries the actor, as this vault's assertion.
    pub fn acting_for(&self, actor: AssertedActor) -> Arc<Self> {
        Self::of(self.0.acting_for(actor.into()))
    }

    /// Writes the events that wait, keeps a checkpoint where there is a keeper, and wipes all keys. Waits for calls that are
    /// under way; every later one fails with `Locked`.
    pub fn lock(&self) {
        // Keys are taken out before anything that could go wrong.
        contained((), || self.0.lock());
    }

    /// Opens the vault again after `lock`. Handles of before work again.
    pub fn unlock(&self, unlock: Arc<UnlockHandle>) -> Result<(), VaultError> {
        Ok(self.0.unlock(&unlock.open()?)?)
    }

    /// Whether keys are gone: by `lock` or because the vault was idle for too long.
    pub fn is_locked(&self) -> bool {
        // What locks an idle vault is all that could go wrong.
        contained(true, || self.0.is_locked())
    }

    /// Id of the vault.
    pub fn id(&self) -> Result<VaultId, VaultError> {
        Ok(self.0.id()?)
    }

    /// The card to hand to others, so that they can share with this vault.
    pub fn card(&self) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.card()?.to_bytes())
    }

    /// What others compare with the card that they got.
    pub fn fingerprint(&self) -> Result<crate::Fingerprint, VaultError> {
        Ok(self.0.card()?.fingerprint().into())
    }

    /// Founds a chart with the standard labels.
    pub fn create_chart(&self) -> Result<Arc<ChartHandle>, VaultError> {
        Ok(ChartHandle::of(&self.0, self.0.create_chart()?))
    }

    /// Founds a chart with eight labels of one's own. `general` and `restricted` should be among them.
    pub fn create_chart_with(&self, labels: Vec<Label>) -> Result<Arc<ChartHandle>, VaultError> {
        let labels: [Label; 8] = labels.try_into().map_err(|_| ampoule::Error::UnknownLabel)?;
        Ok(ChartHandle::of(&self.0, self.0.create_chart_with(&labels)?))
    }

    /// A chart by its id.
    pub fn chart(&self, id: ChartId) -> Result<Arc<ChartHandle>, VaultError> {
        Ok(ChartHandle::of(&self.0, self.0.chart(&id)?))
    }

    /// Ids of all charts of this vault, in the order in which it came by them.
    pub fn charts(&self) -> Result<Vec<ChartId>, VaultError> {
        Ok(self.0.charts()?)
    }

    /// The patients that are looked for, with their charts.
    pub fn find_patient(&self, search: PatientSearch) -> Result<Vec<FoundPatient>, VaultError> {
        let found = self.0.find_patient(&search.into())?;
        Ok(found.into_iter().map(|(chart, patient)| FoundPatient { chart, patient: patient.into() }).collect())
    }

    /// Takes a bundle in: verifies all of it, and adds what is new in one transaction. A second time it changes nothing.
    pub fn import_bundle(&self, bundle: &[u8]) -> Result<crate::Applied, VaultError> {
        Ok(self.0.import(bundle)?.into())
    }

    /// All contacts.
    pub fn contacts(&self) -> Result<Vec<Arc<ContactHandle>>, VaultError> {
        Ok(self.0.contacts().list()?.into_iter().map(ContactHandle::of).collect())
    }

    /// A contact by its id.
    pub fn contact(&self, id: ContactId) -> Result<Arc<ContactHandle>, VaultError> {
        Ok(ContactHandle::of(self.0.contacts().get(id)?))
    }

    /// Takes somebody's card. A card of a known person with other keys makes the contact `CHANGED`.
    pub fn add_contact(&self, card: &[u8]) -> Result<Arc<ContactHandle>, VaultError> {
        Ok(ContactHandle::of(self.0.contacts().add(card)?))
    }

    /// Takes a new card of a known contact. It must be verified again before anything is shared.
    pub fn replace_contact(&self, contact: Arc<ContactHandle>, card: &[u8]) -> Result<Arc<ContactHandle>, VaultError> {
        Ok(ContactHandle::of(self.0.contacts().replace(&contact.0, card)?))
    }

    /// Takes what an organisation says of a contact's card. Both cards must be contacts already.
    pub fn add_certificate(&self, certificate: &[u8]) -> Result<Arc<ContactHandle>, VaultError> {
        Ok(ContactHandle::of(self.0.contacts().add_certificate(certificate)?))
    }

    /// Takes an organisation's list of the certificates that it has taken back. Returns the organisation.
    pub fn add_withdrawals(&self, list: &[u8]) -> Result<Arc<ContactHandle>, VaultError> {
        Ok(ContactHandle::of(self.0.contacts().add_withdrawals(list)?))
    }

    /// The ways in, in the order in which they were added.
    pub fn ways(&self) -> Result<Vec<WayInfo>, VaultError> {
        Ok(self.0.ways()?.into_iter().map(WayInfo::from).collect())
    }

    /// Adds a way in.
    pub fn add_way(&self, unlock: Arc<UnlockHandle>) -> Result<WayId, VaultError> {
        Ok(self.0.add_way(&unlock.open()?)?)
    }

    /// Removes a way in, not the last one of a device. The vault's key turns.
    pub fn remove_way(&self, way: WayId) -> Result<(), VaultError> {
        Ok(self.0.remove_way(way)?)
    }

    /// The devices in use.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>, VaultError> {
        Ok(self.0.devices()?.into_iter().map(DeviceInfo::from).collect())
    }

    /// The devices that are in use no more, in the order of their ends.
    pub fn retired_devices(&self) -> Result<Vec<DeviceInfo>, VaultError> {
        Ok(self.0.retired_devices()?.into_iter().map(DeviceInfo::from).collect())
    }

    /// Adds a device: a second phone or another server on the same store, with a way in and keys of its own.
    pub fn add_device(&self, unlock: Arc<UnlockHandle>) -> Result<DeviceId, VaultError> {
        Ok(self.0.add_device(&unlock.open()?)?)
    }

    /// Retires a device that is lost. What it wrote still verifies.
    pub fn retire_device(&self, device: DeviceId, reason: &str) -> Result<(), VaultError> {
        Ok(self.0.retire_device(device, reason)?)
    }

    /// Gives the device in use fresh keys and a log of its own.
    pub fn renew_device(&self, reason: &str) -> Result<DeviceId, VaultError> {
        Ok(self.0.renew_device(reason)?)
    }

    /// How far it is known that the store shows the newest state.
    pub fn freshness(&self) -> Result<Freshness, VaultError> {
        Ok(self.0.freshness()?)
    }

    /// Takes on a store that was restored from a backup, or copied, as it is: after `RestoredCopy`.
    pub fn adopt_restored(&self, reason: &str) -> Result<(), VaultError> {
        Ok(self.0.adopt_restored(reason)?)
    }

    /// The signed head of this device's log, for a witness to sign as well: a checkpoint in the form of C2SP
    /// tlog-checkpoint.
    pub fn checkpoint(&self) -> Result<Vec<u8>, VaultError> {
        Ok(self.0.checkpoint()?)
    }

    /// The number of the format that this vault writes.
    pub fn format(&self) -> Result<u32, VaultError> {
        Ok(self.0.format()?)
    }

    /// The devices in use that have not announced that they read a format.
    pub fn left_behind(&self, format: u32) -> Result<Vec<DeviceInfo>, VaultError> {
        Ok(self.0.left_behind(format)?.into_iter().map(DeviceInfo::from).collect())
    }

    /// Has all devices write a higher format from now on. There is no way back.
    pub fn raise_format(&self, format: u32) -> Result<(), VaultError> {
        Ok(self.0.raise_format(format)?)
    }
}
