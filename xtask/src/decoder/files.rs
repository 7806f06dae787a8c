//! Files for the decoder, and those that come back from it.

use super::Put;
use crate::data::hex;
use ampoule::{Chart, Entry, FileInfo, Kind, SqliteStore, Unlock, Vault};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Read as _;
use std::path::Path;

/// Lengths of the files that a vault holds.
const FILES: [usize; 4] = [0, 16_384, 40_000, 1_200_000];

fn content(len: usize) -> Vec<u8> {
    b"What stands in a file. ".iter().copied().cycle().take(len).collect()
}

/// Files of several lengths, one of them with an earlier version.
pub(super) fn put(puts: &mut Put, vault: &Vault, chart: &Chart) -> Result<()> {
    let info = FileInfo::new("application/dicom").named("Röntgen");
    let first = chart.put_file(&info, &b"a first version"[..])?;
    puts.entry(chart.id().to_string()).or_default().push(shown_file(vault, &chart.get(&first)?, b"a first version")?);
    for (number, len) in FILES.into_iter().enumerate() {
        let content = content(len);
        let id = if number == 0 { first } else { chart.put_file(&info, &content[..])? };
        if number == 0 {
            chart.update_file(&first, &info, &content[..])?;
        }
        puts.entry(chart.id().to_string()).or_default().push(shown_file(vault, &chart.get(&id)?, &content)?);
    }
    Ok(())
}

fn shown_file(vault: &Vault, entry: &Entry, content: &[u8]) -> Result<Value> {
    let mut shown = super::shown_message(vault, entry, None)?;
    let sha = hex(&Sha256::digest(content));
    shown
        .as_object_mut()
        .context("an object")?
        .extend([("sha256".into(), json!(sha)), ("name".into(), json!("Röntgen"))]);
    Ok(shown)
}

/// Opens the files of the clinic again: the decoder has had another implementation of chunked encryption seal their chunks.
pub(crate) fn sealed_elsewhere(folder: &Path) -> Result<()> {
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
