//! Addresses of links and files.

use super::LinkError;
use base64ct::{Base64UrlUnpadded as Base64, Encoding};

/// A part with 256 bits that nobody can guess has this many characters of base64url.
const RANDOM_LEN: usize = 43;

/// Whether `url` is an https URL without a fragment and without a name to log in.
pub(super) fn check(url: &str, limit: usize) -> Result<(), LinkError> {
    let host = url.strip_prefix("https://").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    match host {
        Some(host) if url.len() <= limit && !host.is_empty() && !host.contains('@') && url.bytes().all(plain) => Ok(()),
        _ => Err(LinkError::Address { limit }),
    }
}

/// An address below `base` that nobody can guess.
pub(super) fn below(base: &str, limit: usize) -> Result<String, LinkError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|_| LinkError::Random)?;
    let url = format!("{}/{}", base.strip_suffix('/').unwrap_or(base), Base64::encode_string(&random));
    check(&url, limit)?;
    Ok(url)
}

/// Whether `url` can have 256 bits of entropy: no test shows that it has.
pub(super) fn check_random(url: &str) -> Result<(), LinkError> {
    let of_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let path = url.strip_prefix("https://").and_then(|rest| rest.split_once(['/', '?'])).map_or("", |(_, path)| path);
    if path.split(|c| !of_base64url(c)).any(|run| run.len() >= RANDOM_LEN) {
        Ok(())
    } else {
        Err(LinkError::Guessable { least: RANDOM_LEN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_are_taken() {
        check("https://a.example/x?y=%20z&w=1", 64).unwrap();
        let wrong = [
            "",
            "https://",
            "https:///x",
            "http://a.example/x",
            "HTTPS://a.example/x",
            "file:///etc/passwd",
            "https://a.example/x#y",
            "https://user@a.example/x",
            "https://a.example/x y",
            "https://a.example/x\n",
            "https://\u{430}.example/x",
            "https://a.example\\x",
            " https://a.example/x",
        ];
        for url in wrong {
            assert_eq!(check(url, 64), Err(LinkError::Address { limit: 64 }), "{url:?}");
        }
        assert!(check(&format!("https://a/{}", "x".repeat(54)), 64).is_ok());
        assert!(check(&format!("https://a/{}", "x".repeat(55)), 64).is_err());
    }

    #[test]
    fn an_address_is_drawn_anew_each_time() {
        let (one, other) =
            (below("https://a.example/shl/", 128).unwrap(), below("https://a.example/shl", 128).unwrap());
        assert_ne!(one, other);
        assert_eq!((one.len(), other.len()), (22 + 43, 22 + 43));
        check_random(&one).unwrap();
        assert!(check_random("https://a.example/shl/17").is_err());
        assert!(check_random(&format!("https://{}.example/1", "a".repeat(50))).is_err());
        assert!(below(&format!("https://a/{}", "x".repeat(90)), 128).is_err());
        assert!(below("https://a.example/?x#", 128).is_err());
    }
}
