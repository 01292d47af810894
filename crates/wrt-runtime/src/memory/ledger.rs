//! The observer of a memory, and its count of approved pages.

use core::ops::Deref;

use wrt_platform::Epilogue;

use crate::growth::ReleaseEvent;
use crate::observer::Observer;

/// An observer, with the number of pages that were added with its approval and not yet released.
/// The number differs from the memory's size after a failed reset, when the memory is empty and yet
/// keeps its pages.
#[derive(Debug)]
pub(super) struct Ledger<O: Observer> {
    pub(super) observer: O,
    pub(super) pages: u64,
    pub(super) page_bytes: u64,
}

impl<O: Observer> Ledger<O> {
    /// Reduces the count to `current` pages; returns the event for the observer.
    pub(super) fn keep(&mut self, current: u64, at_drop: bool) -> ReleaseEvent {
        let (previous, page_bytes) = (self.pages, self.page_bytes);
        self.pages = current;
        ReleaseEvent { previous, current, page_bytes, at_drop }
    }
}

impl<O: Observer> Epilogue for Ledger<O> {
    fn conclude(&mut self) {
        let released = self.keep(0, true);
        self.observer.released(&released);
    }
}

impl<O: Observer> Deref for Ledger<O> {
    type Target = O;

    #[inline(always)]
    fn deref(&self) -> &O {
        &self.observer
    }
}
