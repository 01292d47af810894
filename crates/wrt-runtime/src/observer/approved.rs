//! The guarantee that an observer that approves a growth receives its outcome.

use core::mem;

use super::Observer;
use crate::error::GrowErrorCause;
use crate::growth::{GrowEvent, GrowRequest};
use crate::veto::GrowVeto;

/// A growth that an observer has approved and whose outcome is not reported yet. If it is dropped,
/// by a panic, it reports a failure.
pub(crate) struct Approved<'a, O: Observer> {
    observer: &'a O,
    request: GrowRequest,
    cause: GrowErrorCause,
    /// Current size of the memory in pages.
    current: u64,
}

impl<'a, O: Observer> Approved<'a, O> {
    /// Asks the observer.
    pub(crate) fn ask(observer: &'a O, request: GrowRequest) -> Result<Self, GrowVeto> {
        observer.before_grow(&request)?;
        let current = request.current;
        Ok(Self { observer, request, cause: GrowErrorCause::Panicked, current })
    }

    /// Ends the guarantee after a success, which the caller reports.
    pub(crate) fn succeed(self) {
        mem::forget(self);
    }

    /// Reports that the growth failed and left the memory with `current` pages.
    pub(crate) fn fail(mut self, cause: GrowErrorCause, current: u64) {
        self.cause = cause;
        self.current = current;
    }
}

impl<O: Observer> Drop for Approved<'_, O> {
    fn drop(&mut self) {
        let failed = GrowEvent { current: self.current, ..self.request.failed(self.cause) };
        self.observer.after_grow(&failed);
    }
}
