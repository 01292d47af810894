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
    request: &'a GrowRequest,
    cause: GrowErrorCause,
    /// Current size of the memory in pages.
    current: u64,
}

impl<'a, O: Observer> Approved<'a, O> {
    /// Asks the observer.
    pub(crate) fn ask(observer: &'a O, request: &'a GrowRequest) -> Result<Self, GrowVeto> {
        observer.before_grow(request)?;
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::vec::Vec;

    use super::*;

    #[derive(Default)]
    struct Told(RefCell<Vec<(u64, u64, Option<GrowErrorCause>)>>);

    impl Observer for Told {
        fn after_grow(&self, event: &GrowEvent) {
            let cause = event.outcome.err().map(|error| error.cause);
            self.0.borrow_mut().push((event.previous, event.current, cause));
        }
    }

    const REQUEST: GrowRequest = GrowRequest {
        current: 5,
        delta: 2,
        maximum: 9,
        page_bytes: 65536,
        at_creation: false,
        name: None,
    };

    #[test]
    fn a_failure_that_emptied_the_memory_is_told_with_its_size() {
        let told = Told::default();
        let cause = GrowErrorCause::Maximum { limit: 9 };
        Approved::ask(&told, &REQUEST).unwrap().fail(cause, 0);
        assert_eq!(told.0.take(), [(5, 0, Some(cause))]);
    }

    #[test]
    fn without_a_word_it_has_panicked_and_success_is_for_others_to_tell() {
        let told = Told::default();
        drop(Approved::ask(&told, &REQUEST).unwrap());
        assert_eq!(told.0.take(), [(5, 5, Some(GrowErrorCause::Panicked))]);
        Approved::ask(&told, &REQUEST).unwrap().succeed();
        assert_eq!(told.0.take(), []);
    }
}
