//! Who is told what happens to a memory. All bodies are empty by default and `()` is the observer
//! that compiles to nothing.

use core::fmt;

use crate::error::GrowError;
use crate::trap::{Access, Trap};

/// The kind of a bulk operation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum BulkOperation {
    /// `memory.fill`.
    Fill,
    /// `memory.copy`, within one memory or between two.
    Copy,
    /// `memory.init`.
    Init,
    /// Bytes copied out by the host.
    Read,
    /// Bytes copied in by the host.
    Write,
}

/// A growth that is about to happen, in pages. The observer gets this, never the memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowRequest {
    /// Pages that the memory has.
    pub current: u64,
    /// Pages to be added, at least one.
    pub delta: u64,
    /// The most pages the memory may have.
    pub maximum: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
}

impl GrowRequest {
    /// Pages that the memory would have.
    #[must_use]
    pub const fn new_size(&self) -> u64 {
        self.current.saturating_add(self.delta)
    }

    /// Bytes that the memory would have.
    #[must_use]
    pub const fn new_bytes(&self) -> u64 {
        self.new_size().saturating_mul(self.page_bytes)
    }
}

/// An observer's refusal to let a memory grow, with the reason that the error will show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GrowVeto(&'static str);

impl GrowVeto {
    /// A refusal for `reason`, a phrase such as `"the tenant's budget is used up"`.
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self(reason)
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for GrowVeto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A growth that was attempted, in pages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowEvent {
    /// Pages before.
    pub previous: u64,
    /// Pages now: the same, if the growth failed.
    pub current: u64,
    /// What became of it.
    pub outcome: Result<(), GrowError>,
}

/// Told of everything that happens to a memory.
///
/// Implement it on a struct of your own, so that the memory's type can be written in a field;
/// tuples of two observers are observers. Calls come after the fact, except
/// [`before_grow`](Self::before_grow). An observer that panics leaves the memory usable: at its
/// old size if it panics before a growth, at its new size after.
pub trait Observer {
    /// `bytes` bytes were loaded.
    #[inline(always)]
    fn load(&self, bytes: usize) {
        let _ = bytes;
    }

    /// `bytes` bytes were stored.
    #[inline(always)]
    fn store(&self, bytes: usize) {
        let _ = bytes;
    }

    /// A bulk operation touched `bytes` bytes of this memory.
    #[inline(always)]
    fn bulk(&self, operation: BulkOperation, bytes: u64) {
        let _ = (operation, bytes);
    }

    /// An access was refused.
    #[inline(always)]
    fn trap(&self, trap: Trap, access: Access) {
        let _ = (trap, access);
    }

    /// The memory is about to grow. A growth by no pages, or above the maximum, does not get here.
    ///
    /// # Errors
    ///
    /// A veto: the memory does not grow, and the guest sees -1.
    #[inline(always)]
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        let _ = request;
        Ok(())
    }

    /// A growth succeeded or failed, for whatever reason.
    #[inline(always)]
    fn after_grow(&self, event: &GrowEvent) {
        let _ = event;
    }
}

/// Observes nothing and costs nothing.
impl Observer for () {}

/// Both are told, the first one first. A veto of the first spares the second the question.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline(always)]
    fn load(&self, bytes: usize) {
        self.0.load(bytes);
        self.1.load(bytes);
    }

    #[inline(always)]
    fn store(&self, bytes: usize) {
        self.0.store(bytes);
        self.1.store(bytes);
    }

    #[inline(always)]
    fn bulk(&self, operation: BulkOperation, bytes: u64) {
        self.0.bulk(operation, bytes);
        self.1.bulk(operation, bytes);
    }

    #[inline(always)]
    fn trap(&self, trap: Trap, access: Access) {
        self.0.trap(trap, access);
        self.1.trap(trap, access);
    }

    #[inline(always)]
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        self.0.before_grow(request)?;
        self.1.before_grow(request)
    }

    #[inline(always)]
    fn after_grow(&self, event: &GrowEvent) {
        self.0.after_grow(event);
        self.1.after_grow(event);
    }
}
