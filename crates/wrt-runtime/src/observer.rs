//! Observers of a memory: a trait with empty default bodies, of which `()` compiles to nothing.

use core::fmt;

use crate::bulk::BulkOperation;
use crate::error::GrowError;
use crate::trap::{Access, Trap};

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

/// A receiver of everything that happens to a memory.
///
/// Implement it on a struct of your own, so that the memory's type can be written in a field;
/// tuples of two observers are observers. Calls come after the fact, except
/// [`before_grow`](Self::before_grow) and what is reported as [`BulkOperation::Lend`]. An observer
/// that panics leaves the memory usable: at its old size if it panics before a growth, at its new
/// size after.
///
/// Between them [`store`](Self::store), [`bulk`](Self::bulk) and [`after_grow`](Self::after_grow)
/// report every write of the instructions and of the host:
///
/// ```
/// use std::cell::RefCell;
/// use std::collections::BTreeSet;
///
/// use wrt_platform::HeapAllocator;
/// use wrt_runtime::{Access, BulkOperation, MemoryBuilder, MemoryType, Observer};
///
/// /// The pages of 4 KiB that were written.
/// #[derive(Default)]
/// struct Dirty(RefCell<BTreeSet<u64>>);
///
/// impl Dirty {
///     fn mark(&self, written: Access) {
///         if let Some(last) = written.last() {
///             self.0.borrow_mut().extend(written.address / 4096..=last / 4096);
///         }
///     }
/// }
///
/// impl Observer for Dirty {
///     fn store(&self, access: Access) {
///         self.mark(access);
///     }
///
///     fn bulk(&self, operation: BulkOperation) {
///         operation.written().into_iter().for_each(|written| self.mark(written));
///     }
/// }
///
/// let builder = MemoryBuilder::new(MemoryType::wasm32(1, None)?).observer(Dirty::default());
/// let mut memory = builder.allocate(HeapAllocator::new())?;
/// memory.write(8190, b"abcd")?;
/// memory.get_safe_slice_mut(20_000, 1)?[0] = 7;
/// assert!(memory.observer().0.borrow().iter().eq(&[1, 2, 4]));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// Code that writes through the base of a [`RegionView`](wrt_platform::RegionView) is not seen.
pub trait Observer {
    /// An instruction loaded bytes, at most 16.
    #[inline(always)]
    fn load(&self, access: Access) {
        let _ = access;
    }

    /// An instruction stored bytes, at most 16.
    #[inline(always)]
    fn store(&self, access: Access) {
        let _ = access;
    }

    /// An operation on a range was done, or bytes are about to be lent.
    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        let _ = operation;
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
