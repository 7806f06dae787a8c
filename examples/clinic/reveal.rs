//! What somebody sees who takes the database file: how much there is, and none of what it says.

use crate::say::{Result, count, expect, size};
use aho_corasick::AhoCorasick;
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Prints the tables of a vault's file, how many rows they have and how long these are.
pub(crate) fn tables(database: &Path) -> Result<()> {
    let file = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut names = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")?;
    let names = names.query_map((), |row| row.get::<_, String>(0))?.collect::<std::result::Result<Vec<_>, _>>()?;
    println!("   {:<12} {:>9} {:>9} {:>12}", "table", "rows", "parts", "bytes");
    for name in names {
        let (part, value) = match name.as_str() {
            // Entries, and leaves of logs: the numbers of these are in their places.
            "journal" => ("coalesce(chart, -(place >> 48))", "value"),
            "charts" | "logs" => ("part", "part"),
            _ => ("part", "value"),
        };
        // The names are those of the schema, read a moment ago.
        let sql = format!("SELECT count(*), count(DISTINCT {part}), coalesce(sum(length({value})), 0) FROM \"{name}\"");
        let (rows, parts, bytes) =
            file.query_row(&sql, (), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
        println!("   {name:<12} {:>9} {:>9} {:>12}", count(rows), count(parts), count(bytes));
    }
    Ok(())
}

/// How many bytes the database has: its file, and what SQLite keeps beside it until the file takes it in.
pub(crate) fn bytes(database: &Path) -> Result<u64> {
    let beside = database.with_extension("db-wal");
    let waiting = if beside.exists() { fs::metadata(beside)?.len() } else { 0 };
    Ok(fs::metadata(database)?.len().saturating_add(waiting))
}

/// All files of a folder and of those in it.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_in(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

/// Looks for the patients' texts in every file of a folder, and in the files they came from, where they must be found.
pub(crate) fn scan(folder: &Path, texts: &BTreeSet<String>, empty: &Path, sources: &[PathBuf]) -> Result<()> {
    let files = files_in(folder)?;
    let mut bytes = 0_u64;
    for file in &files {
        bytes = bytes.saturating_add(fs::metadata(file)?.len());
    }
    // Random bytes hold every short text somewhere. A text of n letters, in either case, is expected about
    // texts × bytes ÷ 128ⁿ times: the shortest for which that is less than one in a million.
    let places = u128::from(bytes).saturating_mul(u128::try_from(texts.len())?).saturating_mul(1_000_000);
    let shortest = (1..=16_u32).find(|n| 128_u128.saturating_pow(*n) > places).unwrap_or(16);
    let long = texts.iter().filter(|text| text.len() >= shortest as usize);
    let long: Vec<&str> = long.map(String::as_str).collect();
    // A vault without a record has words too: of its tables, and the names on the cards.
    let of_software = found(&long, &[empty.to_owned()])?;
    let sought: Vec<&str> = long.into_iter().filter(|text| !of_software.contains(*text)).collect();
    println!(
        "   Looking for {} names, dates, codes and words of the patients' records, of {shortest} letters or more,\n   \
         in all {} files here ({}).",
        count(sought.len()),
        files.len(),
        size(bytes),
    );
    if !of_software.is_empty() {
        println!("   Left out, as words of the tables of any vault: {}.", count(of_software.len()));
    }
    let here = found(&sought, &files)?;
    let there = found(&sought, sources)?;
    println!("   Found in the vaults and the bundles: {}.", count(here.len()));
    println!("   Found in the source files by the same search: {}.", count(there.len()));
    // Some words are not written in the source as the index keeps them: with accents, or with escapes.
    let most = there.len().saturating_mul(10) >= sought.len().saturating_mul(9);
    expect(!there.is_empty() && most, "the search finds the texts where they stand")?;
    expect(here.is_empty(), "nothing of the records can be read in the files")
}

/// Which of the texts stand in the files, in upper or lower case.
fn found<'t>(texts: &[&'t str], files: &[PathBuf]) -> Result<BTreeSet<&'t str>> {
    let search = AhoCorasick::builder().ascii_case_insensitive(true).build(texts)?;
    let mut found = BTreeSet::new();
    for file in files {
        for hit in search.find_overlapping_iter(&fs::read(file)?) {
            found.extend(texts.get(hit.pattern().as_usize()).copied());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_a_file_is_found_in_any_case_and_fails_the_scan() {
        let (vaults, sources) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (vault, empty, source) = (vaults.path().join("v"), sources.path().join("e"), sources.path().join("s"));
        fs::write(&source, "Hemoglobin A1c of Ana Example").unwrap();
        fs::write(&empty, "CREATE TABLE directory").unwrap();
        fs::write(&vault, "CREATE TABLE directory \0 nothing else").unwrap();
        let texts: BTreeSet<String> = ["hemoglobin".into(), "Ana Example".into()].into();
        scan(vaults.path(), &texts, &empty, std::slice::from_ref(&source)).unwrap();
        fs::write(&vault, "CREATE TABLE directory \0 ANA EXAMPLE").unwrap();
        assert!(scan(vaults.path(), &texts, &empty, std::slice::from_ref(&source)).is_err());
        // A search that finds nothing where everything stands is no search.
        fs::write(&vault, "nothing").unwrap();
        fs::write(&source, "nothing").unwrap();
        assert!(scan(vaults.path(), &texts, &empty, &[source]).is_err());
    }
}
