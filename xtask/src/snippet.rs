//! Code in the documents, so that it is run as it stands there.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The first block of code of a language in a Markdown document.
pub(crate) fn block(document: &Path, language: &str) -> Result<String> {
    let text = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    first(&text, language).with_context(|| format!("{} has no block of {language}", document.display()))
}

fn first(text: &str, language: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find(|line| line.strip_prefix("```").is_some_and(|word| word == language))?;
    let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
    Some(block.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_the_language_is_taken() {
        let text = "a\n```text\n1\n```\n```kotlin\n2\n\n3\n```\n```kotlin\n4\n```\n";
        assert_eq!(first(text, "kotlin").as_deref(), Some("2\n\n3"));
        assert_eq!(first(text, "kot"), None);
    }
}
