//! Closures as observers of growth.

use crate::observer::{GrowEvent, GrowRequest, GrowVeto, Observer};

/// An observer that asks a function before every growth; made by
/// [`LinearMemory::with_pre_grow_hook`](crate::LinearMemory::with_pre_grow_hook).
///
/// A function pointer makes a type that can be written down:
/// `PreGrowHook<fn(&GrowRequest) -> Result<(), GrowVeto>>`.
#[derive(Clone, Copy, Debug)]
pub struct PreGrowHook<F>(pub F);

impl<F: Fn(&GrowRequest) -> Result<(), GrowVeto>> Observer for PreGrowHook<F> {
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        (self.0)(request)
    }
}

/// An observer that tells a function what became of every growth; made by
/// [`LinearMemory::with_post_grow_hook`](crate::LinearMemory::with_post_grow_hook).
#[derive(Clone, Copy, Debug)]
pub struct PostGrowHook<F>(pub F);

impl<F: Fn(&GrowEvent)> Observer for PostGrowHook<F> {
    fn after_grow(&self, event: &GrowEvent) {
        (self.0)(event);
    }
}
