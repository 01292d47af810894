//! The host's calls on the pages of one reservation.
#![allow(unsafe_code, reason = "the host's calls on pages")]

use core::ffi::c_void;
use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

use rustix::io::Errno;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::mm::Advice;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};

use super::name;
use crate::allocator::Discarded;
pub(in crate::backend) use crate::backend::ladder::Extent;
use crate::capabilities::Capabilities;
use crate::image::MemoryImage;
use crate::protection::Protection;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostRange};

/// Address space is not counted as memory. Some hosts never do and have no flag for it.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
pub(super) const UNACCOUNTED: MapFlags = MapFlags::NORESERVE;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub(super) const UNACCOUNTED: MapFlags = MapFlags::empty();

/// What a mapping is made of, besides rights: what its backend adds to every call on it.
#[derive(Clone, Copy)]
pub(in crate::backend) struct PageKind {
    /// Bits beside the rights, the same for `mmap` and `mprotect`.
    pub(in crate::backend) extra: u32,
    /// Flags of the mapping.
    pub(in crate::backend) flags: MapFlags,
}

impl PageKind {
    /// Pages like any other.
    pub(in crate::backend) const PLAIN: Self = Self { extra: 0, flags: UNACCOUNTED };
}

/// Maps an extent without access and returns the address past the first guard. An extent of
/// nothing is a dangling, aligned base.
pub(in crate::backend) fn map_inaccessible(
    extent: Extent,
    name: Option<&str>,
    kind: PageKind,
) -> Result<NonNull<u8>, Errno> {
    let total = extent.total().ok_or(Errno::NOMEM)?.get();
    if total == 0 {
        return Ok(NonNull::without_provenance(HOST_ALIGNED));
    }
    let flags = MapFlags::PRIVATE.union(kind.flags);
    // A name can be given only to bytes that a reference may cover, so a named mapping starts
    // readable.
    let rights = if name.is_some() { ProtFlags::READ } else { ProtFlags::empty() };
    let rights = rights | ProtFlags::from_bits_retain(kind.extra);
    let closed = MprotectFlags::from_bits_retain(kind.extra);
    // SAFETY: a new mapping at an address of the host's choosing disturbs nobody.
    let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), total, rights, flags) }?;
    if let Some(name) = name {
        // SAFETY: the mapping was just made, is readable and of `total` bytes, and nobody else
        // knows of it.
        name::set(unsafe { core::slice::from_raw_parts(start.cast(), total) }, name);
        // SAFETY: as above.
        if let Err(errno) = unsafe { rustix::mm::mprotect(start, total, closed) } {
            // SAFETY: the mapping was just made and nobody uses it.
            let _ = unsafe { rustix::mm::munmap(start, total) };
            return Err(errno);
        }
    }
    // SAFETY: the front guard is a part of the mapping.
    let base = unsafe { start.cast::<u8>().add(extent.before.get()) };
    NonNull::new(base).ok_or(Errno::NOMEM)
}

/// Maps an extent readable and writable from the start, without huge pages: those would make
/// neighbours share what one of them touches.
pub(in crate::backend) fn map_dense(
    extent: Extent,
    name: Option<&str>,
) -> Result<NonNull<u8>, Errno> {
    let base = map_inaccessible(extent, name, PageKind::PLAIN)?;
    let all = HostRange { start: HostBytes::ZERO, len: extent.capacity };
    let usual = MprotectFlags::READ | MprotectFlags::WRITE;
    // SAFETY: the mapping was just made, and nobody else knows of it.
    if let Err(errno) = unsafe { set_rights_at(base, all, usual) } {
        // SAFETY: as above.
        let _ = unsafe { unmap(base, extent) };
        return Err(errno);
    }
    // SAFETY: as above.
    unsafe { refuse_huge_pages(base, extent.capacity) };
    Ok(base)
}

/// Asks the host for small pages only. It may have no others.
///
/// # Safety
///
/// The pages belong to the caller.
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn refuse_huge_pages(first: NonNull<u8>, len: HostBytes) {
    let start = first.as_ptr().cast::<c_void>();
    // SAFETY: the advice changes neither rights nor bytes.
    let _ = unsafe { rustix::mm::madvise(start, len.get(), Advice::LinuxNoHugepage) };
}

/// This host is not asked.
///
/// # Safety
///
/// None.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
unsafe fn refuse_huge_pages(_first: NonNull<u8>, _len: HostBytes) {}

/// Unmaps what `map_inaccessible` has mapped.
///
/// # Safety
///
/// `base` and `extent` are those of a mapping that nobody uses any more.
pub(in crate::backend) unsafe fn unmap(base: NonNull<u8>, extent: Extent) -> Result<(), Errno> {
    let total = extent.total().unwrap_or_default().get();
    if total == 0 {
        return Ok(());
    }
    // SAFETY: the mapping starts with the front guard.
    let start = unsafe { base.sub(extent.before.get()) };
    // SAFETY: the caller gives a whole mapping that nobody uses.
    unsafe { rustix::mm::munmap(start.as_ptr().cast(), total) }
}

/// An address aligned to pages of up to 64 KiB, for a mapping of no bytes.
const HOST_ALIGNED: NonZeroUsize = match NonZeroUsize::new(1 << 16) {
    Some(address) => address,
    None => NonZeroUsize::MIN,
};

/// The address `offset` bytes into the reservation.
///
/// # Safety
///
/// `offset` is at most the reservation's capacity.
pub(in crate::backend) unsafe fn address_of(
    reservation: &Reservation,
    offset: HostBytes,
) -> NonNull<u8> {
    // SAFETY: the caller keeps `offset` within the mapping (C1).
    unsafe { reservation.base().add(offset.get()) }
}

/// Gives a range of the reservation new access rights.
///
/// # Safety
///
/// The range lies within the reservation, and nobody relies on rights it loses.
pub(in crate::backend) unsafe fn set_rights(
    reservation: &Reservation,
    range: HostRange,
    flags: MprotectFlags,
) -> Result<(), Errno> {
    // SAFETY: the caller keeps this very contract.
    unsafe { set_rights_at(reservation.base(), range, flags) }
}

/// Gives a range of the memory at `base` new access rights.
///
/// # Safety
///
/// The range lies within the memory, and nobody relies on rights it loses.
pub(in crate::backend) unsafe fn set_rights_at(
    base: NonNull<u8>,
    range: HostRange,
    flags: MprotectFlags,
) -> Result<(), Errno> {
    // SAFETY: the caller keeps the range within the memory.
    let first = unsafe { base.add(range.start.get()) };
    // SAFETY: the pages belong to the memory (C1), whose owner asked for this.
    unsafe { rustix::mm::mprotect(first.as_ptr().cast::<c_void>(), range.len.get(), flags) }
}

/// What dropping pages is worth on this host.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::backend) const GIVES_BACK: Capabilities = Capabilities::DISCARD;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(in crate::backend) const GIVES_BACK: Capabilities = Capabilities::empty();

/// Gives pages back to the host; they read zero when touched again.
///
/// # Safety
///
/// The pages belong to the caller's reservation, and nobody relies on their contents.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::backend) unsafe fn drop_pages(
    first: NonNull<u8>,
    len: HostBytes,
) -> Result<(), Errno> {
    let start = first.as_ptr().cast::<c_void>();
    // SAFETY: the caller owns the pages; private anonymous pages read zero afterwards.
    unsafe { rustix::mm::madvise(start, len.get(), Advice::LinuxDontNeed) }
}

/// Only Linux guarantees that dropped anonymous pages read zero; elsewhere the caller overwrites
/// them.
///
/// # Safety
///
/// The pages belong to the caller's reservation, and nobody relies on their contents.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(in crate::backend) unsafe fn drop_pages(
    _first: NonNull<u8>,
    _len: HostBytes,
) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

pub(in crate::backend) fn mprotect_flags(protection: Protection) -> MprotectFlags {
    let rows = [
        (Protection::READ, MprotectFlags::READ),
        (Protection::WRITE, MprotectFlags::WRITE),
        (Protection::EXECUTE, MprotectFlags::EXEC),
    ];
    let granted = rows.into_iter().filter(|(ours, _)| protection.contains(*ours));
    granted.fold(MprotectFlags::empty(), |flags, (_, theirs)| flags | theirs)
}

/// Makes committed pages read zero, giving them back to the host if it takes them. Dropped pages show
/// the image again where the reservation has `image`, so its bytes are overwritten.
///
/// # Safety
///
/// The range lies within the reservation's committed bytes, is writable, and nobody else uses it.
pub(in crate::backend) unsafe fn zero(
    reservation: &Reservation,
    range: HostRange,
    image: Option<&MemoryImage>,
) -> Discarded {
    // SAFETY: the caller keeps the range within the reservation.
    let first = unsafe { address_of(reservation, range.start) };
    // SAFETY: the pages are the caller's (C1) and stay mapped with their rights.
    if unsafe { drop_pages(first, range.len) }.is_err() {
        // The host may have got part of the way; the result is the same for all bytes.
        // SAFETY: the caller's range is writable.
        unsafe { first.write_bytes(0, range.len.get()) };
        return Discarded::ZeroedOnly;
    }
    let mut discarded = Discarded::Released;
    if let Some(image) = image {
        for (offset, bytes) in image.extents_within(range.start.as_u64(), range.len.get()) {
            discarded = Discarded::ZeroedOnly;
            // SAFETY: these bytes of the image lie within the range.
            let shown = unsafe { first.add(offset) };
            // SAFETY: the caller's range is writable.
            unsafe { shown.write_bytes(0, bytes.len()) };
        }
    }
    discarded
}
