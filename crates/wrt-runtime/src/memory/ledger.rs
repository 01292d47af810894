//! The observer of a memory, and the pages that it has approved.

use core::ops::Deref;

use wrt_platform::Epilogue;

use crate::growth::ReleaseEvent;
use crate::observer::Observer;

/// An observer with the pages that were added with its approval and not given back. They differ
/// from the memory's size after a reset that failed: the memory is empty then, and keeps its pages.
#[derive(Debug)]
pub(super) struct Ledger<O: Observer> {
    pub(super) observer: O,
    pub(super) pages: u64,
    pub(super) page_bytes: u64,
}

impl<O: Observer> Ledger<O> {
    /// Keeps only `current` pages, which the observer is yet to be told.
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
