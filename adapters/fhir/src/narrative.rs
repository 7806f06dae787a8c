//! The text of a narrative (FHIR R4, 2.4.0 Narrative), without its markup.
//!
//! It feeds the search for words and nothing else, so what is not well formed costs a word, not the resource.

/// Elements that stand within a word or a line; every other element parts words.
const INLINE: &[&str] =
    &["a", "abbr", "acronym", "b", "big", "code", "em", "i", "small", "span", "strong", "sub", "sup", "tt", "u"];

/// The text between the tags of `xhtml`, with its character references undone.
pub(crate) fn plain(xhtml: &str) -> String {
    let mut text = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, markup) = rest.split_at(at);
        text.push_str(before);
        rest = if let Some(tag) = markup.strip_prefix('<') {
            skip_tag(tag, &mut text)
        } else {
            reference(markup.strip_prefix('&').unwrap_or_default(), &mut text)
        };
    }
    text.push_str(rest);
    text
}

/// Skips to behind the tag whose inside `tag` begins with.
fn skip_tag<'a>(tag: &'a str, text: &mut String) -> &'a str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, after)| after);
    }
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    if !INLINE.contains(&name) {
        text.push(' ');
    }
    // A '>' within a quoted attribute does not end the tag.
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => {
                return tag.get(at..).and_then(|t| t.strip_prefix('>')).unwrap_or("");
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    ""
}

/// Undoes the character reference whose inside `markup` begins with; one that is not known parts words.
fn reference<'a>(markup: &'a str, text: &mut String) -> &'a str {
    const LONGEST: usize = 10;
    let end = markup
        .bytes()
        .take(LONGEST)
        .position(|b| b == b';')
        .and_then(|at| Some((markup.get(..at)?, markup.get(at..)?.strip_prefix(';')?)));
    let Some((name, rest)) = end else {
        text.push('&');
        return markup;
    };
    let code = name.strip_prefix('#').and_then(|number| {
        number.strip_prefix(['x', 'X']).map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())
    });
    text.push(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => code.and_then(char::from_u32).unwrap_or(' '),
    });
    rest
}

#[cfg(test)]
mod tests {
    use super::plain;
    use ampoule::Terms;

    #[test]
    fn only_text_is_left() {
        assert_eq!(
            Terms::fold(&plain(
                "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title='a > b'>Asth<b>ma</b><br/>mild</p><!-- hid>den --><td>x-ray</td></div>"
            )),
            ["asthma", "mild", "ray"]
        );
    }

    #[test]
    fn character_references_are_undone() {
        assert_eq!(plain("M&#252;ller &amp; S&#xF8;n &lt;3&nbsp;&bogus;"), "Müller & Søn <3  ");
        assert_eq!(plain("&#1114112;&#x110000;&#;&;"), "    ");
    }

    #[test]
    fn what_is_not_well_formed_ends_quietly() {
        for text in ["<", "<p", "a<!--", "&", "a &amp", "<p title=\"", "&ääää;", "</"] {
            let _ = plain(text);
        }
        assert_eq!(plain("a &amp b"), "a &amp b");
    }
}
