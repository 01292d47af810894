//! Table of slots: base and state of each.
#![allow(unsafe_code, reason = "lends a slot to its owner")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

use super::config::PoolConfig;
use super::shape::Shape;
use super::slot::Slot;
use crate::backend::ladder::Extent;
use crate::backend::mapping::{self, refused};
use crate::error::{AllocError, AllocErrorKind, Operation, OsError};
use crate::sys::discard::drop_pages;
use crate::sys::huge_pages;
use crate::sys::pages::{self, PageKind};
use crate::units::{HostBytes, HostRange};

/// A slot's state, on separate cache lines, so that owners of neighbouring slots do not contend.
#[repr(align(64))]
struct State(UnsafeCell<Slot>);

/// The mapping of a pool, and the state of each slot.
pub(super) struct SlotTable {
    /// - **P1** `first` is the base of slot 0 in a mapping of `shape.all` that belongs to this
    ///   value alone, except for pages that are `gone` from a slot. The base of slot `i` is `i`
    ///   strides further, and within the mapping each slot has its own extent of `shape.slot`.
    first: NonNull<u8>,
    shape: Shape,
    states: Box<[State]>,
}

// SAFETY: the mapping goes where the value goes (P1), and so do states.
unsafe impl Send for SlotTable {}

// SAFETY: every state and its bytes have one owner at a time (P2 of the pool), whom callers of
// `get` are or vouch for.
unsafe impl Sync for SlotTable {}

impl SlotTable {
    /// Maps all slots. Only those of a dense pool are accessible.
    pub(super) fn new(shape: Shape, config: &PoolConfig<'_>) -> Result<Self, AllocError> {
        let dense = shape.is_dense();
        let accessible = if dense { shape.slot.capacity } else { HostBytes::ZERO };
        let states = new_states(config.slots, accessible).ok_or_else(|| {
            let bytes = config.slots.saturating_mul(size_of::<State>()) as u64;
            AllocError::new(Operation::Reserve, AllocErrorKind::Exhausted, bytes)
        })?;
        let map = |extent, name| match dense {
            true => reserve_open(extent, name),
            false => mapping::reserve(extent, name, PageKind::PLAIN),
        };
        let wanted = shape.all.total().unwrap_or_default().as_u64();
        let first = map(shape.all, config.name)
            .map_err(|error| refused(Operation::Reserve, wanted, error))?;
        Ok(Self { first, shape, states })
    }

    pub(super) const fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(super) const fn len(&self) -> usize {
        self.states.len()
    }

    /// The base of an existing slot.
    pub(super) fn base(&self, index: usize) -> NonNull<u8> {
        debug_assert!(index < self.states.len(), "slot {index} of {}", self.states.len());
        // SAFETY: P1, callers have the index of a slot.
        unsafe { self.first.add(index * self.shape.stride) }
    }

    /// Base and state of a slot, if there is such a slot.
    ///
    /// # Safety
    ///
    /// The caller owns the slot (P2) and uses no other result of this for it.
    #[expect(clippy::mut_from_ref, reason = "the contract says who may call this")]
    pub(super) unsafe fn get(&self, index: usize) -> Option<(NonNull<u8>, &mut Slot)> {
        let state = self.states.get(index)?;
        // SAFETY: the caller's contract: nobody else has a reference to this state.
        Some((self.base(index), unsafe { &mut *state.0.get() }))
    }

    /// Bytes of a slot that are accessible while its memory has `committed` bytes: exactly these
    /// under exact commit.
    ///
    /// # Safety
    ///
    /// No other code changes the slot's state during the call.
    pub(super) unsafe fn accessible(&self, index: usize, committed: HostBytes) -> HostBytes {
        let Some(state) = self.states.get(index) else { return HostBytes::ZERO };
        // SAFETY: the caller's contract.
        let state = unsafe { &*state.0.get() };
        if state.exact { committed } else { state.accessible }
    }
}

fn new_states(count: usize, accessible: HostBytes) -> Option<Box<[State]>> {
    let mut states = Vec::new();
    states.try_reserve_exact(count).ok()?;
    states.resize_with(count, || State(UnsafeCell::new(Slot::new(accessible))));
    Some(states.into_boxed_slice())
}

impl SlotTable {
    /// The parts of the mapping between pages that are gone, from the first guard to the last: first
    /// byte and length, in bytes from the base of slot 0.
    fn own_parts(&mut self) -> impl Iterator<Item = (usize, usize)> {
        let stride = self.shape.stride;
        let gone = self.states.iter_mut().enumerate().filter_map(move |(index, state)| {
            let gone = state.0.get_mut().gone?;
            Some((index * stride + gone.start.get(), gone.len.get()))
        });
        let end = self.shape.all.capacity.get();
        gone.chain([(end, 0)]).scan(0, |from, (start, len)| {
            let part = (*from, start - *from);
            *from = start + len;
            Some(part)
        })
    }
}

impl Drop for SlotTable {
    fn drop(&mut self) {
        let (first, before, page) = (self.first, self.shape.all.before, self.shape.page);
        for (start, len) in self.own_parts() {
            // SAFETY: the part lies within the mapping (P1).
            let base = unsafe { first.add(start) };
            let capacity = page.round_down(len as u64);
            let before = if start == 0 { before } else { HostBytes::ZERO };
            let part = Extent { before, capacity, after: HostBytes::ZERO };
            // SAFETY: P1; memories hold the pool or a borrow of it, so none is left.
            if unsafe { mapping::release(base, part) }.is_err() {
                // The address space is leaked, but not the pages.
                // SAFETY: P1, all of them are the pool's.
                let _ = unsafe { drop_pages(base, capacity) };
            }
        }
    }
}

/// Reserves an extent that is readable and writable from the start, without huge pages, which would
/// allocate memory for neighbours of a touched slot.
fn reserve_open(extent: Extent, name: Option<&str>) -> Result<NonNull<u8>, OsError> {
    let base = mapping::reserve(extent, name, PageKind::PLAIN)?;
    let all = HostRange { start: HostBytes::ZERO, len: extent.capacity };
    // SAFETY: the mapping was just made, and nobody else knows of it.
    if let Err(error) = unsafe { pages::commit(base, all, PageKind::PLAIN) } {
        // SAFETY: as above.
        let _ = unsafe { mapping::release(base, extent) };
        return Err(error);
    }
    // SAFETY: as above.
    unsafe { huge_pages::refuse(base, extent.capacity) };
    Ok(base)
}
