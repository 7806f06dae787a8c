//! Code in the documents, so that it is run as it stands there.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// The first block of code of a language in a Markdown document, and the block of text after it, which it has to print.
pub(crate) fn quick_start(document: &Path, language: &str) -> Result<(String, String)> {
    let text = fs::read_to_string(document).with_context(|| format!("cannot read {}", document.display()))?;
    first(&text, language).with_context(|| format!("{} has no {language} and what it prints", document.display()))
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
}
