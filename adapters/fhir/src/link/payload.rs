//! The text of a link ("Construct a SMART Health Link Payload").

use super::jwe::LinkKey;
use super::{HealthLink, LinkError, Part, address};
use base64ct::{Base64UrlUnpadded as Base64, Encoding};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use zeroize::Zeroizing;

const SCHEME: &str = "shlink:/";

/// The version of the protocol that is read and written.
const VERSION: u64 = 1;

/// Longest text of a link with the address of its viewer, in bytes. A QR code holds 4,296.
const MAX_TEXT: usize = 16 << 10;

/// Properties that are not here are ignored, as the specification asks for.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    flag: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<serde_json::Number>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    label: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u64>,
}

const MALFORMED: LinkError = LinkError::Malformed { part: Part::Payload };

pub(super) fn write(link: &HealthLink) -> Zeroizing<String> {
    // In alphabetical order, as the specification asks for.
    let flags = [(link.long_term, 'L'), (link.passcode, 'P'), (link.single_file, 'U')];
    let flags: String = flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect();
    let key = link.key.to_text();
    let payload = Payload {
        url: Cow::Borrowed(&link.url),
        flag: (!flags.is_empty()).then_some(Cow::Owned(flags)),
        key: Cow::Borrowed(&key),
        exp: link.expires.map(Into::into),
        label: link.label.as_deref().map(Cow::Borrowed),
        v: None,
    };
    // Texts and integers always become JSON.
    let json = Zeroizing::new(serde_json::to_vec(&payload).unwrap_or_default());
    let encoded = Zeroizing::new(Base64::encode_string(&json));
    let mut text = Zeroizing::new(String::with_capacity(SCHEME.len().saturating_add(encoded.len())));
    text.push_str(SCHEME);
    text.push_str(&encoded);
    text
}

pub(super) fn read(text: &str) -> Result<HealthLink, LinkError> {
    if text.len() > MAX_TEXT {
        return Err(LinkError::TooLarge { limit: MAX_TEXT });
    }
    let encoded = match text.strip_prefix(SCHEME) {
        Some(encoded) => encoded,
        None => text.split_once('#').and_then(|(_, link)| link.strip_prefix(SCHEME)).ok_or(LinkError::NotALink)?,
    };
    let json = Zeroizing::new(Base64::decode_vec(encoded).map_err(|_| LinkError::NotALink)?);
    if !json.starts_with(b"{") {
        return Err(MALFORMED);
    }
    let payload: Payload<'_> = serde_json::from_slice(&json).map_err(|_| MALFORMED)?;
    if let Some(version) = payload.v.filter(|version| *version != VERSION) {
        return Err(if version > VERSION { LinkError::NewerVersion { version } } else { MALFORMED });
    }
    address::check(&payload.url, HealthLink::MAX_URL)?;
    let flag = |flag| payload.flag.as_deref().is_some_and(|flags| flags.contains(flag));
    HealthLink {
        url: payload.url.as_ref().into(),
        key: LinkKey::from_text(&payload.key)?,
        expires: payload.exp.as_ref().map(seconds).transpose()?,
        long_term: flag('L'),
        passcode: flag('P'),
        single_file: flag('U'),
        label: payload.label.map(|label| checked_label(label.into_owned())).transpose()?,
    }
    .checked()
}

pub(super) fn checked_label(label: String) -> Result<String, LinkError> {
    let limit = HealthLink::MAX_LABEL;
    if label.chars().count() > limit { Err(LinkError::Label { limit }) } else { Ok(label) }
}

/// A time in seconds, of which the fraction is left out: some makers divide milliseconds.
fn seconds(number: &serde_json::Number) -> Result<i64, LinkError> {
    number.as_i64().or_else(|| number.to_string().split_once('.')?.0.parse().ok()).ok_or(MALFORMED)
}
