//! The bare operations that serve as baselines, written without our crates: with raw pointers and
//! system calls.
//!
//! The scalar baselines are loops over a base and a length. They compute the effective address in
//! 64 bits, as our instructions do, check it and return an option.
#![allow(unsafe_code, reason = "raw pointers to measure against")]

use std::ptr;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use wrt_platform::RegionView;

/// Base and length of a memory that the caller keeps alive.
#[derive(Clone, Copy, Debug)]
pub struct RawMemory {
    base: *mut u8,
    len: usize,
}

impl From<RegionView> for RawMemory {
    /// The caller keeps the region alive, unmoved and unborrowed while the result is used.
    fn from(view: RegionView) -> Self {
        Self { base: view.base.as_ptr(), len: view.len }
    }
}

/// An address: `u32` or `u64`. With `u32` the compiler sees that the offset cannot overflow.
pub trait Word: Copy + Into<u64> {}

impl Word for u32 {}

impl Word for u64 {}

/// Bounds check of a hand-written loop.
pub trait Check {
    /// Whether `width` bytes at `ea` lie below `len`.
    fn allows(ea: u64, width: u64, len: u64) -> bool;
}

/// No check.
#[derive(Debug)]
pub struct Unchecked;

/// `ea + width > len` is out of bounds.
#[derive(Debug)]
pub struct CheckedBySum;

/// `ea > len - width` is out of bounds.
#[derive(Debug)]
pub struct CheckedByDifference;

impl Check for Unchecked {
    #[inline(always)]
    fn allows(_: u64, _: u64, _: u64) -> bool {
        true
    }
}

impl Check for CheckedBySum {
    #[inline(always)]
    fn allows(ea: u64, width: u64, len: u64) -> bool {
        ea.checked_add(width).is_some_and(|end| end <= len)
    }
}

impl Check for CheckedByDifference {
    #[inline(always)]
    fn allows(ea: u64, width: u64, len: u64) -> bool {
        len.checked_sub(width).is_some_and(|last| ea <= last)
    }
}

macro_rules! scalar_loops {
    ($load:ident, $store:ident, $value:ty) => {
        /// The sum of the values at `addresses` plus `offset`, or `None` at the first that is out
        /// of bounds.
        #[inline(never)]
        pub fn $load<C: Check, A: Word>(self, addresses: &[A], offset: u64) -> Option<$value> {
            let mut sum: $value = 0;
            for &address in addresses {
                let ea: u64 = address.into();
                let ea = ea.checked_add(offset)?;
                if !C::allows(ea, size_of::<$value>() as u64, self.len as u64) {
                    return None;
                }
                // SAFETY: checked above, or guaranteed by who made the addresses.
                let place = unsafe { self.base.add(ea as usize) }.cast::<$value>();
                // SAFETY: as above; the memory outlives the call.
                sum = sum.wrapping_add(unsafe { place.read_unaligned() });
            }
            Some(sum)
        }

        /// Stores `value` at `addresses` plus `offset`; `None` at the first that is out of bounds.
        #[inline(never)]
        pub fn $store<C: Check, A: Word>(
            self,
            addresses: &[A],
            offset: u64,
            value: $value,
        ) -> Option<()> {
            for &address in addresses {
                let ea: u64 = address.into();
                let ea = ea.checked_add(offset)?;
                if !C::allows(ea, size_of::<$value>() as u64, self.len as u64) {
                    return None;
                }
                // SAFETY: checked above, or guaranteed by who made the addresses.
                let place = unsafe { self.base.add(ea as usize) }.cast::<$value>();
                // SAFETY: as above; nobody else uses the memory during the call.
                unsafe { place.write_unaligned(value.wrapping_add(address.into() as $value)) };
            }
            Some(())
        }
    };
}

impl RawMemory {
    scalar_loops!(load_u32, store_u32, u32);
    scalar_loops!(load_u64, store_u64, u64);
}

/// `memset` of `len` bytes at `start`, unchecked.
#[inline(never)]
pub fn bare_fill(memory: RawMemory, start: usize, byte: u8, len: usize) {
    debug_assert!(start + len <= memory.len);
    // SAFETY: the benches stay within the memory, which nobody else uses.
    let first = unsafe { memory.base.add(start) };
    // SAFETY: as above.
    unsafe { ptr::write_bytes(first, byte, len) };
}

/// `memmove` of `len` bytes, unchecked.
#[inline(never)]
pub fn bare_copy(memory: RawMemory, target: usize, source: usize, len: usize) {
    debug_assert!(source.max(target) + len <= memory.len);
    // SAFETY: the benches stay within the memory, which nobody else uses.
    let from = unsafe { memory.base.add(source) };
    // SAFETY: as above.
    let to = unsafe { memory.base.add(target) };
    // SAFETY: as above; the ranges may overlap.
    unsafe { ptr::copy(from, to, len) };
}

/// Reserves `steps + 1` times `step` bytes, makes the first step accessible and then the others one
/// by one with a bare `mprotect`, and writes a byte to each if `touch` is set.
pub fn bare_growth(steps: usize, step: usize, touch: bool) {
    let total = (steps + 1) * step;
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a new mapping disturbs nobody.
    let mapped =
        unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), total, ProtFlags::empty(), flags) };
    let Ok(base) = mapped else { return };
    for index in 0..=steps {
        // SAFETY: the step lies within the mapping.
        let first = unsafe { base.byte_add(index * step) };
        let rights = MprotectFlags::READ | MprotectFlags::WRITE;
        // SAFETY: as above.
        let changed = unsafe { rustix::mm::mprotect(first, step, rights) };
        if touch && changed.is_ok() {
            // SAFETY: the step was just made writable.
            unsafe { first.cast::<u8>().write_volatile(1) };
        }
    }
    // SAFETY: the whole mapping, which nobody uses any more.
    let _ = unsafe { rustix::mm::munmap(base, total) };
}

/// Maps `len` bytes, writes one, unmaps.
pub fn bare_lifecycle(len: usize) {
    let rights = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping disturbs nobody.
    let mapped =
        unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, rights, MapFlags::PRIVATE) };
    let Ok(base) = mapped else { return };
    // SAFETY: the mapping is writable and has at least one byte.
    unsafe { base.cast::<u8>().write_volatile(1) };
    // SAFETY: the whole mapping, which nobody uses any more.
    let _ = unsafe { rustix::mm::munmap(base, len) };
}
