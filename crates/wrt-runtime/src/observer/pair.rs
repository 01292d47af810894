//! Pairs of observers.

use super::{Approved, Observer};
use crate::bulk::BulkOperation;
use crate::error::GrowErrorCause;
use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::trap::{Access, Trap};
use crate::veto::GrowVeto;

/// Both receive every event, the first observer first; failures and releases go in reverse order.
/// The second is not asked about pages that the first vetoed. When the second vetoes, the first,
/// which approved, receives the failure.
///
/// If one panics at [`after_grow`](Observer::after_grow), [`grow_refused`](Observer::grow_refused)
/// or [`released`](Observer::released), the other still receives the event; if both do, the process
/// aborts.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline(always)]
    fn load(&self, access: Access) {
        self.0.load(access);
        self.1.load(access);
    }

    #[inline(always)]
    fn store(&self, access: Access) {
        self.0.store(access);
        self.1.store(access);
    }

    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        self.0.bulk(operation);
        self.1.bulk(operation);
    }

    #[inline(always)]
    fn trap(&self, trap: Trap, access: Access) {
        self.0.trap(trap, access);
        self.1.trap(trap, access);
    }

    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        let first = Approved::ask(&self.0, request).inspect_err(|veto| {
            self.1.grow_refused(&request.failed(GrowErrorCause::Vetoed(*veto)));
        })?;
        match self.1.before_grow(request) {
            Ok(()) => first.succeed(),
            Err(veto) => {
                first.fail(GrowErrorCause::Vetoed(veto), request.current);
                return Err(veto);
            }
        }
        Ok(())
    }

    fn after_grow(&self, event: &GrowEvent) {
        let (first, second) = (|| self.0.after_grow(event), || self.1.after_grow(event));
        if event.outcome.is_ok() { both(first, second) } else { both(second, first) }
    }

    fn grow_refused(&self, event: &GrowEvent) {
        both(|| self.0.grow_refused(event), || self.1.grow_refused(event));
    }

    fn released(&self, event: &ReleaseEvent) {
        both(|| self.1.released(event), || self.0.released(event));
    }
}

/// Calls both functions, the second even if the first panics.
pub(crate) fn both(first: impl FnOnce(), second: impl FnOnce()) {
    struct Second<F: FnOnce()>(Option<F>);

    impl<F: FnOnce()> Drop for Second<F> {
        fn drop(&mut self) {
            if let Some(call) = self.0.take() {
                call();
            }
        }
    }

    let _second = Second(Some(second));
    first();
}
