//! Names of files that are paths: those that mean the same on every system, and nothing beside that.

use crate::error::Error;

/// Most bytes of a path.
const MOST: usize = 1024;
/// Most bytes of one name, as file systems have it.
const MOST_OF_NAME: usize = 255;
/// What Windows takes for a device, with any ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// The same with a digit after them.
const NUMBERED: [&str; 2] = ["com", "lpt"];

/// The names on the way to a file, from a folder on: at least one. Fails for a path that could lead elsewhere, be another on
/// another system, or look like another.
pub(super) fn parts(path: &str) -> Result<Vec<&str>, Error> {
    let parts: Vec<&str> = path.split('/').collect();
    if path.len() <= MOST && parts.iter().all(|part| is_plain(part)) { Ok(parts) } else { Err(Error::UnsafeName) }
}

fn is_plain(name: &str) -> bool {
    let fits = (1..=MOST_OF_NAME).contains(&name.len()) && name.chars().all(is_plain_char);
    // This keeps `.` and `..` out, and what Windows takes for the same name without its end.
    fits && !name.ends_with(['.', ' ']) && !is_device(name)
}

fn is_plain_char(char: char) -> bool {
    let is_reserved = matches!(char, '/' | '\\' | ':' | '<' | '>' | '"' | '|' | '?' | '*');
    // Marks of direction show an ending where it is not; the others end a line, or are not seen at all.
    let is_hidden = matches!(char,
        '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    !char.is_control() && !is_reserved && !is_hidden
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_lowercase();
    let is_digit = |rest: &str| {
        matches!(rest, "¹" | "²" | "³") || (rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    DEVICES.contains(&&*stem) || NUMBERED.iter().any(|device| stem.strip_prefix(device).is_some_and(is_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_taken() {
        let long = "x".repeat(MOST_OF_NAME);
        for path in [
            "a",
            "a.dcm",
            "series 1/slice.001.dcm",
            ".hidden/x",
            "Röntgen/膝.png",
            "console",
            "com10.txt",
            "a/b/c/d",
            &long,
        ] {
            assert_eq!(parts(path), Ok(path.split('/').collect()), "{path}");
        }
    }

    #[test]
    fn c24_paths_that_lead_or_look_elsewhere_are_refused() {
        let long = "x".repeat(MOST_OF_NAME + 1);
        let deep = ["x"; MOST].join("/");
        let hostile = [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../x",
            ".",
            "./x",
            "a//b",
            "a/",
            "a\\b",
            "..\\x",
            "C:",
            "C:x",
            "a:b",
            "x\0y",
            "x\ny",
            "x\u{7f}",
            "x\u{85}",
            "con",
            "CON",
            "Con.txt",
            "nul.tar.gz",
            "AUX ",
            "prn .txt",
            "COM1",
            "lpt9.dcm",
            "com¹",
            "CONIN$",
            "a/NUL/b",
            "x.",
            "x ",
            "...",
            "slice\u{202E}mcd.exe",
            "x\u{2066}y",
            "x\u{200F}",
            "x\u{200B}",
            "x\u{2028}y",
            "\u{FEFF}x",
            "x\u{61C}",
            "a?",
            "a*",
            "a|b",
            "<a>",
            "\"a\"",
            &long,
            &deep,
        ];
        for path in hostile {
            assert_eq!(parts(path), Err(Error::UnsafeName), "{path:?}");
        }
    }
}
