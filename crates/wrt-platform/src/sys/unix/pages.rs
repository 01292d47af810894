//! Address space, pages and rights (`mmap(2)`, `mprotect(2)`, `munmap(2)`).
#![allow(unsafe_code, reason = "the host's calls on pages")]

use core::ptr::{self, NonNull};
use core::slice;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use super::accounting::UNACCOUNTED;
use super::system::names;
use crate::error::OsError;
use crate::protection::Protection;
use crate::sys::errors;
use crate::units::{HostBytes, HostPage, HostRange};

/// Whether pages that are committed again after [`decommit`] read zero.
pub(crate) const DECOMMIT_ERASES: bool = false;

/// The page of the host.
pub(crate) fn size() -> HostPage {
    HostPage::new(rustix::param::page_size()).unwrap_or(HostPage::SMALLEST)
}

/// Properties of a mapping besides rights, which are added to every call on it.
#[derive(Clone, Copy)]
pub(crate) struct PageKind {
    /// Bits besides the rights, the same for `mmap` and `mprotect`.
    pub(super) extra: u32,
    /// Flags of the mapping.
    pub(super) flags: MapFlags,
}

impl PageKind {
    /// Plain pages.
    pub(crate) const PLAIN: Self = Self { extra: 0, flags: UNACCOUNTED };

    fn flags(self, protection: Protection) -> MprotectFlags {
        mprotect_flags(protection) | MprotectFlags::from_bits_retain(self.extra)
    }
}

/// Reserves `len` bytes of address space, at least one, without access.
///
/// # Errors
///
/// Those of the host.
pub(crate) fn reserve(
    len: HostBytes,
    name: Option<&str>,
    kind: PageKind,
) -> Result<NonNull<u8>, OsError> {
    let len = len.get();
    let flags = MapFlags::PRIVATE.union(kind.flags);
    // A name can be given only to bytes that a reference may cover, so a named mapping starts
    // readable.
    let rights = if name.is_some() { ProtFlags::READ } else { ProtFlags::empty() };
    let rights = rights | ProtFlags::from_bits_retain(kind.extra);
    // SAFETY: the contract of `mmap`: a new mapping at an address of the host's choosing disturbs
    // nobody.
    let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, rights, flags) };
    let start = start.map_err(errors::of)?;
    if let Some(name) = name {
        // SAFETY: a valid region but for writing: the mapping was just made, is readable and of
        // `len` bytes, and nobody else knows of it.
        names::set(unsafe { slice::from_raw_parts(start.cast(), len) }, name);
        let closed = kind.flags(Protection::empty());
        // SAFETY: the contract of `mprotect`: the mapping was just made and nobody uses it.
        if let Err(errno) = unsafe { rustix::mm::mprotect(start, len, closed) } {
            // SAFETY: the contract of `munmap`: as above.
            let _ = unsafe { rustix::mm::munmap(start, len) };
            return Err(errors::of(errno));
        }
    }
    NonNull::new(start.cast()).ok_or(errors::NO_MEMORY)
}

/// Releases address space.
///
/// # Errors
///
/// Those of the host: at the limit of mappings, it cannot split a mapping from its neighbours. In
/// that case nothing has changed.
///
/// # Safety
///
/// The addresses belong to the caller, in whole pages, and are no longer used.
pub(crate) unsafe fn release(start: NonNull<u8>, len: HostBytes) -> Result<(), OsError> {
    // SAFETY: the caller keeps this very contract.
    unsafe { rustix::mm::munmap(start.as_ptr().cast(), len.get()) }.map_err(errors::of)
}

/// Makes a range of the memory at `base` readable and writable.
///
/// # Errors
///
/// Those of the host. It works mapping by mapping, and may have got part of the way.
///
/// # Safety
///
/// The range lies within the memory, in reserved pages.
pub(crate) unsafe fn commit(
    base: NonNull<u8>,
    range: HostRange,
    kind: PageKind,
) -> Result<(), OsError> {
    // SAFETY: the caller keeps the range within the memory, and this takes no right away.
    unsafe { set_rights(base, range, Protection::READ_WRITE, kind) }
}

/// Makes a range of the memory at `base` inaccessible. Its pages keep their contents.
///
/// # Errors
///
/// As for [`commit`].
///
/// # Safety
///
/// The range lies within the memory, and no code relies on rights that it loses.
pub(crate) unsafe fn decommit(
    base: NonNull<u8>,
    range: HostRange,
    kind: PageKind,
) -> Result<(), OsError> {
    // SAFETY: the caller keeps this very contract.
    unsafe { set_rights(base, range, Protection::empty(), kind) }
}

/// Sets the rights on a range of the memory at `base`.
///
/// # Errors
///
/// As for [`commit`].
///
/// # Safety
///
/// The range lies within the memory, and no code relies on rights that it loses.
pub(crate) unsafe fn set_rights(
    base: NonNull<u8>,
    range: HostRange,
    protection: Protection,
    kind: PageKind,
) -> Result<(), OsError> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    let (start, len) = (first.as_ptr().cast(), range.len.get());
    // SAFETY: the pages belong to the memory (C1), whose owner asked for this.
    unsafe { rustix::mm::mprotect(start, len, kind.flags(protection)) }.map_err(errors::of)
}

fn mprotect_flags(protection: Protection) -> MprotectFlags {
    let rows = [
        (Protection::READ, MprotectFlags::READ),
        (Protection::WRITE, MprotectFlags::WRITE),
        (Protection::EXECUTE, MprotectFlags::EXEC),
    ];
    let granted = rows.into_iter().filter(|(ours, _)| protection.contains(*ours));
    granted.fold(MprotectFlags::empty(), |flags, (_, theirs)| flags | theirs)
}
