//! Tags of memory, one for each granule of 16 bytes. Only the instructions here read or write them;
//! no code suspends checks (`PSTATE.TCO`).
//!
//! Arm Architecture Reference Manual, "Memory Tagging Extension".
#![allow(unsafe_code, reason = "the instructions that set and read tags")]

use core::arch::asm;
use core::ptr::NonNull;

use super::tag::{Tag, TagSet};

/// A tag of `allowed`, chosen by the processor. `None` if that set is empty.
pub(super) fn choose(allowed: TagSet) -> Option<Tag> {
    let chosen: usize;
    // SAFETY: the instruction computes an address from two registers and accesses no memory.
    unsafe {
        asm!(
            ".arch_extension memtag",
            "irg {chosen}, {address}, {excluded}",
            chosen = lateout(reg) chosen,
            address = in(reg) 0_usize,
            excluded = in(reg) allowed.excluded(),
            options(nomem, nostack, preserves_flags),
        );
    }
    // The thread's own mask may exclude all allowed tags; the result is 0 in that case.
    let chosen = Tag::of(chosen).filter(|tag| allowed.contains(*tag));
    chosen.or_else(|| allowed.iter().next())
}

/// Sets the tag of `len` bytes from `first` to that of the address. The bytes are unchanged.
///
/// # Safety
///
/// The bytes are writable pages with tags, used by the caller alone.
pub(super) unsafe fn set(first: NonNull<u8>, len: usize) {
    // SAFETY: the caller owns the granules from `first` to `end`, which are whole pairs.
    unsafe {
        asm!(
            ".arch_extension memtag",
            "2:",
            "cmp {next}, {end}",
            "b.hs 3f",
            "st2g {next}, [{next}], #32",
            "b 2b",
            "3:",
            next = inout(reg) first.as_ptr() => _,
            end = in(reg) first.as_ptr().wrapping_add(len),
            options(nostack),
        );
    }
}

/// Overwrites `len` bytes from `first` with zeroes and sets their tag to that of the address.
///
/// # Safety
///
/// As for [`set`].
pub(super) unsafe fn set_and_zero(first: NonNull<u8>, len: usize) {
    // SAFETY: as for `set`.
    unsafe {
        asm!(
            ".arch_extension memtag",
            "2:",
            "cmp {next}, {end}",
            "b.hs 3f",
            "stz2g {next}, [{next}], #32",
            "b 2b",
            "3:",
            next = inout(reg) first.as_ptr() => _,
            end = in(reg) first.as_ptr().wrapping_add(len),
            options(nostack),
        );
    }
}

/// Whether each granule of `len` bytes from `first` has the tag of that address. Every tag is read.
///
/// # Safety
///
/// The bytes are readable pages.
pub(super) unsafe fn all_have_tag(first: NonNull<u8>, len: usize) -> bool {
    let end = first.as_ptr().wrapping_add(len);
    let reached: *mut u8;
    // SAFETY: reading the tag of a readable page changes nothing.
    unsafe {
        asm!(
            ".arch_extension memtag",
            "2:",
            "cmp {next}, {end}",
            "b.hs 3f",
            "mov {found}, {next}",
            "ldg {found}, [{next}]",
            "cmp {found}, {next}",
            "b.ne 3f",
            "add {next}, {next}, #16",
            "b 2b",
            "3:",
            next = inout(reg) first.as_ptr() => reached,
            found = out(reg) _,
            end = in(reg) end,
            options(nostack, readonly),
        );
    }
    reached == end
}
