//! The reference of the layer that is written by hand in Swift: nothing in it is without a comment.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Requires a comment at each public declaration: of those that are compiled here by the last `dump-symbol-graph` in the folder of
/// output, and of those for Apple's systems alone by what stands before the word `public` in the sources.
pub(super) fn require(sources: &Path, scratch: &Path) -> Result<()> {
    for entry in fs::read_dir(sources)? {
        let path = entry?.path();
        if let Some(line) = unread(&fs::read_to_string(&path)?) {
            bail!("{} has no comment before: {line}", path.display());
        }
    }
    let graphs = graphs(scratch);
    ensure!(!graphs.is_empty(), "there is no graph in {}", scratch.display());
    for graph in graphs {
        let missing = undocumented(&serde_json::from_str(&fs::read_to_string(graph)?)?)?;
        ensure!(missing.is_empty(), "without a comment in Swift:\n{}", missing.join("\n"));
    }
    Ok(())
}

/// `scratch/TRIPLE/symbolgraph/Ampoule.symbols.json`, and `Ampoule@MODULE.symbols.json` with what it adds to types of others.
fn graphs(scratch: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(scratch).into_iter().flatten().flatten();
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.path().join("symbolgraph")).into_iter().flatten().flatten());
    let ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("Ampoule.") || name.starts_with("Ampoule@")
    };
    files.map(|file| file.path()).filter(ours).collect()
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
    Ok(written.iter().filter(lacks_comment).map(|symbol| name(symbol)).collect())
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
        assert!(undocumented(&json!({ "symbols": [symbol("done", &told, false)] })).is_err());
        assert!(undocumented(&json!({})).is_err());
    }
}
