//! What is to be fetched.

use core::fmt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use zeroize::Zeroizing;

/// A request for the application to make: POST where it has a body, GET where it has none.
#[derive(Clone)]
pub struct LinkRequest {
    url: String,
    body: Option<Zeroizing<String>>,
}

/// "SMART Health Link Manifest Request".
#[derive(Serialize)]
struct Body<'a> {
    recipient: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    passcode: Option<&'a str>,
}

impl LinkRequest {
    pub(super) fn manifest(url: &str, recipient: &str, passcode: Option<&str>) -> Self {
        // Texts always become JSON.
        let body = serde_json::to_string(&Body { recipient, passcode }).unwrap_or_default();
        Self { url: url.into(), body: Some(Zeroizing::new(body)) }
    }

    /// "SMART Health Link Direct File Request (with `U` Flag)".
    pub(super) fn file_of(url: &str, recipient: &str) -> Self {
        let joint = if url.contains('?') { '&' } else { '?' };
        let recipient = utf8_percent_encode(recipient, NON_ALPHANUMERIC);
        Self { url: format!("{url}{joint}recipient={recipient}"), body: None }
    }

    pub(super) fn get(url: &str) -> Self {
        Self { url: url.into(), body: None }
    }

    /// The address, https. It is from the link or its manifest: send it no cookies and no login, and let it lead to no
    /// address of your own network.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What to POST, with the media type `application/json`; nothing for GET. It may hold the passcode.
    pub fn body(&self) -> Option<&str> {
        self.body.as_ref().map(|body| body.as_str())
    }
}

/// Shows the method only: address and body let whoever has them fetch.
impl fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, body } = self;
        let method = if body.is_some() { "POST" } else { "GET" };
        f.debug_struct("LinkRequest").field("method", &method).finish_non_exhaustive()
    }
}
