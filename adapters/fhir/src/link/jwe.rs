//! The files behind a link: JWE in compact form (RFC 7516) with `alg: dir` and `enc: A256GCM` (RFC 7518, 4.5 and 5.3).
//!
//! The only file of this crate that touches a primitive. Why it is put together here: `docs/adr/0022`.

use super::LinkError;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Tag};
use base64ct::{Base64UrlUnpadded as Base64, Encoding};
use flate2::{Decompress, FlushDecompress, Status};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// Length of a key, in bytes.
const KEY_LEN: usize = 32;
/// Length of a key in base64url, in characters.
const KEY_TEXT_LEN: usize = 43;
/// RFC 7518, 5.3: the initialization vector has 96 bits, the tag 128.
const IV_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Longest protected header, in characters of base64url.
const MAX_HEADER: usize = 4096;
/// How much of a compressed content is expanded at a time, in bytes.
const STEP: usize = 64 << 10;

/// The key of one link. Shows nothing and is wiped.
#[derive(Clone)]
pub(super) struct LinkKey(Zeroizing<[u8; KEY_LEN]>);

impl LinkKey {
    pub(super) fn fresh() -> Result<Self, LinkError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| LinkError::Random)?;
        Ok(Self(key))
    }

    /// Reads exactly 43 characters, of which the last has no bits to spare.
    pub(super) fn from_text(text: &str) -> Result<Self, LinkError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        if text.len() != KEY_TEXT_LEN {
            return Err(LinkError::Key);
        }
        Base64::decode(text, key.as_mut_slice()).map_err(|_| LinkError::Key)?;
        Ok(Self(key))
    }

    pub(super) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(Base64::encode_string(self.0.as_slice()))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }

    /// Encrypts `content` with a random initialization vector, as every file and every update of one needs its own.
    pub(super) fn seal(&self, content_type: &str, content: &[u8]) -> Result<String, LinkError> {
        let content_type = Cow::Borrowed(content_type);
        let header = WrittenHeader { alg: "dir", enc: "A256GCM", cty: content_type };
        let header = serde_json::to_vec(&header).map_err(|_| LinkError::ContentType)?;
        let header = Base64::encode_string(&header);
        let mut iv = [0; IV_LEN];
        getrandom::fill(&mut iv).map_err(|_| LinkError::Random)?;
        let mut sealed = content.to_vec();
        // RFC 7516, 5.1 step 14: the associated data is the header as it is sent.
        let tag = self
            .cipher()
            .encrypt_inout_detached(&iv.into(), header.as_bytes(), sealed.as_mut_slice().into())
            .map_err(|_| LinkError::TooLarge { limit: super::MAX_CONTENT })?;
        // RFC 7516, 7.1. The encrypted key of `dir` is empty.
        Ok([&*header, "", &Base64::encode_string(&iv), &Base64::encode_string(&sealed), &Base64::encode_string(&tag)]
            .join("."))
    }

    /// Decrypts a file of at most `limit` bytes; returns the type of its content, and the content.
    pub(super) fn open(&self, jwe: &[u8], limit: usize) -> Result<(String, Vec<u8>), LinkError> {
        if jwe.len() > max_jwe(limit) {
            return Err(LinkError::TooLarge { limit });
        }
        let jwe = core::str::from_utf8(jwe).map_err(|_| LinkError::NotJwe)?;
        let mut parts = jwe.split('.');
        let mut next = || parts.next().ok_or(LinkError::NotJwe);
        let (header, key, iv, sealed, tag) = (next()?, next()?, next()?, next()?, next()?);
        if parts.next().is_some() || !key.is_empty() || header.len() > MAX_HEADER {
            return Err(LinkError::NotJwe);
        }
        let (content_type, compressed) = read_header(&decoded(header)?)?;
        let iv: [u8; IV_LEN] = decoded(iv)?.try_into().map_err(|_| LinkError::NotJwe)?;
        let tag: [u8; TAG_LEN] = decoded(tag)?.try_into().map_err(|_| LinkError::NotJwe)?;
        let mut content = decoded(sealed)?;
        self.cipher()
            .decrypt_inout_detached(&iv.into(), header.as_bytes(), content.as_mut_slice().into(), &Tag::from(tag))
            .map_err(|_| LinkError::Unopenable)?;
        let content = if compressed { expanded(&content, limit)? } else { content };
        if content.len() > limit {
            return Err(LinkError::TooLarge { limit });
        }
        Ok((content_type, content))
    }
}

/// Longest JWE of a content of `limit` bytes.
pub(super) fn max_jwe(limit: usize) -> usize {
    limit.saturating_add(limit / 2).saturating_add(MAX_HEADER).saturating_add(64)
}

fn decoded(text: &str) -> Result<Vec<u8>, LinkError> {
    Base64::decode_vec(text).map_err(|_| LinkError::NotJwe)
}

#[derive(Serialize)]
struct WrittenHeader<'a> {
    alg: &'static str,
    enc: &'static str,
    cty: Cow<'a, str>,
}

/// RFC 7516, 4.1. Parameters that are not here are ignored, as the RFC asks for.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    enc: Cow<'a, str>,
    #[serde(borrow)]
    cty: Option<Cow<'a, str>>,
    #[serde(borrow)]
    zip: Option<Cow<'a, str>>,
    #[serde(default)]
    crit: Present,
}

/// Whether a parameter is there, whatever its value.
#[derive(Default)]
struct Present(bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self(true))
    }
}

/// The type of the content, and whether it is compressed.
fn read_header(json: &[u8]) -> Result<(String, bool), LinkError> {
    if !json.starts_with(b"{") {
        return Err(LinkError::NotJwe);
    }
    let header: Header<'_> = serde_json::from_slice(json).map_err(|_| LinkError::NotJwe)?;
    let compressed = match header.zip.as_deref() {
        None => false,
        // RFC 7516, 4.1.3.
        Some("DEF") => true,
        Some(_) => return Err(LinkError::Algorithm),
    };
    if header.alg != "dir" || header.enc != "A256GCM" || header.crit.0 {
        return Err(LinkError::Algorithm);
    }
    let content_type = header.cty.ok_or(LinkError::NoContentType)?;
    // RFC 7515, 4.1.10: a type without a slash has left out `application/`.
    let whole =
        if content_type.contains('/') { content_type.into_owned() } else { format!("application/{content_type}") };
    Ok((whole, compressed))
}

/// Expands raw DEFLATE (RFC 1951) to at most `limit` bytes; the stream must end where the bytes do.
fn expanded(mut compressed: &[u8], limit: usize) -> Result<Vec<u8>, LinkError> {
    let mut inflate = Decompress::new(false);
    let mut content = Vec::new();
    loop {
        content.reserve(STEP);
        let before = (inflate.total_in(), content.len());
        let status = inflate
            .decompress_vec(compressed, &mut content, FlushDecompress::None)
            .map_err(|_| LinkError::Compression)?;
        if content.len() > limit {
            return Err(LinkError::TooLarge { limit });
        }
        let used = inflate.total_in().checked_sub(before.0).and_then(|used| usize::try_from(used).ok());
        compressed = used.and_then(|used| compressed.get(used..)).ok_or(LinkError::Compression)?;
        match status {
            Status::StreamEnd if compressed.is_empty() => return Ok(content),
            Status::Ok | Status::BufError if (inflate.total_in(), content.len()) != before => {}
            _ => return Err(LinkError::Compression),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_form() {
        let text = "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q";
        assert_eq!(*LinkKey::from_text(text).unwrap().to_text(), text);
        let wrong = [
            "",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q=",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7QA",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7R",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX+Q",
            "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX Q",
        ];
        for text in wrong {
            assert_eq!(LinkKey::from_text(text).err(), Some(LinkError::Key), "{text}");
        }
    }

    #[test]
    fn a_content_that_expands_without_end_is_left_at_the_limit() {
        let mut bomb = Vec::new();
        flate2::Compress::new(flate2::Compression::best(), false).compress_vec_all(&vec![0; 8 << 20], &mut bomb);
        assert!(bomb.len() < 10_000);
        assert_eq!(expanded(&bomb, 1 << 20), Err(LinkError::TooLarge { limit: 1 << 20 }));
        assert_eq!(expanded(&bomb, 8 << 20).map(|content| content.len()), Ok(8 << 20));
        bomb.push(0);
        assert_eq!(expanded(&bomb, 8 << 20), Err(LinkError::Compression));
        bomb.truncate(bomb.len() / 2);
        assert_eq!(expanded(&bomb, 8 << 20), Err(LinkError::Compression));
        assert_eq!(expanded(&[], 8 << 20), Err(LinkError::Compression));
    }

    trait All {
        fn compress_vec_all(&mut self, input: &[u8], output: &mut Vec<u8>);
    }

    impl All for flate2::Compress {
        fn compress_vec_all(&mut self, input: &[u8], output: &mut Vec<u8>) {
            output.reserve(input.len());
            let status = self.compress_vec(input, output, flate2::FlushCompress::Finish).unwrap();
            assert_eq!(status, Status::StreamEnd);
        }
    }
}
