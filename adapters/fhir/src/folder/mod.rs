//! A chart as a folder that anybody can read: for the patient's right of access, and for another system.
//!
//! ```text
//!  FOLDER/index.html      for a person: any browser, no network, no scripts
//!         bundle.json     FHIR Bundle, type collection: every resource with its bytes, messages, a DocumentReference for each file
//!         files/0001-…    files, and records in other formats (HL7 v2, CDA), byte for byte
//!         chart.json      what is where, with labels, terms and SHA-256: what an import reads
//! ```
//!
//! Why it is as it is: `docs/adr/0025`.

mod digest;
mod draft;
mod error;
mod export;
mod import;
mod made;
mod manifest;
mod names;
mod page;
mod readable;
mod steps;

pub use error::FolderError;

use ampoule::Chart;
use std::ops::ControlFlow;
use std::path::Path;
use steps::Steps;

/// Writes all of a chart that this vault may read to a new folder, in the clear. `reason` says to whom, or what for: it stands in
/// the audit before anything is read.
///
/// The folder has current versions, and of a conflict all of them; what was deleted is left out. It is there when this returns, whole
/// and on disk, for its owner only. Content of files is streamed. Resources, and records in other formats, keep their bytes. What
/// is written while it is made may be in it or not. Previews of files, history, receipts and signatures are not in it: who wrote
/// something is what this vault says.
///
/// ```
/// # use ampoule::{MemoryStore, Recovery, Unlock, Vault};
/// # let (vault, _) = Vault::create(MemoryStore::new(), "Clinic", &Unlock::device_key(&[1; 32]), &Recovery::none_data_will_be_lost())?;
/// # let chart = vault.create_chart()?;
/// # let parent = tempfile::tempdir()?;
/// # let folder = parent.path().join("ana");
/// chart.put(&ampoule_fhir::record(r#"{"resourceType":"Patient","id":"ana"}"#)?)?;
/// let exported = ampoule_fhir::export_chart(&chart, "to Ana, who asked for it", &folder)?;
/// assert!(exported.records == 1 && exported.left_out.is_nothing());
/// // folder/index.html opens in any browser; another vault takes it in:
/// let copy = vault.create_chart()?;
/// assert_eq!(ampoule_fhir::import_chart(&copy, &folder)?.records, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn export_chart(chart: &Chart, reason: &str, to: impl AsRef<Path>) -> Result<Exported, FolderError> {
    export_chart_with(chart, reason, to, |_| ControlFlow::Continue(()))
}

/// As [`export_chart`]. `progress` is told how many bytes of records, files and messages were written so far, between them and between
/// the pieces of a file, and may end it with [`ampoule::Error::Cancelled`]: nothing is kept then.
pub fn export_chart_with(
    chart: &Chart,
    reason: &str,
    to: impl AsRef<Path>,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Exported, FolderError> {
    export::export(chart, reason, to.as_ref(), Steps::new(&mut progress))
}

/// Takes in what [`export_chart`] wrote, with the bytes and under the labels that it had. What is damaged is refused before anything is put; when
/// it breaks off later, the same import again puts what is missing: nothing is put twice.
///
/// It adds, and replaces nothing. Whoever imports signs it all: a message comes back as the Communication resource that
/// says who wrote it, not as a message. The folder proves nothing of its origin; have it from somebody you trust. A resource whose
/// own security labels ask for more than the folder says gets that.
pub fn import_chart(chart: &Chart, from: impl AsRef<Path>) -> Result<Imported, FolderError> {
    import_chart_with(chart, from, |_| ControlFlow::Continue(()))
}

/// As [`import_chart`]. `progress` is told how many bytes were read so far, each of them twice: to check all of it, and to put it. It may
/// end it with [`ampoule::Error::Cancelled`]; the same import again goes on then, as above.
pub fn import_chart_with(
    chart: &Chart,
    from: impl AsRef<Path>,
    mut progress: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<Imported, FolderError> {
    import::import(chart, from.as_ref(), Steps::new(&mut progress))
}

/// What was written to a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Records, FHIR resources and others.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Messages.
    pub messages: u64,
    /// What was not.
    pub left_out: LeftOut,
}

/// What is not in a folder. The page in it says so too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Labels of the chart that this vault was not granted: how many, whatever has them.
    pub labels_not_granted: u64,
    /// Entries that are damaged, or in a newer format: [`ampoule::Vault::verify`] names them. A message may count twice.
    pub unreadable: u64,
    /// Files whose content is not here.
    pub content_not_here: u64,
    /// Versions that are kept apart.
    pub kept_apart: u64,
}

impl LeftOut {
    /// Whether all of the chart is in the folder.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What was taken in from a folder, or was there already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Records, and messages as resources.
    pub records: u64,
    /// Files.
    pub files: u64,
}

/// The list of what a folder holds, read and written again, for the fuzzer.
#[doc(hidden)]
pub fn chart_list_again(json: &[u8]) -> Option<Vec<u8>> {
    manifest::Manifest::parse(json).ok()?.to_json().ok()
}
