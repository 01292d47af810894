//! Instructions on ranges and on the memory itself. All complete their checks before the first
//! write.

use wrt_runtime::{DataSegment, GuestMemory, Trap};

/// `memory.size`: the size in pages.
#[inline]
pub fn memory_size<M: GuestMemory>(memory: &M) -> u64 {
    memory.memory_size()
}

/// `memory.grow`: adds `pages` pages, an unsigned operand, and returns the previous size, or -1 in the memory's index
/// type (2^32 - 1 or 2^64 - 1) if it cannot grow.
#[inline]
pub fn memory_grow<M: GuestMemory>(memory: &mut M, pages: u64) -> u64 {
    let outcome = memory.memory_grow(pages);
    outcome.unwrap_or(memory.index_type().minus_one())
}

/// `memory.fill`: sets `len` bytes from `target` to `value`, the low byte of the operand.
///
/// Operands are unsigned: zero-extend the `i32`s of a memory with 32-bit addresses, as in
/// `u64::from(target as u32)`. This holds for all functions on ranges.
///
/// # Errors
///
/// [`Trap::OutOfBounds`] unless the range lies within the memory; in that case nothing is written.
#[inline]
pub fn memory_fill<M: GuestMemory>(
    memory: &mut M,
    target: u64,
    value: u8,
    len: u64,
) -> Result<(), Trap> {
    memory.memory_fill(target, value, len)
}

/// `memory.copy` within one memory: the ranges may overlap.
///
/// # Errors
///
/// [`Trap::OutOfBounds`] unless both ranges lie within the memory; in that case nothing is written.
#[inline]
pub fn memory_copy<M: GuestMemory>(
    memory: &mut M,
    target: u64,
    source: u64,
    len: u64,
) -> Result<(), Trap> {
    memory.memory_copy(target, source, len)
}

/// `memory.copy` between two memories, whose index types and page sizes may differ.
///
/// # Errors
///
/// [`Trap::OutOfBounds`] unless each range lies within its memory; in that case nothing is written.
#[inline]
pub fn memory_copy_between<D: GuestMemory, S: GuestMemory>(
    target_memory: &mut D,
    target: u64,
    source_memory: &S,
    source: u64,
    len: u64,
) -> Result<(), Trap> {
    target_memory.memory_copy_from(target, source_memory, source, len)
}

/// `memory.init`: copies `len` bytes of `segment` from `source` on to `target`. A dropped segment
/// is empty.
///
/// # Errors
///
/// [`Trap::OutOfBounds`] unless the ranges lie within the memory and the segment; in that case
/// nothing is written.
#[inline]
pub fn memory_init<M: GuestMemory, B: AsRef<[u8]>>(
    memory: &mut M,
    segment: &DataSegment<B>,
    target: u64,
    source: u64,
    len: u64,
) -> Result<(), Trap> {
    memory.memory_init(target, segment.bytes(), source, len)
}

/// `data.drop`: drops the bytes of a segment.
#[inline]
pub fn data_drop<B: AsRef<[u8]>>(segment: &mut DataSegment<B>) {
    segment.drop_data();
}
