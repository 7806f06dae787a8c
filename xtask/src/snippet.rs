//! Code in the documents, so that it is run as it stands there.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// What the programs around the blocks on notifications print.
pub(crate) const SHOWN: &str = "Dr. Lee: It is not broken.\n";

/// The first block of code of a language in a Markdown document, and the block of text after it, which it has to print.
pub(crate) fn quick_start(document: &Path, language: &str) -> Result<(String, String)> {
    let text = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    first(&text, language).with_context(|| format!("{} has no {language} and what it prints", document.display()))
}

/// The program of `around`, with the blocks of a language under a heading of a document, each in the place of a line `// BLOCK`.
pub(crate) fn fill(around: &Path, document: &Path, heading: &str, language: &str) -> Result<String> {
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let (program, text) = (read(around)?, read(document)?);
    filled(&program, blocks(&text, heading, language)).with_context(|| {
        format!("{heading} in {} has not as many blocks of {language} as {}", document.display(), around.display())
    })
}

/// All blocks of a language under a heading, up to the next one.
fn blocks(text: &str, heading: &str, language: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with('#'));
    core::iter::from_fn(|| block(&mut lines, language)).collect()
}

fn filled(program: &str, blocks: Vec<String>) -> Option<String> {
    let mut blocks = blocks.into_iter();
    let lines: Option<Vec<String>> = program
        .lines()
        .map(|line| if line.trim() == "// BLOCK" { blocks.next() } else { Some(line.to_owned()) })
        .collect();
    lines.filter(|_| blocks.next().is_none()).map(|lines| lines.join("\n") + "\n")
}

fn first(text: &str, language: &str) -> Option<(String, String)> {
    let mut lines = text.lines();
    Some((block(&mut lines, language)?, block(&mut lines, "text")?))
}

fn block<'a>(lines: &mut impl Iterator<Item = &'a str>, language: &str) -> Option<String> {
    lines.find(|line| line.strip_prefix("```").is_some_and(|word| word == language))?;
    let block: Vec<&str> = lines.take_while(|line| *line != "```").collect();
    Some(block.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_the_language_is_taken_and_the_text_after_it() {
        let text = "a\n```text\n1\n```\n```kotlin\n2\n\n3\n```\n```sh\n4\n```\n```text\n5\n```\n```kotlin\n6\n```\n";
        assert_eq!(first(text, "kotlin"), Some(("2\n\n3".into(), "5".into())));
        assert_eq!(first(text, "kot"), None);
        assert_eq!(first("```kotlin\n2\n```\n", "kotlin"), None);
    }
    #[test]
    fn blocks_under_a_heading_take_their_places() {
        let text =
            "```kotlin\n0\n```\n## A\n```kotlin\n1\n```\n```text\n2\n```\n```kotlin\n3\n```\n## B\n```kotlin\n4\n```\n";
        let found = blocks(text, "## A", "kotlin");
        assert_eq!(found, ["1", "3"]);
        assert_eq!(filled("a\n  // BLOCK\nb\n// BLOCK\n", found.clone()), Some("a\n1\nb\n3\n".into()));
        assert_eq!(filled("// BLOCK\n", found.clone()), None);
        assert_eq!(filled("// BLOCK\n// BLOCK\n// BLOCK\n", found), None);
        assert_eq!(filled("a\n// BLOCK\n", blocks(text, "## C", "kotlin")), None);
    }
}
