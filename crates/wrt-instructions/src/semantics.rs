//! What the instructions do, written once for all widths (core specification, "Memory
//! Instructions"). The table's rows name these functions.

use wrt_runtime::{GuestMemory, Inaccessible, Trap};

use crate::stored::{Stored, Wrap};
use crate::v128::V128;

/// Loads a `T` and extends it to an `R`, by its sign if it has one.
#[inline(always)]
pub(crate) fn extend<T: Stored, R: From<T>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<R, Trap> {
    Ok(R::from(T::load_from(memory, ea)?))
}

/// Loads 8 bytes of lanes and extends each to twice its width.
#[inline(always)]
pub(crate) fn widen<T: Stored, W: Stored + From<T>, M: GuestMemory>(
    memory: &M,
    ea: u64,
) -> Result<V128, Trap> {
    let narrow: [u8; 8] = memory.load(ea).map_err(|Inaccessible| memory.refused(ea, 8))?;
    Ok(V128::from_lanes(narrow.chunks_exact(T::SIZE).map(|lane| W::from(T::read_le(lane)))))
}

/// Loads one `T` into all lanes.
#[inline(always)]
pub(crate) fn splat<T: Stored, M: GuestMemory>(memory: &M, ea: u64) -> Result<V128, Trap> {
    let lane = T::load_from(memory, ea)?;
    Ok(V128::from_lanes(core::iter::repeat(lane)))
}

/// Loads one `T` into lane 0 and zeroes the rest.
#[inline(always)]
pub(crate) fn zero<T: Stored, M: GuestMemory>(memory: &M, ea: u64) -> Result<V128, Trap> {
    T::load_from(memory, ea).map(|lane| V128::from_lanes([lane]))
}

/// Loads one `T` into a lane of `vector`.
#[inline(always)]
pub(crate) fn load_lane<T: Stored, M: GuestMemory>(
    memory: &M,
    ea: u64,
    lane: u8,
    vector: V128,
) -> Result<V128, Trap> {
    T::load_from(memory, ea).map(|value| vector.with_lane(lane, value))
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
