//! `crypto_secretstream` of the machine's libsodium.

use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulonglong};
use std::ptr::{null, null_mut};
use std::sync::Once;

const HEADER: usize = 24;
/// A tag byte and 16 bytes of authentication, for each message.
const OVERHEAD: usize = 17;
const KEY: [u8; 32] = [7; 32];

/// At least as large as the library's, which has 52 bytes.
#[repr(C, align(8))]
struct State([u8; 64]);

#[link(name = "sodium")]
unsafe extern "C" {
    fn sodium_init() -> c_int;
    fn sodium_version_string() -> *const c_char;
    fn crypto_secretstream_xchacha20poly1305_statebytes() -> usize;
    fn crypto_secretstream_xchacha20poly1305_init_push(
        state: *mut State,
        header: *mut c_uchar,
        key: *const c_uchar,
    ) -> c_int;
    fn crypto_secretstream_xchacha20poly1305_push(
        state: *mut State,
        c: *mut c_uchar,
        clen: *mut c_ulonglong,
        m: *const c_uchar,
        mlen: c_ulonglong,
        ad: *const c_uchar,
        adlen: c_ulonglong,
        tag: c_uchar,
    ) -> c_int;
    fn crypto_secretstream_xchacha20poly1305_init_pull(
        state: *mut State,
        header: *const c_uchar,
        key: *const c_uchar,
    ) -> c_int;
    fn crypto_secretstream_xchacha20poly1305_pull(
        state: *mut State,
        m: *mut c_uchar,
        mlen: *mut c_ulonglong,
        tag: *mut c_uchar,
        c: *const c_uchar,
        clen: c_ulonglong,
        ad: *const c_uchar,
        adlen: c_ulonglong,
    ) -> c_int;
}

fn fresh() -> State {
    static INIT: Once = Once::new();
    // SAFETY: both take nothing, and may be called at any time.
    INIT.call_once(|| unsafe {
        assert!(sodium_init() >= 0);
        assert!(crypto_secretstream_xchacha20poly1305_statebytes() <= size_of::<State>());
    });
    State([0; 64])
}

pub(crate) fn version() -> String {
    // SAFETY: it is a string that the library has for as long as it runs.
    unsafe { CStr::from_ptr(sodium_version_string()) }.to_string_lossy().into_owned()
}

/// Seals pieces as one message each; gives the header and the messages.
pub(crate) fn seal(content: &[u8], piece: usize, mut give: impl FnMut(&[u8])) {
    let (mut state, mut header) = (fresh(), [0; HEADER]);
    // SAFETY: header and key have the lengths that the library says.
    unsafe { crypto_secretstream_xchacha20poly1305_init_push(&mut state, header.as_mut_ptr(), KEY.as_ptr()) };
    give(&header);
    let mut message = vec![0; piece + OVERHEAD];
    for piece in content.chunks(piece) {
        // SAFETY: the message has room for the piece and what is added to it; there is no associated data.
        let done = unsafe {
            crypto_secretstream_xchacha20poly1305_push(
                &mut state,
                message.as_mut_ptr(),
                null_mut(),
                piece.as_ptr(),
                piece.len() as c_ulonglong,
                null(),
                0,
                0,
            )
        };
        assert_eq!(done, 0);
        give(&message[..piece.len() + OVERHEAD]);
    }
}

/// Opens what [`seal`] gave.
pub(crate) fn open(sealed: &[u8], piece: usize, mut give: impl FnMut(&[u8])) {
    let (mut state, (header, messages)) = (fresh(), sealed.split_at(HEADER));
    // SAFETY: as above.
    let begun = unsafe { crypto_secretstream_xchacha20poly1305_init_pull(&mut state, header.as_ptr(), KEY.as_ptr()) };
    assert_eq!(begun, 0);
    let (mut out, mut tag) = (vec![0; piece], 0);
    for message in messages.chunks(piece + OVERHEAD) {
        // SAFETY: the piece has room for what is in the message.
        let done = unsafe {
            crypto_secretstream_xchacha20poly1305_pull(
                &mut state,
                out.as_mut_ptr(),
                null_mut(),
                &mut tag,
                message.as_ptr(),
                message.len() as c_ulonglong,
                null(),
                0,
            )
        };
        assert_eq!(done, 0);
        give(&out[..message.len() - OVERHEAD]);
    }
}
