//! Defects of discard, reset and release.
#![allow(unsafe_code, reason = "breaks the ways back on purpose")]

use wrt_platform::{
    AllocError, Discarded, HostBytes, HostRange, PageAllocator, Protection, Reservation,
    ResetOutcome,
};

use super::memory::{Filling, Memory};
use super::overlay::Leftover;
use super::{BrokenAllocator, Defect};
use crate::contract::address_of;

impl<P: PageAllocator> BrokenAllocator<P> {
    pub(super) fn broken_discard(
        &self,
        reservation: &Reservation,
        range: HostRange,
    ) -> Result<Discarded, AllocError> {
        self.state().discarded = true;
        let start = if self.is(Defect::DiscardCut) { self.cut(range.start) } else { range.start };
        let range = HostRange { start, ..range };
        self.with(reservation, |memory| {
            let zeroes = vec![0; range.len.get()];
            match self.defect {
                Defect::DiscardKeeps => return Ok(Discarded::ZeroedOnly),
                Defect::ReleasedOnPaper => {
                    // SAFETY: the caller's range is committed, writable, and the caller's.
                    unsafe { memory.write(range.start.get(), &zeroes) };
                    return Ok(Discarded::Released);
                }
                Defect::DiscardClaimed => {
                    // SAFETY: as above.
                    unsafe { memory.write(range.start.get(), &zeroes) };
                    return Ok(Discarded::ZeroedOnly);
                }
                _ => {}
            }
            // SAFETY: M1; the caller's range is committed and writable.
            let done = unsafe { self.inner.discard(&memory.inner, memory.inner_range(range)) }?;
            self.spoil_discard(memory, range);
            Ok(done)
        })
    }

    fn spoil_discard(&self, memory: &mut Memory, range: HostRange) {
        match self.defect {
            // SAFETY: the byte past the range is committed or left alone, and the caller's.
            Defect::DiscardTooMuch => unsafe { memory.write(range.end().get(), &[0]) },
            Defect::ForgottenOnDiscard => self.forget_rights(memory, HostRange::EMPTY),
            Defect::DiscardShowsImage => {
                let Some(Filling { range: image, bytes }) = memory.filling.clone() else { return };
                let shown = range.overlap(image);
                let from = shown.start.get().saturating_sub(image.start.get());
                let to = (from + shown.len.get()).min(bytes.len());
                if let Some(bytes) = bytes.get(from..to) {
                    // SAFETY: the range is committed, writable, and the caller's.
                    unsafe { memory.write(shown.start.get(), bytes) };
                }
            }
            _ => {}
        }
    }

    pub(super) fn broken_reset(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
        keep: HostBytes,
    ) -> Result<ResetOutcome, AllocError> {
        if self.is(Defect::TagReused) {
            let all = HostRange { start: HostBytes::ZERO, len: committed };
            return self
                .broken_discard(reservation, all)
                .map(|_| ResetOutcome::in_place(committed));
        }
        self.with(reservation, |memory| {
            let image = memory.filling.as_ref().map_or(HostRange::EMPTY, |filling| filling.range);
            // SAFETY: all rights are back when a memory is reset, and the bytes the caller's.
            let written = unsafe { memory.read(image.start.get(), image.len.get()) };
            let with_extra = keep.checked_add(memory.extra).unwrap_or(keep).min(memory.committed);
            let all = self.is(Defect::ResetLeavesOpen) || self.is(Defect::ExactResetKeeps);
            let kept = if all { memory.committed } else { with_extra };
            // SAFETY: M1, and `kept` is at most what is committed.
            let renewed = unsafe { self.inner.reset(&memory.inner, memory.committed, kept) }?;
            let left = memory.follow(renewed);
            match self.defect {
                Defect::ImageLost | Defect::ImageIgnored => {}
                // SAFETY: what is left has its usual rights and is the caller's.
                Defect::WritesSurvive => unsafe { memory.write(image.start.get(), &written) },
                // SAFETY: as above.
                Defect::ResetKeepsByte => unsafe { memory.write(0, &[0xEE]) },
                // SAFETY: as above.
                _ => unsafe { memory.fill() },
            }
            let page = self.inner.page();
            let less = keep.as_u64().saturating_sub(page.bytes() as u64);
            let kept = match self.defect {
                Defect::ResetShrinks => page.round_down(less),
                Defect::ResetLeavesOpen => keep,
                _ => left.saturating_sub(memory.extra).max(keep).min(committed),
            };
            Ok(ResetOutcome { kept, ..renewed })
        })
    }

    pub(super) fn broken_release(&self, reservation: &Reservation) {
        let index = reservation.cookie();
        self.with(reservation, |memory| memory.owners = memory.owners.saturating_sub(1));
        self.remember(index);
        let mut state = self.state();
        state.released += 1;
        if self.is(Defect::RightsInherited) && !state.memories[index].rights.is_empty() {
            state.inherited = state.memories[index].rights.clone();
        }
        let memory = &mut state.memories[index];
        let again = match self.defect {
            Defect::Leaks => 0,
            Defect::StaleMemory => 1,
            Defect::DoubleRelease if self.emptied(memory) => 2,
            Defect::NoLock if memory.is_plain() && self.emptied(memory) => 1,
            Defect::DoubleRelease => 0,
            _ if memory.owners > 0 => 0,
            _ => {
                memory.gone = true;
                memory.uncover();
                // SAFETY: M1; nobody has it any more, and `gone` keeps it from being used.
                unsafe { self.inner.release(&memory.inner, memory.committed) };
                (memory.image, memory.filling) = (None, None);
                0
            }
        };
        if self.is(Defect::GuardLeft) && state.memories[index].gone {
            let inner = &state.memories[index].inner;
            let len = inner.guard_before().get();
            let start = address_of(inner.base()).saturating_sub(len);
            state.leftovers.extend(Leftover::at(start, len));
        }
        state.spare.extend(core::iter::repeat_n(index, again));
    }

    /// Erases a memory that its last owner has released.
    fn emptied(&self, memory: &mut Memory) -> bool {
        let (inner, committed) = (memory.inner, memory.committed);
        // SAFETY: M1; nobody uses it any more, rights are back.
        let left = unsafe { self.inner.reset(&inner, committed, HostBytes::ZERO) };
        left.map(|renewed| memory.follow(renewed)).is_ok()
    }

    /// Keeps state that the next memory must not see.
    fn remember(&self, index: usize) {
        let mut state = self.state();
        let memory = state.memories[index].clone();
        let Some(image) = memory.image.clone() else { return };
        if self.is(Defect::StaleImage) {
            state.stale = Some(image);
        } else if self.is(Defect::WrittenThrough)
            && let Some(Filling { range, bytes }) = &memory.filling
            && memory.rights.iter().all(|one| one.protection.contains(Protection::READ))
        {
            // SAFETY: the pages can be read, and their owner lets go of them.
            let written = unsafe { memory.read(range.start.get(), bytes.len()) };
            state.written = Some((image, written));
        }
    }
}
