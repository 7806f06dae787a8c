//! SMART Health Links: made for what leaves the vault, opened for what comes.

use crate::buffer::ampoule_buffer;
use crate::memory::{Out, bytes, lend, text};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use fhir::{HealthLink, LinkError, LinkFile, Manifest, SealedFile};
use std::ffi::c_char;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A SMART Health Link, and the files that were sealed for it here. It is a secret, wiped when it is closed. Any thread.
pub struct ampoule_link(Mutex<Made>);

struct Made {
    link: HealthLink,
    files: Vec<SealedFile>,
}

impl ampoule_link {
    fn open(link: HealthLink) -> Result<*mut Self, ampoule_status> {
        handles::open(Self(Mutex::new(Made { link, files: Vec::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Made> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(HealthLink) -> Result<HealthLink, LinkError>) -> Result<(), ampoule_status> {
        let mut made = self.lock();
        made.link = change(made.link.clone())?;
        Ok(())
    }
}

/// A link with a fresh key at an address that is drawn below `base`, an https URL of at most 84 characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_new(
    base: *const c_char,
    base_len: usize,
    link: *mut *mut ampoule_link,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(link)?;
        out.write(ampoule_link::open(HealthLink::under(text(base, base_len)?)?)?);
        Ok(())
    })
}

/// Reads a link, with the address of a viewer before it or without, and checks that it has not ended by `now_s`, in seconds since
/// 1970. Its address and label are a stranger's: fetch no address of your own network, and show the label as text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_parse(
    link_text: *const c_char,
    link_text_len: usize,
    now_s: i64,
    link: *mut *mut ampoule_link,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(link)?;
        out.write(ampoule_link::open(HealthLink::parse(text(link_text, link_text_len)?, now_s)?)?);
        Ok(())
    })
}

/// What a link says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_link_info {
    /// When it ends, in seconds since 1970, or 0 where it does not say.
    pub ends_s: i64,
    /// Its files may change, and may be asked for again.
    pub long_term: bool,
    /// The server asks for a passcode. It is no part of the key: the server checks it, and counts wrong ones.
    pub passcode: bool,
    /// The address gives one file and no manifest.
    pub single_file: bool,
}

/// What a link says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_get_info(
    link: *const ampoule_link,
    info: *mut ampoule_link_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let link = handles::get(link)?;
        let link = &link.lock().link;
        out.write(ampoule_link_info {
            ends_s: link.ends().unwrap_or(0),
            long_term: link.is_long_term(),
            passcode: link.needs_passcode(),
            single_file: link.is_single_file(),
        });
        Ok(())
    })
}

/// Changes a link that was made here: what is zero or false stays as it is. A link to a single file with a passcode is
/// `AMPOULE_STATUS_INVALID_VALUE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_set_info(
    link: *const ampoule_link,
    info: *const ampoule_link_info,
) -> ampoule_status {
    boundary::call(|| {
        let ampoule_link_info { ends_s, long_term, passcode, single_file } = crate::memory::value(info)?;
        handles::get(link)?.change(|link| {
            let link = if ends_s == 0 { link } else { link.expires(ends_s) };
            let link = if long_term { link.long_term() } else { link };
            let link = if passcode { link.passcode()? } else { link };
            if single_file { link.single_file() } else { Ok(link) }
        })
    })
}

/// A few words on what is behind it, up to 80 characters. They stand in the link, not on the server.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_set_label(
    link: *const ampoule_link,
    label: *const c_char,
    label_len: usize,
) -> ampoule_status {
    boundary::call(|| {
        let label = text(label, label_len)?;
        handles::get(link)?.change(|link| link.label(label))
    })
}

/// The few words that its maker gave it; no bytes where there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_label(link: *const ampoule_link, label: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(label)?;
        let label = handles::get(link)?.lock().link.label_text().unwrap_or_default().to_owned();
        out.write(ampoule_buffer::of(label)?);
        Ok(())
    })
}

/// The link as text, to be shown as a QR code or sent. It is a secret.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_text(link: *const ampoule_link, out: *mut ampoule_buffer) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(out)?;
        let text = handles::get(link)?.lock().link.text();
        out.write(ampoule_buffer::secret(Zeroizing::new(text.as_bytes().to_vec()))?);
        Ok(())
    })
}

/// Encrypts a file of at most 64 MiB for a link. It joins the files of `ampoule_link_manifest`; `jwe`, which may be NULL, is for the
/// server of a link to a single file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_seal(
    link: *const ampoule_link,
    media_type: *const c_char,
    media_type_len: usize,
    content: *const u8,
    content_len: usize,
    jwe: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(jwe);
        let (media_type, content) = (text(media_type, media_type_len)?, bytes(content, content_len)?);
        let link = handles::get(link)?;
        let mut made = link.lock();
        let sealed = made.link.seal(media_type, content)?;
        let jwe = out.is_some().then(|| ampoule_buffer::of(sealed.jwe())).transpose()?;
        made.files.push(sealed);
        if let (Some(out), Some(jwe)) = (out, jwe) {
            out.write(jwe);
        }
        Ok(())
    })
}

/// What a server answers at the link's address, once it has checked the passcode: the files that were sealed, in JSON, to be served
/// as `application/json`. It opens nothing without the link.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_manifest(
    link: *const ampoule_link,
    manifest: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(manifest)?;
        let answer = Manifest::answer(&handles::get(link)?.lock().files, None, |_| String::new())?;
        out.write(ampoule_buffer::of(answer)?);
        Ok(())
    })
}

/// What to fetch first: an https URL, and what to POST there as `application/json`, or no bytes for GET. `recipient` is shown to the
/// link's maker. Without a passcode, NULL with length 0, a link that needs one is `AMPOULE_STATUS_PASSCODE_NEEDED`. Both results
/// let whoever has them fetch.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_request(
    link: *const ampoule_link,
    recipient: *const c_char,
    recipient_len: usize,
    passcode: *const c_char,
    passcode_len: usize,
    url: *mut ampoule_buffer,
    body: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (url_out, body_out) = (Out::at(url)?, Out::at(body)?);
        let (recipient, passcode) = (text(recipient, recipient_len)?, text(passcode, passcode_len)?);
        let passcode = (!passcode.is_empty()).then_some(passcode);
        let request = handles::get(link)?.lock().link.request(recipient, passcode)?;
        let (url, body) = (ampoule_buffer::of(request.url())?, ampoule_buffer::of(request.body().unwrap_or_default())?);
        url_out.write(url);
        body_out.write(body);
        Ok(())
    })
}

/// The files of a manifest that was fetched. It does not change. Any thread.
pub struct ampoule_manifest(Manifest);

/// Reads what was fetched from the address of a link that is not of a single file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_read_manifest(
    link: *const ampoule_link,
    json: *const u8,
    json_len: usize,
    manifest: *mut *mut ampoule_manifest,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(manifest)?;
        let read = handles::get(link)?.lock().link.manifest(bytes(json, json_len)?)?;
        out.write(handles::open(ampoule_manifest(read))?);
        Ok(())
    })
}

/// How many files there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_manifest_count(
    manifest: *const ampoule_manifest,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(manifest)?.0.files().len());
        Ok(())
    })
}

/// Where one of them, from 0, is to be fetched with GET: an https URL, or no bytes where the manifest has the file itself. It is text
/// of the manifest's own, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_manifest_location(
    manifest: *const ampoule_manifest,
    place: usize,
    url: *mut *const c_char,
    url_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(url)?, Out::at(url_len)?);
        let manifest = handles::get(manifest)?;
        let file = manifest.0.files().get(place).ok_or(ampoule_status::OutOfRange)?;
        lend(if file.embedded().is_some() { "" } else { file.location().unwrap_or_default() }, out, out_len);
        Ok(())
    })
}

/// Opens a file of a manifest: `jwe` is what its location gave, or NULL with length 0 where the manifest has it. Gives its media type,
/// which the link's maker has authenticated, and its content.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_open(
    link: *const ampoule_link,
    manifest: *const ampoule_manifest,
    place: usize,
    jwe: *const u8,
    jwe_len: usize,
    media_type: *mut ampoule_buffer,
    content: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let outs = (Out::at(media_type)?, Out::at(content)?);
        let (link, manifest, fetched) = (handles::get(link)?, handles::get(manifest)?, bytes(jwe, jwe_len)?);
        let file = manifest.0.files().get(place).ok_or(ampoule_status::OutOfRange)?;
        let jwe = if fetched.is_empty() { file.embedded().ok_or(ampoule_status::NotLink)? } else { fetched };
        let opened = link.lock().link.file_of(file, jwe)?;
        write_file(opened, outs)
    })
}

/// Opens the file of a link to a single file, as it was fetched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_link_open_file(
    link: *const ampoule_link,
    jwe: *const u8,
    jwe_len: usize,
    media_type: *mut ampoule_buffer,
    content: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let outs = (Out::at(media_type)?, Out::at(content)?);
        let opened = handles::get(link)?.lock().link.file(bytes(jwe, jwe_len)?)?;
        write_file(opened, outs)
    })
}

fn write_file(file: LinkFile, outs: (Out<ampoule_buffer>, Out<ampoule_buffer>)) -> Result<(), ampoule_status> {
    let media_type = ampoule_buffer::of(file.content_type())?;
    let content = ampoule_buffer::secret(Zeroizing::new(file.into_content()))?;
    outs.0.write(media_type);
    outs.1.write(content);
    Ok(())
}

impl From<LinkError> for ampoule_status {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Expired { at: _ } => Self::LinkEnded,
            LinkError::PasscodeNeeded => Self::PasscodeNeeded,
            LinkError::Algorithm | LinkError::OtherContentType | LinkError::Unopenable | LinkError::Compression => {
                Self::LinkUnopenable
            }
            LinkError::Address { limit: _ }
            | LinkError::Guessable { least: _ }
            | LinkError::Label { limit: _ }
            | LinkError::FileWithPasscode
            | LinkError::ContentType
            | LinkError::FileCount { limit: _ } => Self::InvalidValue,
            LinkError::TooLarge { limit: _ } => Self::TooLong,
            LinkError::Fhir(_) => Self::NotFhir,
            LinkError::Random => Self::NoRandomness,
            // What is no link, and whatever the adapter may find more.
            _ => Self::NotLink,
        }
    }
}
