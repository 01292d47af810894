//! 128-bit vectors in memory order: 16 bytes, lane 0 first.

use crate::stored::{Stored, stored};

/// A vector, as bytes in memory order; lanes are little-endian on every host.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct V128(pub [u8; 16]);

impl V128 {
    /// A vector of the given lanes, lane 0 first; missing lanes are zero.
    #[inline(always)]
    pub(crate) fn from_lanes<T: Stored>(lanes: impl IntoIterator<Item = T>) -> Self {
        let mut bytes = [0; 16];
        for (place, lane) in bytes.chunks_exact_mut(T::SIZE).zip(lanes) {
            lane.write_le(place);
        }
        Self(bytes)
    }

    /// Lane `index`, counted modulo the number of lanes.
    #[inline(always)]
    pub(crate) fn lane<T: Stored>(&self, index: u8) -> T {
        let mut lanes = self.0.chunks_exact(T::SIZE);
        lanes.nth(usize::from(index) % (16 / T::SIZE)).map(T::read_le).unwrap_or_default()
    }

    /// The vector with lane `index` replaced, counted modulo the number of lanes.
    #[inline(always)]
    pub(crate) fn with_lane<T: Stored>(mut self, index: u8, value: T) -> Self {
        let mut lanes = self.0.chunks_exact_mut(T::SIZE);
        if let Some(place) = lanes.nth(usize::from(index) % (16 / T::SIZE)) {
            value.write_le(place);
        }
        self
    }
}

stored! {
    V128 as u128: from_little_endian, to_little_endian;
}

#[inline(always)]
fn from_little_endian(bits: u128) -> V128 {
    V128(bits.to_le_bytes())
}

#[inline(always)]
fn to_little_endian(vector: V128) -> u128 {
    u128::from_le_bytes(vector.0)
}
