//! Seals: checksums of ranges of a memory that outlive the borrow.

use crate::trap::Access;

/// A checksum of a range of a memory, made by [`LinearMemory::seal`](crate::LinearMemory::seal).
///
/// The checksum detects accidents and stray writes: always if they change a single 8-byte word,
/// otherwise with a probability of 1 - 2^-64. It is no defence against an attacker who computes a
/// collision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seal {
    pub(crate) range: Access,
    pub(crate) checksum: u64,
    pub(crate) serial: u64,
}

impl Seal {
    /// The sealed bytes.
    #[must_use]
    pub const fn range(&self) -> Access {
        self.range
    }
}

/// The seals of a memory.
#[derive(Debug)]
pub(crate) struct Seals {
    next_serial: u64,
    kept: [Option<Seal>; Self::MOST],
}

impl Seals {
    /// The most seals of a memory, stored in place so that sealing needs no allocator.
    pub(crate) const MOST: usize = 8;

    pub(crate) const fn new() -> Self {
        Self { next_serial: 0, kept: [None; Self::MOST] }
    }

    /// Adds a seal, if there is room.
    pub(crate) fn keep(&mut self, range: Access, checksum: u64) -> Option<Seal> {
        let free = self.kept.iter_mut().find(|entry| entry.is_none())?;
        let seal = Seal { range, checksum, serial: self.next_serial };
        self.next_serial += 1;
        *free = Some(seal);
        Some(seal)
    }

    pub(crate) fn knows(&self, seal: &Seal) -> bool {
        self.kept.contains(&Some(*seal))
    }

    pub(crate) fn forget(&mut self, seal: &Seal) -> bool {
        let found = self.kept.iter_mut().find(|entry| **entry == Some(*seal));
        found.map(|entry| *entry = None).is_some()
    }

    pub(crate) fn forget_all(&mut self) {
        self.kept = [None; Self::MOST];
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seal> {
        self.kept.iter().flatten()
    }
}

/// Folds the bytes word by word. For given later words each step is a bijection of the state, so
/// a change in a single word cannot cancel out.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    /// 2^64 divided by the golden ratio, made odd, so that multiplication by it is invertible.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |state: u64, word: u64| (state ^ word).wrapping_mul(SPREAD).rotate_left(29);
    let (words, rest) = bytes.as_chunks::<8>();
    let state =
        words.iter().fold(bytes.len() as u64, |state, word| step(state, u64::from_le_bytes(*word)));
    rest.iter().fold(state, |state, byte| step(state, u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_byte_change_is_seen() {
        let mut bytes = [7_u8; 37];
        let before = checksum(&bytes);
        for index in 0..bytes.len() {
            for bit in 0..8 {
                bytes[index] ^= 1 << bit;
                assert_ne!(checksum(&bytes), before);
                bytes[index] ^= 1 << bit;
            }
        }
        assert_eq!(checksum(&bytes), before);
    }

    #[test]
    fn length_and_order_count() {
        assert_ne!(checksum(&[0; 8]), checksum(&[0; 16]));
        assert_ne!(checksum(&[1, 2]), checksum(&[2, 1]));
    }
}
