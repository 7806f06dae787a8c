//! Names of the files in a folder: safe on any file system and in any link.

/// Folder of the files, below that of the chart.
pub(super) const FILES: &str = "files";

/// Most characters that are taken from the name which a file has in the chart.
const MOST_STEM: usize = 60;
/// Longest name that is read back.
const MOST_NAME: usize = 100;

/// Endings that browsers and desktops open without running anything, and media types that have them. What has another becomes
/// `.bin`, with all its bytes: a file that somebody else has put must not run because a patient clicks on it.
const PASSIVE: [(&str, &str); 22] = [
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("dcm", "application/dicom"),
    ("gif", "image/gif"),
    ("hl7", "x-application/hl7-v2+er7"),
    ("jpeg", ""),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", ""),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// A name of ASCII letters, digits, `-` and `_` after a number, so that none is empty, hidden, a device, a way out of the folder,
/// or equal to another where case does not count.
pub(super) fn file_name(number: usize, name: Option<&str>, media_type: &str) -> String {
    let name = name.unwrap_or_default();
    let known = |ending: &str| PASSIVE.iter().find(|(passive, _)| ending.eq_ignore_ascii_case(passive));
    let by_name = name.rsplit_once('.').and_then(|(stem, ending)| Some((stem, known(ending)?.0)));
    let by_type = PASSIVE.iter().find(|(_, of)| !of.is_empty() && media_type.eq_ignore_ascii_case(of));
    let (stem, ending) = by_name.unwrap_or((name, by_type.map_or("bin", |(ending, _)| ending)));
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let stem: String = stem.chars().take(MOST_STEM).map(plain).collect();
    let stem = if stem.is_empty() { "file" } else { &stem };
    format!("{number:04}-{stem}.{ending}")
}

/// Whether a name is one that [`file_name`] gives.
pub(super) fn is_file_name(name: &str) -> bool {
    let Some((number, rest)) = name.split_once('-') else { return false };
    let Some((stem, ending)) = rest.split_once('.') else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= MOST_NAME
        && number.len() >= 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !stem.is_empty()
        && stem.bytes().all(plain)
        && !ending.is_empty()
        && ending.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_whatever_it_was() {
        let cases = [
            (None, "application/dicom", "0007-file.dcm"),
            (Some("knee.DCM"), "", "0007-knee.dcm"),
            (Some("../../etc/passwd"), "", "0007-______etc_passwd.bin"),
            (Some("..\\..\\x.pdf"), "", "0007-______x.pdf"),
            (Some("/etc/cron.d/x"), "text/plain", "0007-_etc_cron_d_x.txt"),
            (Some("C:\\a.png"), "", "0007-C__a.png"),
            (Some("CON"), "", "0007-CON.bin"),
            (Some("nul.txt"), "", "0007-nul.txt"),
            (Some(".bashrc"), "", "0007-_bashrc.bin"),
            (Some("a.html"), "text/html", "0007-a_html.bin"),
            (Some("a.png.exe"), "image/png", "0007-a_png_exe.png"),
            (Some("a.svg"), "image/svg+xml", "0007-a_svg.bin"),
            (Some("x\u{202e}gnp.exe"), "", "0007-x_gnp_exe.bin"),
            (Some("a b\n\0\"'<script>.pdf"), "", "0007-a_b_____script_.pdf"),
            (Some("Röntgen.png"), "", "0007-R_ntgen.png"),
            (Some(".pdf"), "", "0007-file.pdf"),
            (Some("trailing. . ."), "", "0007-trailing_____.bin"),
        ];
        for (name, media_type, expected) in cases {
            let made = file_name(7, name, media_type);
            assert_eq!(made, expected, "{name:?}");
            assert!(is_file_name(&made), "{made}");
        }
        let long = file_name(123_456, Some(&"x".repeat(5000)), "");
        assert!(is_file_name(&long) && long.len() <= MOST_NAME, "{long}");
    }

    #[test]
    fn no_other_name_is_read() {
        let others = [
            "",
            ".",
            "..",
            "../x",
            "0001-x",
            "0001-.bin",
            "001-x.bin",
            "0001-x.",
            "0001-../x.bin",
            "0001-x.b/n",
            "0001-x.b.n",
            "0001-a/b.bin",
            "0001-a\\b.bin",
            "0001-a b.bin",
            "0001-ä.bin",
            "/0001-a.bin",
            "0001-a:b.bin",
            "٠٠٠١-a.bin",
        ];
        for name in others {
            assert!(!is_file_name(name), "{name:?}");
        }
    }
}
