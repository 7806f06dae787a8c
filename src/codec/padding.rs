//! Padding, so that a size says little.

use crate::crypto::kdf::lp;
use zeroize::Zeroizing;

/// Least padded size, in bytes.
const LEAST: u64 = 512;
const STEPS_UP_TO: u64 = 1 << 20;

/// As [`padded_file_len`], for what is in memory.
pub(crate) fn padded_len(len: usize) -> Option<usize> {
    usize::try_from(padded_file_len(u64::try_from(len).ok()?)?).ok()
}

/// The padded size for `len` bytes: the next 2^k or 1.5·2^k from 512 B to 1 MiB, above that Padmé, which adds at most
/// 12 % (Nikitin et al., PETS 2019, section 4.1).
pub(crate) fn padded_file_len(len: u64) -> Option<u64> {
    if len <= LEAST {
        return Some(LEAST);
    }
    if len <= STEPS_UP_TO {
        let power = len.checked_next_power_of_two()?;
        let between = power.checked_sub(power >> 2)?;
        return Some(if len <= between { between } else { power });
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2().checked_add(1)?;
    let mask = 1_u64.checked_shl(exponent.checked_sub(kept)?)?.checked_sub(1)?;
    len.checked_add(mask).map(|sum| sum & !mask)
}

/// Whether the bytes after a content are zero and as many as [`padded_len`] asks for.
pub(crate) fn is_canonical(unpadded_len: usize, padding: &[u8]) -> bool {
    let total = unpadded_len.checked_add(padding.len());
    total == padded_len(unpadded_len) && is_zero(padding)
}

/// lp(content), then zeros to the padded size. Wiped when dropped: contents may be secret.
pub(crate) fn pad(content: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let len = padded_len(content.len().checked_add(4)?)?;
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    lp(&mut out, content);
    out.resize(len, 0);
    Some(out)
}

/// The content of [`pad`], if length and zeros are as it writes them.
pub(crate) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (len, rest) = padded.split_first_chunk()?;
    let (content, zeros) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    is_canonical(content.len().checked_add(4)?, zeros).then_some(content)
}

/// The content of [`pad`] with more zeros after it, as where several are made of one length.
pub(crate) fn unpad_longer(padded: &[u8]) -> Option<&[u8]> {
    let (len, rest) = padded.split_first_chunk()?;
    let (content, zeros) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    let least = padded_len(content.len().checked_add(4)?)?;
    (padded.len() >= least && is_zero(zeros)).then_some(content)
}

/// Without an end at the first byte that is not, so that many are looked at at once.
pub(crate) fn is_zero(padding: &[u8]) -> bool {
    padding.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_padded_comes_back_and_nothing_else_does() {
        for len in [0, 1, 508, 509, 5000] {
            let padded = pad(&vec![7; len]).unwrap();
            assert_eq!(unpad(&padded), Some(&vec![7; len][..]));
            assert_eq!(Some(padded.len()), padded_len(len + 4));
            assert_eq!(unpad(&padded[..padded.len() - 1]), None);
        }
        let mut padded = pad(b"content").unwrap();
        assert_eq!(unpad_longer(&padded[..511]), None);
        padded.resize(768, 0);
        assert_eq!((unpad(&padded), unpad_longer(&padded)), (None, Some(&b"content"[..])));
        padded[511] = 1;
        assert_eq!(unpad_longer(&padded), None);
        padded.truncate(512);
        assert_eq!(unpad(&padded), None);
        assert_eq!(unpad(&[0xFF; 512]), None);
        assert_eq!(unpad(&[]), None);
    }

    #[test]
    fn steps_are_powers_and_halves_between() {
        for (len, padded) in [
            (0, 512),
            (512, 512),
            (513, 768),
            (768, 768),
            (769, 1024),
            (1025, 1536),
            (1537, 2048),
            ((1 << 20) - 1, 1 << 20),
            (1 << 20, 1 << 20),
        ] {
            assert_eq!(padded_len(len), Some(padded), "{len}");
        }
    }

    #[test]
    fn padme_adds_at_most_an_eighth_and_is_monotonic() {
        let mut last = 1 << 20;
        for len in ((1 << 20) + 1..40 << 20).step_by(99_991) {
            let padded = padded_len(len).unwrap();
            assert!(padded >= len && padded - len <= len / 8 && padded >= last, "{len}");
            assert_eq!(padded_len(padded), Some(padded));
            last = padded;
        }
        assert_eq!((padded_len(usize::MAX), padded_file_len(u64::MAX)), (None, None));
        // Beyond 32 bits, whatever machine this is.
        assert_eq!(padded_file_len((1 << 36) + 1), Some((1 << 36) + (1 << 30)));
    }

    #[test]
    fn only_zeros_to_the_exact_size_are_canonical() {
        assert!(is_canonical(500, &[0; 12]));
        assert!(!is_canonical(500, &[0; 11]));
        assert!(!is_canonical(500, &[0; 268]));
        assert!(!is_canonical(500, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]));
    }
}
