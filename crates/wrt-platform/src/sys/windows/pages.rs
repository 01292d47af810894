//! Address space, pages and rights (`VirtualAlloc`, `VirtualFree`, `VirtualProtect`).
#![allow(unsafe_code, reason = "the host's calls on pages")]

use core::ffi::c_void;
use core::ptr::{self, NonNull};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_DECOMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_EXECUTE, PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE,
    VirtualAlloc, VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemInfo, SYSTEM_INFO};

use super::errors;
use crate::error::OsError;
use crate::protection::Protection;
use crate::units::{HostBytes, HostPage, HostRange};

/// Whether pages that are committed again after [`decommit`] read zero.
pub(crate) const DECOMMIT_ERASES: bool = true;

/// The page of the host.
pub(crate) fn size() -> HostPage {
    let mut info = SYSTEM_INFO::default();
    // SAFETY: the contract of the call: it fills the structure that it is given.
    unsafe { GetSystemInfo(&mut info) };
    HostPage::new(info.dwPageSize as usize).unwrap_or(HostPage::SMALLEST)
}

/// Properties of a mapping, of which this host has none.
#[derive(Clone, Copy)]
pub(crate) struct PageKind(());

impl PageKind {
    /// Plain pages.
    pub(crate) const PLAIN: Self = Self(());
}

/// Reserves `len` bytes of address space, at least one, without access. Windows has no names for
/// address ranges.
///
/// # Errors
///
/// Those of the host.
pub(crate) fn reserve(
    len: HostBytes,
    _name: Option<&str>,
    _kind: PageKind,
) -> Result<NonNull<u8>, OsError> {
    // SAFETY: the contract of the call: new address space of the host's choosing disturbs nobody.
    let start = unsafe { VirtualAlloc(ptr::null(), len.get(), MEM_RESERVE, PAGE_NOACCESS) };
    NonNull::new(start.cast()).ok_or_else(errors::last)
}

/// Releases address space.
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// [`reserve`] returned the address, and its range is no longer used.
pub(crate) unsafe fn release(start: NonNull<u8>, _len: HostBytes) -> Result<(), OsError> {
    // SAFETY: the caller keeps this very contract.
    outcome(unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) })
}

/// Makes a range of the memory at `base` readable and writable. Pages that were not committed read
/// zero.
///
/// # Errors
///
/// Those of the host. It may have got part of the way.
///
/// # Safety
///
/// The range lies within the memory, in reserved pages.
pub(crate) unsafe fn commit(
    base: NonNull<u8>,
    range: HostRange,
    _kind: PageKind,
) -> Result<(), OsError> {
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { address_of(base, range) };
    // SAFETY: the pages belong to the memory (C1), whose owner asked for this.
    let given = unsafe { VirtualAlloc(first, range.len.get(), MEM_COMMIT, PAGE_READWRITE) };
    if given.is_null() { Err(errors::last()) } else { Ok(()) }
}

/// Returns pages of the memory at `base` to the host; they become inaccessible.
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// The range lies within the memory, and no code relies on its bytes.
pub(crate) unsafe fn decommit(
    base: NonNull<u8>,
    range: HostRange,
    _kind: PageKind,
) -> Result<(), OsError> {
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { address_of(base, range) };
    // SAFETY: the pages belong to the memory (C1), whose owner gives them up.
    outcome(unsafe { VirtualFree(first, range.len.get(), MEM_DECOMMIT) })
}

/// Sets the rights on a range of the memory at `base`.
///
/// # Errors
///
/// Those of the host.
///
/// # Safety
///
/// The range lies within the committed bytes of the memory, and no code relies on rights that it
/// loses.
pub(crate) unsafe fn set_rights(
    base: NonNull<u8>,
    range: HostRange,
    protection: Protection,
    _kind: PageKind,
) -> Result<(), OsError> {
    if range.len == HostBytes::ZERO {
        return Ok(());
    }
    let mut previous = 0;
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { address_of(base, range) };
    let (len, rights) = (range.len.get(), page_rights(protection));
    // SAFETY: the pages belong to the memory (C1), whose owner asked for this.
    outcome(unsafe { VirtualProtect(first, len, rights, &mut previous) })
}

/// Start of a range of the memory at `base`.
///
/// # Safety
///
/// The range lies within the memory.
unsafe fn address_of(base: NonNull<u8>, range: HostRange) -> *mut c_void {
    // SAFETY: the caller keeps the range within the memory.
    unsafe { base.add(range.start.get()) }.as_ptr().cast()
}

fn outcome(done: i32) -> Result<(), OsError> {
    if done == 0 { Err(errors::last()) } else { Ok(()) }
}

/// The host's constant for a set of rights. It has none for write-only pages, which are readable
/// too.
pub(super) fn page_rights(protection: Protection) -> PAGE_PROTECTION_FLAGS {
    let has = |right| protection.contains(right);
    match (has(Protection::READ), has(Protection::WRITE), has(Protection::EXECUTE)) {
        (false, false, false) => PAGE_NOACCESS,
        (true, false, false) => PAGE_READONLY,
        (_, true, false) => PAGE_READWRITE,
        (false, false, true) => PAGE_EXECUTE,
        (true, false, true) => PAGE_EXECUTE_READ,
        (_, true, true) => PAGE_EXECUTE_READWRITE,
    }
}
