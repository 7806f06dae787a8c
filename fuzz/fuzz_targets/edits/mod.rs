//! Changes of bytes that were sealed, as the engine chooses them.

/// Applies edits of four bytes each: what to do, where (two bytes), and with what. Where the engine gives nothing, the
/// bytes stay as they are.
pub(crate) fn edited(original: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for edit in edits.chunks_exact(4) {
        let place = usize::from(u16::from_be_bytes([edit[1], edit[2]]));
        let at = place % bytes.len().max(1);
        match edit[0] % 5 {
            _ if bytes.is_empty() => {}
            0 => bytes[at] ^= edit[3],
            1 => bytes[at] = edit[3],
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, edit[3]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}
