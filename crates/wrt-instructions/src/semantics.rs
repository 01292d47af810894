//! Semantics of the instructions, written once for all widths (core specification, "Memory
//! Instructions"). The table's rows name these functions.
//!
//! A loaded value passes through an integer of 32 or 64 bits wherever a trap is the alternative.
//! Such an integer and the trap return in separate registers, while the compiler packs narrower
//! types and vectors together with the trap and unpacks them after every load.

use wrt_runtime::{GuestMemory, Trap};

use crate::stored::{Stored, Wrap};
use crate::v128::V128;

/// Loads a `T` and extends it to an `R`, with its sign if `T` is signed.
#[inline(always)]
pub(crate) fn extend<T: Stored, R: From<T>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<R, Trap> {
    T::load_from(memory, ea, R::from)
}

/// Loads 8 bytes of lanes and extends each to twice its width.
#[inline(always)]
pub(crate) fn widen<T: Stored, W: Stored + From<T>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<V128, Trap> {
    let narrow = bits::<u64, M>(memory, ea)?.to_le_bytes();
    Ok(V128::from_lanes(narrow.chunks_exact(T::SIZE).map(|lane| W::from(T::read_le(lane)))))
}

/// Loads one `T` into all lanes.
#[inline(always)]
pub(crate) fn splat<T: Stored + Into<u64>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<V128, Trap> {
    let lane = bits::<T, M>(memory, ea)?;
    Ok(V128::from_lanes(core::iter::repeat(lane_of::<T>(lane))))
}

/// Loads one `T` into lane 0 and zeroes the rest.
#[inline(always)]
pub(crate) fn zero<T: Stored + Into<u64>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<V128, Trap> {
    let lane = bits::<T, M>(memory, ea)?;
    Ok(V128::from_lanes([lane_of::<T>(lane)]))
}

/// Loads one `T` into a lane of `vector`.
#[inline(always)]
pub(crate) fn load_lane<T: Stored + Into<u64>, M: GuestMemory>(
    memory: &M,
    ea: u64,
    lane: u8,
    vector: V128,
) -> Result<V128, Trap> {
    let value = bits::<T, M>(memory, ea)?;
    Ok(vector.with_lane(lane, lane_of::<T>(value)))
}

/// Stores the low bits of `value` as a `T`.
#[inline(always)]
pub(crate) fn wrap<V: Wrap<T>, T: Stored, M: GuestMemory>(
    memory: &mut M,
    ea: u64,
    value: V,
) -> Result<(), Trap> {
    value.wrap().store_to(memory, ea)
}

/// Stores a lane of `vector`.
#[inline(always)]
pub(crate) fn store_lane<T: Stored, M: GuestMemory>(
    memory: &mut M,
    ea: u64,
    lane: u8,
    vector: V128,
) -> Result<(), Trap> {
    vector.lane::<T>(lane).store_to(memory, ea)
}

/// Loads one `T` as the low bits of an integer.
#[inline(always)]
fn bits<T: Stored + Into<u64>, M: GuestMemory>(memory: &M, ea: u64) -> Result<u64, Trap> {
    T::load_from(memory, ea, T::into)
}

/// The lane in the bits that [`bits`] has loaded.
#[inline(always)]
fn lane_of<T: Stored>(bits: u64) -> T {
    T::read_le(&bits.to_le_bytes())
}
