//! Pages from the global allocator, for hosts without virtual memory.
#![allow(unsafe_code, reason = "pages of the global allocator")]

use alloc::alloc::{Layout, alloc_zeroed, dealloc, realloc};
use core::num::NonZeroUsize;
use core::ptr::NonNull;

use crate::allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, Operation};
use crate::request::ReserveRequest;
use crate::reservation::{Fallback, FallbackReason, Reservation};
use crate::units::{HostBytes, HostPage, HostRange};

/// Backend of the global allocator, with memories aligned to 4 KiB.
///
/// It reserves no address space: growth may move and copy the memory, which [`Committed::Moved`]
/// reports. There are no guards and no protection. For growth in many small steps use
/// [`CommitPolicy::Ahead`](crate::CommitPolicy::Ahead).
///
/// A block holds, in this order: padding, a word with the block's address, the memory. The block is
/// allocated with the alignment of that word, and the base is aligned by hand, because global
/// allocators provide large blocks of zeroed pages only at small alignments.
#[derive(Clone, Copy, Default, Debug)]
pub struct HeapAllocator(());

const PAGE: HostPage = HostPage::SMALLEST;
const WORD: usize = size_of::<*mut u8>();

/// Bytes of a block besides the memory: the word, and the largest padding.
const OVERHEAD: usize = PAGE.bytes() + WORD;

/// Base of a memory of no bytes.
const NOWHERE: NonNull<u8> = NonNull::without_provenance(match NonZeroUsize::new(PAGE.bytes()) {
    Some(address) => address,
    None => NonZeroUsize::MIN,
});

impl HeapAllocator {
    /// Creates the allocator, which has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

/// The layout of a block with `bytes` of memory, or `None` if that is more than can be addressed.
fn block_layout(bytes: HostBytes) -> Option<Layout> {
    Layout::from_size_align(bytes.get().checked_add(OVERHEAD)?, WORD).ok()
}

/// Base of the memory in the block at `block`.
fn base_in(block: NonNull<u8>) -> NonNull<u8> {
    let after_word = block.as_ptr().addr() + WORD;
    let padding = after_word.next_multiple_of(PAGE.bytes()) - block.as_ptr().addr();
    // SAFETY: `padding <= OVERHEAD`, and the block is at least that long.
    unsafe { block.add(padding) }
}

/// Writes the block's address into the word before its memory, and returns the memory's base.
///
/// # Safety
///
/// `block` was allocated with a layout of [`block_layout`].
unsafe fn finish_block(block: NonNull<u8>) -> NonNull<u8> {
    let base = base_in(block);
    // SAFETY: the word lies between the block's start and the base.
    let word = unsafe { base.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: as above; the base is page-aligned, so the word is aligned.
    unsafe { word.write(block) };
    base
}

/// The block of the memory at `base`.
///
/// # Safety
///
/// `base` came from [`finish_block`] and its block is still allocated.
unsafe fn block_of(base: NonNull<u8>) -> NonNull<u8> {
    // SAFETY: the caller's `base` has its word right before it.
    let word = unsafe { base.cast::<NonNull<u8>>().sub(1) };
    // SAFETY: `finish_block` wrote it.
    unsafe { word.read() }
}

/// Allocates a zeroed memory of `new` bytes and moves `old` bytes from `base` into it.
///
/// # Safety
///
/// The memory at `base` has `old` committed bytes, and is not used after the call.
unsafe fn move_to_new_block(
    base: NonNull<u8>,
    old: HostBytes,
    new: HostBytes,
) -> Option<NonNull<u8>> {
    let layout = block_layout(new)?;
    // SAFETY: the layout is not empty, it has the overhead.
    let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    // SAFETY: the block was just allocated with a layout of `block_layout`.
    let moved = unsafe { finish_block(block) };
    // SAFETY: both memories have at least `old` bytes and lie in different blocks.
    unsafe { base.copy_to_nonoverlapping(moved, old.get()) };
    // SAFETY: the old memory has been moved and is not used again.
    unsafe { free(base, old) };
    Some(moved)
}

/// Extends the block by the global allocator, which may move pages instead of bytes for large
/// blocks.
///
/// # Safety
///
/// The memory at `base` has `old > 0` committed bytes, `old <= new`.
unsafe fn extend_block(base: NonNull<u8>, old: HostBytes, new: HostBytes) -> Option<NonNull<u8>> {
    let (old_layout, new_layout) = (block_layout(old)?, block_layout(new)?);
    // SAFETY: a memory with committed bytes has a block.
    let block = unsafe { block_of(base) };
    // SAFETY: `base` lies in that block.
    let old_padding = unsafe { base.offset_from_unsigned(block) };
    // SAFETY: the block was allocated with `old_layout`; the new size is not zero.
    let grown = unsafe { realloc(block.as_ptr(), old_layout, new_layout.size()) };
    let grown = NonNull::new(grown)?;
    // SAFETY: the old bytes still start at their old distance from the block.
    let bytes = unsafe { grown.add(old_padding) };
    // The new block may need another padding than the old one, and the word is rewritten only
    // after the bytes that may lie under it have moved.
    let moved = base_in(grown);
    // SAFETY: source and target lie within the new block; `copy_to` lets them overlap.
    unsafe { bytes.copy_to(moved, old.get()) };
    // SAFETY: the block has the size of `new_layout`.
    unsafe { finish_block(grown) };
    // SAFETY: `old` bytes into the memory is within the block.
    let added = unsafe { moved.add(old.get()) };
    // SAFETY: so is all that `new` adds.
    unsafe { added.write_bytes(0, new.get() - old.get()) };
    Some(moved)
}

/// Frees the memory at `base`.
///
/// # Safety
///
/// The memory has `committed` bytes and is not used again.
unsafe fn free(base: NonNull<u8>, committed: HostBytes) {
    if committed == HostBytes::ZERO {
        return;
    }
    if let Some(layout) = block_layout(committed) {
        // SAFETY: a memory with committed bytes has a block.
        let block = unsafe { block_of(base) };
        // SAFETY: the block was allocated with this layout.
        unsafe { dealloc(block.as_ptr(), layout) };
    }
}

// SAFETY: C1 and C2 a block is the caller's alone, `base_in` aligns its memory, `alloc_zeroed` and
// `write_bytes` make new bytes zero; C3 a failed allocation or reallocation leaves the old block;
// C4 blocks do not depend on this value; C5 zeroing changes no rights; C6 the page is a
// constant; C7 so are the capabilities; C8 neither operation does anything.
unsafe impl PageAllocator for HeapAllocator {
    fn page(&self) -> HostPage {
        PAGE
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::empty()
    }

    fn reserve(&self, request: &ReserveRequest<'_>) -> Result<Reservation, AllocError> {
        request.refuse_guards("the heap backend has no guards")?;
        request.refuse_tags("the heap backend has no memory tags")?;
        let most = PAGE.round_down(isize::MAX as u64 - (OVERHEAD + WORD) as u64);
        let capacity = PAGE.round_up(request.maximum()).unwrap_or(most).min(most);
        let wanted = request.wanted_capacity();
        let beyond = Fallback { wanted, reason: FallbackReason::AddressSpace };
        let beyond = (capacity.as_u64() < wanted).then_some(beyond);
        Ok(Reservation::new(NOWHERE, capacity).with_fallback(request.without_guards().or(beyond)))
    }

    unsafe fn commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        if new == old {
            return Ok(Committed::InPlace);
        }
        let base = reservation.base();
        let added = new.saturating_sub(old);
        let outcome = if old == HostBytes::ZERO || added > old {
            // SAFETY: the caller gives the committed bytes of `base`.
            unsafe { move_to_new_block(base, old, new) }
        } else {
            // SAFETY: as above, and `old` is not zero.
            unsafe { extend_block(base, old, new) }
        };
        let kind = AllocErrorKind::Exhausted;
        outcome.map(Committed::Moved).ok_or(AllocError::new(Operation::Commit, kind, new.as_u64()))
    }

    unsafe fn discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        // SAFETY: the caller's range lies within the committed bytes.
        let first = unsafe { reservation.base().add(range.start.get()) };
        // SAFETY: as above.
        unsafe { first.write_bytes(0, range.len.get()) };
        Ok(Discarded::ZeroedOnly)
    }

    unsafe fn reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        _keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        // SAFETY: the committed bytes are the caller's.
        unsafe { reservation.base().write_bytes(0, committed.get()) };
        Ok(ResetOutcome::in_place(committed))
    }

    unsafe fn release(&self, reservation: &Reservation, committed: HostBytes) {
        // SAFETY: the caller gives the committed bytes and does not use them again.
        unsafe { free(reservation.base(), committed) }
    }
}
