//! The reference of the package in Swift: nothing in it is without a comment, in the layer that is written by hand and in what is
//! generated.

use super::toolchain::Swift;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Requires a comment at each public declaration: of those that are compiled here by the last `dump-symbol-graph` in the folder of
/// output, and of those for Apple's systems alone by what stands before the word `public` in the sources. Returns the folder of
/// the graphs.
pub(super) fn require(sources: &Path, scratch: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(sources)? {
        let path = entry?.path();
        if let Some(line) = unread(&fs::read_to_string(&path)?) {
            bail!("{} has no comment before: {line}", path.display());
        }
    }
    let folder = graphs(scratch).with_context(|| format!("there is no graph in {}", scratch.display()))?;
    for entry in fs::read_dir(&folder)? {
        let missing = undocumented(&serde_json::from_str(&fs::read_to_string(entry?.path())?)?)?;
        ensure!(missing.is_empty(), "without a comment in Swift:\n{}", missing.join("\n"));
    }
    Ok(folder)
}

/// Builds the reference into a folder beside the graphs' package. A link to what is not there is an error.
pub(super) fn build(swift: &Swift, work: &Path, graphs: &Path) -> Result<Command> {
    let output = work.join("reference");
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    let (graphs, output) = (graphs.display().to_string(), output.display().to_string());
    let mut args = vec!["convert", "--additional-symbol-graph-dir", &graphs, "--output-path", &output];
    args.extend([
        "--fallback-display-name",
        "Ampoule",
        "--fallback-bundle-identifier",
        "ampoule",
        "--warnings-as-errors",
    ]);
    Ok(swift.docc(work, &args))
}

/// `scratch/TRIPLE/symbolgraph`. It has `Ampoule.symbols.json`, `Ampoule@MODULE.symbols.json` with what that adds to types of
/// others, and `AmpouleFFI.symbols.json` with what is generated.
fn graphs(scratch: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(scratch).ok()?.flatten().map(|folder| folder.path().join("symbolgraph"));
    folders.into_iter().find(|folder| folder.join("AmpouleFFI.symbols.json").exists())
}

/// The declarations without a comment that stand in the sources, such as `Step.moved(_:)`. What the compiler adds stands in none.
fn undocumented(graph: &Value) -> Result<Vec<String>> {
    let symbols = graph.get("symbols").and_then(Value::as_array).context("the graph has no symbols")?;
    let written: Vec<&Value> = symbols.iter().filter(|symbol| symbol.get("location").is_some()).collect();
    ensure!(!written.is_empty(), "the graph has nothing that stands in the sources");
    let lacks_comment = |symbol: &&&Value| {
        let lines = symbol.pointer("/docComment/lines").and_then(Value::as_array).into_iter().flatten();
        !lines.filter_map(|line| line.get("text")?.as_str()).any(|text| !text.trim().is_empty())
    };
    Ok(written.iter().filter(lacks_comment).filter(|symbol| !takes_none(symbol)).map(|symbol| name(symbol)).collect())
}

/// What `UniFFI` writes without a comment, and takes none for: that an id is a text, and how a record is made of all its fields. The
/// lint `missing_docs` sees to the constructors that are written in Rust.
fn takes_none(symbol: &Value) -> bool {
    let kind = symbol.pointer("/kind/identifier").and_then(Value::as_str).unwrap_or_default();
    let module = symbol.pointer("/location/uri").and_then(Value::as_str).unwrap_or_default();
    let is_generated = module.ends_with("/ampoule_uniffi.swift");
    is_generated
        && (matches!(kind, "swift.init" | "swift.typealias") || name(symbol).starts_with("uniffiEnsureAmpouleUniffi"))
}

/// A line that begins a public declaration and does not follow a comment.
fn unread(source: &str) -> Option<&str> {
    let mut before = "";
    for line in source.lines().map(str::trim).filter(|line| !line.starts_with('@')) {
        if line.starts_with("public ") && !before.starts_with("///") {
            return Some(line);
        }
        before = line;
    }
    None
}

fn name(symbol: &Value) -> String {
    let parts = symbol.get("pathComponents").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(Value::as_str).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_declaration_without_a_comment_is_found() {
        assert_eq!(unread("/// A\n@discardableResult\npublic func a()\n  let b = 1\n"), None);
        assert_eq!(unread("/// A\npublic func a()\n  public var b"), Some("public var b"));
    }

    #[test]
    fn what_is_written_without_a_comment_is_found() {
        let symbol = |name: &str, lines: &Value, location: bool| {
            let mut symbol = json!({ "pathComponents": ["Step", name], "docComment": { "lines": lines } });
            if location {
                symbol["location"] = json!({ "uri": "file:///Work.swift" });
            }
            symbol
        };
        let (told, empty) = (json!([{ "text": "It is done." }]), json!([{ "text": " " }]));
        let graph = json!({ "symbols": [
            symbol("done", &told, true),
            symbol("moved", &empty, true),
            symbol("ended", &json!([]), true),
            symbol("!=", &json!([]), false),
            { "pathComponents": ["Work"], "location": {} },
        ] });
        assert_eq!(undocumented(&graph).unwrap(), ["Step.moved", "Step.ended", "Work"]);
        let generated = |kind: &str| {
            json!({ "pathComponents": ["Step"], "kind": { "identifier": kind },
                "location": { "uri": "file:///AmpouleFFI/ampoule_uniffi.swift" } })
        };
        let graph =
            json!({ "symbols": [generated("swift.typealias"), generated("swift.init"), generated("swift.property")] });
        assert_eq!(undocumented(&graph).unwrap(), ["Step"]);
        assert!(undocumented(&json!({ "symbols": [symbol("done", &told, false)] })).is_err());
        assert!(undocumented(&json!({})).is_err());
    }
}
