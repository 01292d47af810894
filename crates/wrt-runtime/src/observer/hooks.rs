//! Closures as observers of growth.

use super::Observer;
use crate::growth::{GrowEvent, GrowRequest};
use crate::veto::GrowVeto;

/// An observer that calls a function before pages are added; made by
/// [`MemoryBuilder::pre_grow_hook`](crate::MemoryBuilder::pre_grow_hook) and
/// [`LinearMemory::with_pre_grow_hook`](crate::LinearMemory::with_pre_grow_hook).
///
/// A function pointer gives a type that can be named: `PreGrowHook<fn(&GrowRequest) -> Result<(),
/// GrowVeto>>`.
#[derive(Clone, Copy, Debug)]
pub struct PreGrowHook<F>(pub F);

impl<F: Fn(&GrowRequest) -> Result<(), GrowVeto>> Observer for PreGrowHook<F> {
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        (self.0)(request)
    }
}

/// An observer that passes the outcome of every growth to a function, including growths refused
/// before this observer was asked; made by
/// [`MemoryBuilder::post_grow_hook`](crate::MemoryBuilder::post_grow_hook) and
/// [`LinearMemory::with_post_grow_hook`](crate::LinearMemory::with_post_grow_hook).
#[derive(Clone, Copy, Debug)]
pub struct PostGrowHook<F>(pub F);

impl<F: Fn(&GrowEvent)> Observer for PostGrowHook<F> {
    fn after_grow(&self, event: &GrowEvent) {
        (self.0)(event);
    }

    fn grow_refused(&self, event: &GrowEvent) {
        (self.0)(event);
    }
}
