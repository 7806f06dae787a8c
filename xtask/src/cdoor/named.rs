//! What has to name every function of the header: the C++ layer, and the tables of the tests with bad arguments.

use super::files;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where functions are named, and those that are not, with the reason.
type Names = (&'static str, &'static [(&'static str, &'static str)]);

const LAYER: Names = (
    "include/ampoule.hpp and include/ampoule",
    &[
        ("ampoule_handle_count", "for tests of a program, which call it as it is"),
        ("ampoule_vault_verify", "vault::verify has its report, and more"),
    ],
);

const NULLS: Names =
    ("bindings/c/tests/nulls.c", &[("ampoule_handle_count", "takes nothing"), ("ampoule_version", "takes nothing")]);

const CLOSED: Names = (
    "bindings/c/tests/closed.c",
    &[
        ("ampoule_batch_new", NO_HANDLE),
        ("ampoule_buffer_free", NO_HANDLE),
        ("ampoule_card_fingerprint", NO_HANDLE),
        ("ampoule_chart_keys_sealed_size_max", NO_HANDLE),
        ("ampoule_dicom_of_path", NO_HANDLE),
        ("ampoule_grant_new", NO_HANDLE),
        ("ampoule_handle_count", NO_HANDLE),
        ("ampoule_link_new", NO_HANDLE),
        ("ampoule_link_parse", NO_HANDLE),
        ("ampoule_message_new", NO_HANDLE),
        ("ampoule_open_preview", NO_HANDLE),
        ("ampoule_options_new", NO_HANDLE),
        ("ampoule_patient_new", NO_HANDLE),
        ("ampoule_patient_of_fhir", NO_HANDLE),
        ("ampoule_previews_new", NO_HANDLE),
        ("ampoule_record_new", NO_HANDLE),
        ("ampoule_record_of_fhir", NO_HANDLE),
        ("ampoule_status_message", NO_HANDLE),
        ("ampoule_store_memory", NO_HANDLE),
        ("ampoule_store_new", NO_HANDLE),
        ("ampoule_store_sqlite", NO_HANDLE),
        ("ampoule_store_sqlite_with", NO_HANDLE),
        ("ampoule_unlock_new", NO_HANDLE),
        ("ampoule_version", NO_HANDLE),
    ],
);
const NO_HANDLE: &str = "takes no handle";

/// Fails where a function of the header is missing from one of these, or is there though it is excepted.
pub(super) fn everywhere(root: &Path, declared: &BTreeSet<String>) -> Result<()> {
    let include = root.join("include");
    let mut layer = files(&include.join("ampoule"), "hpp")?;
    layer.push(include.join("ampoule.hpp"));
    let tests = root.join("bindings/c/tests");
    all_named(LAYER, &layer, declared)?;
    all_named(NULLS, &[tests.join("nulls.c")], declared)?;
    all_named(CLOSED, &[tests.join("closed.c")], declared)
}

fn all_named(names_of: Names, files: &[PathBuf], declared: &BTreeSet<String>) -> Result<()> {
    let mut named = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        named.extend(names(&text));
    }
    compare(names_of, &named, declared)
}

fn compare((place, excepted): Names, named: &BTreeSet<String>, declared: &BTreeSet<String>) -> Result<()> {
    let excepted: BTreeSet<String> = excepted.iter().map(|(name, _)| (*name).to_owned()).collect();
    let wanted: BTreeSet<String> = declared.difference(&excepted).cloned().collect();
    let missing: Vec<&String> = wanted.difference(named).collect();
    ensure!(missing.is_empty(), "{place} lacks {missing:?}");
    let needless: Vec<&String> =
        excepted.iter().filter(|name| !declared.contains(*name) || named.contains(*name)).collect();
    ensure!(needless.is_empty(), "{place} needs no exception for {needless:?}");
    Ok(())
}

/// The library's names in a source, outside of comments.
fn names(text: &str) -> BTreeSet<String> {
    without_comments(text)
        .split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric())
        .filter(|word| word.starts_with("ampoule_"))
        .map(str::to_owned)
        .collect()
}

/// It takes what looks like a comment for one in a string, too: a name after that is missed, which shows.
fn without_comments<'a>(text: &'a str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('/') {
        code.push_str(before);
        code.push('/');
        let past = |comment: &'a str, end: &str| comment.split_once(end).map_or("", |(_, rest)| rest);
        rest = if let Some(comment) = after.strip_prefix('*') {
            past(comment, "*/")
        } else if let Some(comment) = after.strip_prefix('/') {
            past(comment, "\n")
        } else {
            after
        };
    }
    code + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn names_are_whole_words_of_the_code() {
        let text = "/* ampoule_no(this)\n * ampoule_nor(this)\n   ampoule_neither(this) */ CALL(ampoule_one(a), &ampoule_two_more);\n\
                    // ampoule_not(this)\n  CALL(ampoule_three(a / 2), ampoule_four); // ampoule_or(this)\n/**/ampoule_five();";
        let wanted = ["ampoule_one", "ampoule_two_more", "ampoule_three", "ampoule_four", "ampoule_five"];
        assert_eq!(names(text), declared(&wanted));
    }

    #[test]
    fn what_is_not_named_and_not_excepted_is_missing() {
        let named = declared(&["ampoule_one"]);
        let place = ("a file", &[("ampoule_two", "takes nothing")][..]);
        compare(place, &named, &declared(&["ampoule_one", "ampoule_two"])).unwrap();
        let missing = compare(place, &named, &declared(&["ampoule_one", "ampoule_two", "ampoule_three"]));
        assert!(missing.unwrap_err().to_string().contains("lacks [\"ampoule_three\"]"));
        for (named, declared) in [
            (declared(&["ampoule_one", "ampoule_two"]), declared(&["ampoule_one", "ampoule_two"])),
            (declared(&["ampoule_one"]), declared(&["ampoule_one"])),
        ] {
            assert!(compare(place, &named, &declared).unwrap_err().to_string().contains("needs no exception"));
        }
    }
}
