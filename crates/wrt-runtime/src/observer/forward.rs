//! Observers by reference, and optional observers.

use super::Observer;
use crate::bulk::BulkOperation;
use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::trap::{Access, Trap};
use crate::veto::GrowVeto;

/// Implements [`Observer`] for pointers to observers.
macro_rules! forward_to_pointee {
    ($($pointer:ty),*) => {$(
        impl<O: Observer + ?Sized> Observer for $pointer {
            #[inline(always)]
            fn load(&self, access: Access) {
                (**self).load(access);
            }

            #[inline(always)]
            fn store(&self, access: Access) {
                (**self).store(access);
            }

            #[inline(always)]
            fn bulk(&self, operation: BulkOperation) {
                (**self).bulk(operation);
            }

            #[inline(always)]
            fn trap(&self, trap: Trap, access: Access) {
                (**self).trap(trap, access);
            }

            fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
                (**self).before_grow(request)
            }

            fn after_grow(&self, event: &GrowEvent) {
                (**self).after_grow(event);
            }

            fn grow_refused(&self, event: &GrowEvent) {
                (**self).grow_refused(event);
            }

            fn released(&self, event: &ReleaseEvent) {
                (**self).released(event);
            }
        }
    )*};
}

forward_to_pointee!(&O);

/// `None` observes nothing and approves everything.
impl<O: Observer> Observer for Option<O> {
    #[inline(always)]
    fn load(&self, access: Access) {
        if let Some(observer) = self {
            observer.load(access);
        }
    }

    #[inline(always)]
    fn store(&self, access: Access) {
        if let Some(observer) = self {
            observer.store(access);
        }
    }

    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        if let Some(observer) = self {
            observer.bulk(operation);
        }
    }

    #[inline(always)]
    fn trap(&self, trap: Trap, access: Access) {
        if let Some(observer) = self {
            observer.trap(trap, access);
        }
    }

    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        self.as_ref().map_or(Ok(()), |observer| observer.before_grow(request))
    }

    fn after_grow(&self, event: &GrowEvent) {
        if let Some(observer) = self {
            observer.after_grow(event);
        }
    }

    fn grow_refused(&self, event: &GrowEvent) {
        if let Some(observer) = self {
            observer.grow_refused(event);
        }
    }

    fn released(&self, event: &ReleaseEvent) {
        if let Some(observer) = self {
            observer.released(event);
        }
    }
}
