//! Files for the decoder, and those that come back from it.

use super::Put;
use crate::data::hex;
use ampoule::{Chart, Contact, Cursor, Entry, FileInfo, Grant, Kind, SqliteStore, Unlock, Vault, VersionId};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Lengths of the files that a vault holds.
const FILES: [usize; 4] = [0, 16_384, 40_000, 1_200_000];

fn content(len: usize) -> Vec<u8> {
    b"What stands in a file. ".iter().copied().cycle().take(len).collect()
}

/// What is shown of the last of them.
const PREVIEW: (&str, &[u8]) = ("image/jpeg", b"a small picture");

/// Files of several lengths, one of them with an earlier version.
pub(super) fn put(puts: &mut Put, vault: &Vault, chart: &Chart) -> Result<()> {
    let info = FileInfo::new("application/dicom").named("Röntgen");
    let first = chart.put_file(&info, &b"a first version"[..])?;
    puts.entry(chart.id().to_string()).or_default().push(shown_file(
        vault,
        &chart.get(&first)?,
        b"a first version",
        false,
    )?);
    for (number, len) in FILES.into_iter().enumerate() {
        let content = content(len);
        let last = number == FILES.len().saturating_sub(1);
        let info = if last { info.clone().with_preview(PREVIEW.0, PREVIEW.1) } else { info.clone() };
        let id = if number == 0 { first } else { chart.put_file(&info, &content[..])? };
        if number == 0 {
            chart.update_file(&first, &info, &content[..])?;
        }
        let shown = shown_file(vault, &chart.get(&id)?, &content, last)?;
        puts.entry(chart.id().to_string()).or_default().push(shown);
    }
    Ok(())
}

/// A file whose writer is gone before it said that it is done.
pub(super) fn break_off(chart: &Chart) -> Result<()> {
    let mut writer = chart.create_file(&FileInfo::new("application/dicom"))?;
    writer.update(&content(1_000_000))?;
    std::mem::forget(writer);
    Ok(())
}

/// Shares a chart of files and sends their contents, of which the receiver takes some in, some in part, and some not at all.
/// Returns what he sees.
pub(super) fn send(folder: &Path, puts: &mut Put, vault: &Vault, to: &Contact, receiver: &Vault) -> Result<Put> {
    let chart = vault.create_chart()?;
    put(puts, vault, &chart)?;
    chart.share(to, &Grant::read())?;
    receiver.import(&chart.export(to, Cursor::START)?)?;
    let copy = receiver.chart(&chart.id())?;
    let versions = copy.missing_content()?;
    for (number, version) in versions.iter().enumerate() {
        let mut sealed = Vec::new();
        chart.export_content(version, &mut sealed, |_| ControlFlow::Continue(()))?;
        fs::write(sent(folder, version), &sealed)?;
        if number == versions.len().saturating_sub(1) {
            let (half, _) = sealed.split_at(sealed.len() / 2);
            copy.receive_content(version)?.update(half)?;
        } else if number % 2 == 1 {
            copy.import_content(version, &sealed[..], |_| ControlFlow::Continue(()))?;
        }
    }
    Ok([(chart.id().to_string(), super::entries(puts, &chart).to_vec())].into())
}

/// A content on its way.
fn sent(folder: &Path, version: &VersionId) -> PathBuf {
    folder.join(format!("{version}.content"))
}

fn shown_file(vault: &Vault, entry: &Entry, content: &[u8], with_preview: bool) -> Result<Value> {
    let mut shown = super::shown_message(vault, entry, None)?;
    let sha = hex(&Sha256::digest(content));
    let preview = with_preview.then(|| json!([PREVIEW.0, hex(PREVIEW.1)]));
    shown.as_object_mut().context("an object")?.extend([
        ("sha256".into(), json!(sha)),
        ("name".into(), json!("Röntgen")),
        ("preview".into(), json!(preview)),
    ]);
    Ok(shown)
}

/// Opens what another implementation of chunked encryption has sealed anew, by the decoder.
pub(crate) fn sealed_elsewhere(folder: &Path) -> Result<()> {
    kept(folder).context("files of the clinic")?;
    taken_in(folder).context("contents that were sent")
}

/// Takes in what the specialist does not have yet.
fn taken_in(folder: &Path) -> Result<()> {
    let specialist = Vault::open(SqliteStore::open(folder.join("specialist.db"))?, &Unlock::device_key(&[7; 32]))?;
    let (mut elsewhere, mut in_part) = (0_usize, 0_usize);
    for chart in specialist.charts()? {
        let chart = specialist.chart(&chart)?;
        for version in chart.missing_content()? {
            let path = sent(folder, &version);
            let sealed = fs::read(&path)?;
            match fs::read(path.with_extension("replaced")) {
                Ok(replaced) => {
                    ensure!(replaced != sealed, "chunks that are the same");
                    elsewhere = elsewhere.saturating_add(1);
                }
                Err(_) => in_part = in_part.saturating_add(1),
            }
            chart.import_content(&version, &sealed[..], |_| ControlFlow::Continue(()))?;
            let mut read = Vec::new();
            chart.file_version(&version)?.read_to_end(&mut read)?;
            let put_in = read == b"a first version" || FILES.iter().any(|len| content(*len) == read);
            ensure!(put_in, "not what was put in");
        }
    }
    ensure!((elsewhere, in_part) == (2, 1), "{elsewhere} sealed elsewhere, {in_part} that came in part");
    Ok(())
}

/// Opens the files of the clinic again.
fn kept(folder: &Path) -> Result<()> {
    let clinic = Vault::open(SqliteStore::open(folder.join("clinic.db"))?, &Unlock::device_key(&[7; 32]))?;
    let mut opened = 0_usize;
    for chart in clinic.charts()? {
        let chart = clinic.chart(&chart)?;
        for found in chart.list_kind(Kind::File)? {
            let mut read = Vec::new();
            chart.file(&found.id)?.read_to_end(&mut read)?;
            ensure!(FILES.iter().any(|len| content(*len) == read), "not what was put in");
            opened = opened.saturating_add(1);
        }
    }
    let mut replaced = 0_usize;
    for shard in fs::read_dir(folder.join("clinic.db-blobs"))? {
        for file in fs::read_dir(shard?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "replaced") {
                ensure!(fs::read(&path)? != fs::read(path.with_extension("chunks"))?, "chunks that are the same");
                replaced = replaced.saturating_add(1);
            }
        }
    }
    // The one that was replaced by a newer version is among the history alone.
    ensure!(
        opened == FILES.len() && replaced == opened.saturating_add(1),
        "{opened} files, {replaced} sealed elsewhere"
    );
    Ok(())
}
