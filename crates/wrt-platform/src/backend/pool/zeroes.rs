//! Test for zero bytes with the registers that every core of the architecture has.

/// Bytes that are compared at once.
const CHUNK: usize = 256;

pub(super) fn all_zero(bytes: &[u8]) -> bool {
    all_zero_in_chunks(bytes)
}

/// Whether all bytes are zero. There is no branch within a chunk, so that the compiler uses the
/// widest registers that the caller is compiled for.
#[inline(always)]
pub(super) fn all_zero_in_chunks(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<CHUNK>();
    chunks.iter().all(|chunk| union(chunk) == 0) && union(rest) == 0
}

#[inline(always)]
fn union(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |all, byte| all | byte)
}
