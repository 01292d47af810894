//! Pages with hardware tags: the mmap backend on tagged memory, where an access to a granule of 16
//! bytes needs a pointer with the same tag (Arm's Memory Tagging Extension).
#![allow(unsafe_code, reason = "tagged pages of the operating system")]

mod granules;
mod ledger;
#[cfg_attr(not(feature = "std"), path = "scopes_table.rs")]
mod scopes;
mod tag;
mod threads;

use core::num::NonZeroUsize;
use core::ptr::NonNull;

use self::ledger::{LEDGER, Refusal};
use self::tag::{Tag, TagSet, without_tag};
pub use self::threads::{TagChecks, TagScope};

use super::ladder::Extent;
use super::mapping::{self, address_of, refused};
use super::virtual_memory;
use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Corruption, Operation, OsError};
use crate::protection::Protection;
use crate::request::ReserveRequest;
use crate::reservation::Reservation;
use crate::sys::discard::drop_pages;
use crate::sys::pages::{self, PageKind};
use crate::sys::{errors, mappings, tags};
use crate::units::{HostBytes, HostPage, HostRange, HostRights};

/// Backend like [`MmapAllocator`](crate::MmapAllocator) with a tag for every memory: an access
/// through another memory's pointer, or through a pointer from before the last reset, raises
/// `SIGSEGV`.
///
/// Every memory of this backend is tagged, whatever the request's [`Tagging`](crate::Tagging) says.
/// It exists on Linux and Android for Arm, with the `alloc` feature. Whether the machine has tags
/// is known only at run time, so [`new`](Self::new) may fail. In that case use `MmapAllocator`: for
/// a request with [`Tagging::Wanted`](crate::Tagging::Wanted) it makes a reservation that is not
/// [`tagged`](Reservation::tagged), and it refuses one with `Required`.
///
/// # Guarantees
///
/// - **a** All bytes of a memory have one tag, 1 to 15, which is in bits 56 to 59 of the base.
/// - **b** The tag differs from those of the nearest tagged memories below and above and, as far as
///   fifteen tags suffice, of all memories nearby. Guards are inaccessible, as in other backends.
/// - **c** New bytes have their tag before a commit returns, so before any length covers them.
/// - **d** A reset assigns another tag, and so does the next memory at the same addresses: it
///   differs from the last tag there. The base of a reset memory differs in its tag, and
///   [`Region`](crate::Region) increments its epoch. An access through the old base faults.
/// - **e** Every call that maps or protects pages passes `PROT_MTE`; verification reads the tag of
///   every readable granule.
/// - **f** Checks are a setting of each thread, which later threads inherit and earlier ones lack.
///   `new`, and each reserve, commit, protect, discard and reset, enables them for the calling
///   thread, or fails. Loads and stores do not, so a thread that only runs compiled code or
///   accesses a [`Region`](crate::Region) must call [`enter`](Self::enter) first, or
///   [`PageAllocator::prepare_thread`], which every backend has. Verification on a thread without
///   checks reports [`Corruption::TagChecks`].
/// - **g** Copies by the host are checked like the guest's accesses: no code here suspends checks.
/// - **h** Addresses are passed to the system without their tag.
///
/// # Limits
///
/// Fifteen tags separate at most fifteen memories: a wild pointer has one chance in fifteen to
/// carry the right tag, and two memories far apart may share one. When all memories between two
/// such are released, they are neighbours with the same tag. A pointer from before several resets
/// may match again. Tags are a second barrier behind bounds checks and replace none.
///
/// A pointer into a released memory faults while the addresses are unmapped or tagged. If the host
/// maps untagged memory there, the processor does not check the pointer's tag.
///
/// Tags are written page by page, so all committed bytes occupy physical memory from the start. For
/// the same reason a discard overwrites: dropped pages would have to be tagged, and thus allocated,
/// at once. The region copies an image.
///
/// # Programs that share slices with the system
///
/// The system accepts tagged addresses (in `read(2)`, say) from threads with checks, or with tagged
/// addresses enabled; for other threads it returns `EFAULT`.
///
/// References: the kernel's documents `arch/arm64/memory-tagging-extension` and
/// `arch/arm64/tagged-address-abi`; `prctl(2)`.
#[derive(Clone, Copy, Debug)]
pub struct MteAllocator {
    checks: TagChecks,
}

/// The most mappings to set aside while no tag fits and another address is tried.
const ASIDE: usize = 4;

impl MteAllocator {
    /// The allocator of [`new`](Self::new), before checks are enabled for any thread.
    pub(super) const WITH_SYNC_CHECKS: Self = Self { checks: TagChecks::Sync };

    /// Creates the allocator with synchronous checks, which stop a wrong access before it happens.
    /// They are enabled for the calling thread and for threads that it starts later.
    ///
    /// # Errors
    ///
    /// [`NoTags`](AllocErrorKind::NoTags) where the machine or its kernel has none; the kernel's
    /// answer where it refuses.
    pub fn new() -> Result<Self, AllocError> {
        Self::with_checks(TagChecks::Sync)
    }

    /// Creates the allocator with checks of this kind.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn with_checks(checks: TagChecks) -> Result<Self, AllocError> {
        if !Self::is_available() {
            return Err(AllocError::new(Operation::Reserve, AllocErrorKind::NoTags, 0));
        }
        let allocator = Self { checks };
        allocator.enable(Operation::Reserve, 0)?;
        Ok(allocator)
    }

    /// Whether the machine and its kernel support tags.
    #[must_use]
    pub fn is_available() -> bool {
        tags::are_available()
    }

    /// The kind of checks that this allocator enables.
    #[must_use]
    pub const fn checks(&self) -> TagChecks {
        self.checks
    }

    /// Enables checks for the calling thread until the result, and all other scopes of the thread,
    /// are dropped.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    pub fn enter(&self) -> Result<TagScope, AllocError> {
        TagScope::enter(self.checks).map_err(|error| refused(Operation::PrepareThread, 0, error))
    }

    fn enable(&self, operation: Operation, requested: u64) -> Result<(), AllocError> {
        self.checks.enable().map_err(|error| refused(operation, requested, error))
    }
}

// SAFETY: C1 a mapping is the caller's alone, page-aligned and not null, tagged or not; C2 mprotect
// makes exactly the new pages readable and writable, anonymous pages read zero until written, and
// all have the tag that the base has; C3 what a failed mprotect has changed is taken back, and
// nothing can fail after it; C4 mappings do not depend on this value; C5 writing zeroes keeps rights
// and tags, and a reset has tagged what it reports; C6 the page size of a running system is fixed.
unsafe impl PageAllocator for MteAllocator {
    fn page(&self) -> HostPage {
        pages::size()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::STABLE_BASE
            | Capabilities::GUARDS
            | Capabilities::PROTECT
            | Capabilities::TAGGED
    }

    fn prepare_thread(&self) -> Result<(), AllocError> {
        self.enable(Operation::PrepareThread, 0)
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        self.enable(Operation::Reserve, request.initial())?;
        let map = |extent| map_tagged(extent, request.display_name());
        Ok(virtual_memory::descend(request, map)?.with_tags())
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let added = HostRange { start: old, len: new.saturating_sub(old) };
        self.enable(Operation::Commit, new.as_u64())?;
        if added.len == HostBytes::ZERO {
            return Ok(Committed::InPlace);
        }
        // SAFETY: the caller keeps this very contract.
        unsafe { virtual_memory::commit(&untagged(reservation), old, new, PageKind::TAGGED) }?;
        // SAFETY: the added pages lie within the reservation.
        let first = unsafe { address_of(reservation, added.start) };
        // SAFETY: the pages were just made writable, and nobody uses them yet.
        unsafe { granules::set(first, added.len.get()) };
        Ok(Committed::InPlace)
    }

    unsafe fn protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        self.enable(Operation::Protect, range.len.as_u64())?;
        let bare = untagged(reservation);
        // SAFETY: the caller keeps this very contract.
        unsafe { virtual_memory::protect(&bare, range, protection, PageKind::TAGGED) }
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        self.enable(Operation::Discard, range.len.as_u64())?;
        // SAFETY: the caller gives a range within the committed bytes.
        let first = unsafe { address_of(reservation, range.start) };
        // SAFETY: the range lies within the committed bytes, a valid region, and keeps its tag.
        unsafe { granules::set_and_zero(first, range.len.get()) };
        Ok(Discarded::ZeroedOnly)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        self.enable(Operation::Reset, committed.as_u64())?;
        // SAFETY: what lies past `keep` is not used any more.
        let closed = unsafe { close_tail(reservation, committed, keep) }
            .map_err(|error| refused(Operation::Reset, committed.as_u64(), error))?;
        // A tail that is still accessible is erased and counts as committed.
        let kept = if closed { keep } else { committed };
        let base = another_tag(reservation.base());
        // SAFETY: the kept bytes are committed pages with tags, which the caller owns alone.
        unsafe { granules::set_and_zero(base, kept.get()) };
        Ok(ResetOutcome { kept, base: Committed::Moved(base) })
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        let bare = untagged(reservation);
        // The tag is recorded before another memory can get the addresses.
        LEDGER.lock().release(bare.base().as_ptr().addr());
        // With their pages the bytes have lost the tag too.
        // SAFETY: the caller keeps this very contract.
        unsafe { virtual_memory::release(&bare, committed) };
    }

    unsafe fn verify(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        if !self.checks.is_met_by(TagChecks::on_this_thread()) {
            return Err(Corruption::TagChecks);
        }
        mappings::verify(&untagged(reservation), committed, exceptions)?;
        // The tags of unreadable bytes cannot be read. They are checked when the rights are
        // restored.
        for range in readable(committed, exceptions) {
            // SAFETY: the range lies within the committed bytes.
            let first = unsafe { address_of(reservation, range.start) };
            // SAFETY: the pages are committed and may be read, as was just found.
            if !unsafe { granules::all_have_tag(first, range.len.get()) } {
                return Err(Corruption::Tag);
            }
        }
        Ok(())
    }

    unsafe fn resident(&self, reservation: &Reservation, committed: HostBytes) -> Option<u64> {
        mappings::resident(&untagged(reservation), committed, self.page())
    }
}

/// The reservation with an untagged base, for calls to the host.
fn untagged(reservation: &Reservation) -> Reservation {
    reservation.moved_to(reservation.base().map_addr(bare))
}

fn bare(address: NonZeroUsize) -> NonZeroUsize {
    // An address of only a tag does not occur; it would be unchanged.
    NonZeroUsize::new(without_tag(address.get())).unwrap_or(address)
}

fn with_tag(base: NonNull<u8>, tag: Tag) -> NonNull<u8> {
    base.map_addr(|address| NonZeroUsize::new(tag.on(address.get())).unwrap_or(address))
}

/// Maps an extent and assigns a tag to its capacity. Where no tag is left for the addresses that
/// the host chose, it tries others.
fn map_tagged(extent: Extent, name: Option<&str>) -> Result<NonNull<u8>, OsError> {
    let mut aside = [None; ASIDE];
    let mut places = aside.iter_mut();
    let outcome = loop {
        let base = match mapping::reserve(extent, name, PageKind::TAGGED) {
            Ok(base) => base,
            Err(error) => break Err(error),
        };
        let refusal = match claim(base, extent.capacity) {
            Ok(tag) => break Ok(with_tag(base, tag)),
            Err(refusal) => refusal,
        };
        match places.next() {
            Some(place) if refusal == Refusal::NoTag => *place = Some(base),
            _ => {
                // SAFETY: the mapping was just made, and nobody knows of it.
                let _ = unsafe { mapping::release(base, extent) };
                break Err(errors::NO_MEMORY);
            }
        }
    };
    for base in aside.into_iter().flatten() {
        // SAFETY: the mapping was made above, and nobody knows of it.
        let _ = unsafe { mapping::release(base, extent) };
    }
    outcome
}

/// A tag for a new memory at `base`.
fn claim(base: NonNull<u8>, capacity: HostBytes) -> Result<Tag, Refusal> {
    if capacity == HostBytes::ZERO {
        return granules::choose(TagSet::ALL).ok_or(Refusal::NoTag);
    }
    let start = base.as_ptr().addr();
    LEDGER.lock().claim(start..start + capacity.get(), granules::choose)
}

/// The base with a new tag. A memory without capacity is in no ledger, and nothing can be accessed
/// through its base.
fn another_tag(base: NonNull<u8>) -> NonNull<u8> {
    let tag = LEDGER.lock().retag(bare(base.addr()).get(), granules::choose);
    let others = || {
        let own = Tag::of(base.addr().get()).map_or(TagSet::NONE, |tag| TagSet::NONE.with(tag));
        granules::choose(TagSet::ALL.without(own))
    };
    tag.or_else(others).map_or(base, |tag| with_tag(base, tag))
}

/// Closes the bytes past `keep` of `committed` bytes, which lose contents, tag and rights. Returns
/// whether that was done; if not, all committed bytes are still accessible, and none needs to
/// fault.
///
/// # Errors
///
/// Those of the host, when it refuses to close bytes that must fault, or closes some of them and
/// refuses to undo that.
///
/// # Safety
///
/// The committed bytes are readable and writable, and no other code uses them.
unsafe fn close_tail(
    reservation: &Reservation,
    committed: HostBytes,
    keep: HostBytes,
) -> Result<bool, OsError> {
    let part = HostRange { start: keep, len: committed.saturating_sub(keep) };
    // SAFETY: the part lies within the reservation.
    let first = unsafe { address_of(reservation, part.start) };
    // SAFETY: the pages are the reservation's (C1).
    if unsafe { drop_pages(first.map_addr(bare), part.len) }.is_err() {
        // SAFETY: the part is committed, and nobody uses it.
        unsafe { granules::set_and_zero(first, part.len.get()) };
    }
    // SAFETY: the caller keeps this very contract.
    unsafe { virtual_memory::close_tail(&untagged(reservation), committed, keep, PageKind::TAGGED) }
}

/// The readable committed pages.
fn readable(committed: HostBytes, exceptions: &[HostRights]) -> impl Iterator<Item = HostRange> {
    let hidden = exceptions.iter().filter(|one| !one.protection.contains(Protection::READ));
    let starts = hidden.clone().map(|one| one.range.end());
    let ends = hidden.map(|one| one.range.start).chain([committed]);
    let runs = [HostBytes::ZERO].into_iter().chain(starts).zip(ends);
    runs.map(|(start, end)| HostRange { start, len: end.saturating_sub(start) })
}
