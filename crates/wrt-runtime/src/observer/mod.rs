//! Observers of a memory: a trait with empty default bodies. The observer `()` compiles to nothing.
//!
//! `pair.rs` combines two observers, `forward.rs` and `owned.rs` implement the trait for pointers,
//! `hooks.rs` for closures. `approved.rs` guarantees that every approval gets its outcome.

mod approved;
#[macro_use]
mod forward;
mod hooks;
#[cfg(feature = "alloc")]
mod owned;
mod pair;

pub(crate) use approved::Approved;
pub use hooks::{PostGrowHook, PreGrowHook};
pub(crate) use pair::both;

use crate::bulk::BulkOperation;
use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::trap::{Access, Trap};
use crate::veto::GrowVeto;

/// A receiver of everything that happens to a memory.
///
/// Implement it on a named struct, so that the memory's type can be written in a field. Pairs of
/// observers are observers, and so are references, pointers (`Arc<dyn Observer>`) and options.
/// Calls come after the event, except [`before_grow`](Self::before_grow) and
/// [`BulkOperation::Lend`]. An observer that panics leaves the memory usable: at its old size if it
/// panics before a growth, at its new size if after.
///
/// Together, [`store`](Self::store), [`bulk`](Self::bulk) and [`after_grow`](Self::after_grow)
/// report every write by instructions and by the host:
///
/// ```
/// use std::cell::RefCell;
/// use std::collections::BTreeSet;
///
/// use wrt_platform::HeapAllocator;
/// use wrt_runtime::{Access, BulkOperation, GrowEvent, MemoryBuilder, MemoryType, Observer};
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
///
///     fn after_grow(&self, event: &GrowEvent) {
///         // A tracker that starts from zeroes need not know these pages at creation.
///         event.added().filter(|_| !event.at_creation).into_iter().for_each(|new| self.mark(new));
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
/// Writes through the base of a [`RegionView`](wrt_platform::RegionView) are not observed.
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

    /// An operation on a range completed, or bytes are about to be lent.
    #[inline(always)]
    fn bulk(&self, operation: BulkOperation) {
        let _ = operation;
    }

    /// An access was refused.
    #[inline(always)]
    fn trap(&self, trap: Trap, access: Access) {
        let _ = (trap, access);
    }

    /// Pages are about to be added, at creation or by growth. Not called for a growth by 0 pages or
    /// above the maximum.
    ///
    /// An observer that approves receives the outcome through [`after_grow`](Self::after_grow),
    /// exactly once.
    ///
    /// # Errors
    ///
    /// A veto: the memory is not created, or does not grow and the guest receives -1. The observer
    /// receives no further event of this growth.
    #[inline(always)]
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        let _ = request;
        Ok(())
    }

    /// A growth or a creation that this observer had approved succeeded or failed.
    #[inline(always)]
    fn after_grow(&self, event: &GrowEvent) {
        let _ = event;
    }

    /// A growth or a creation failed before this observer was asked: it exceeded the maximum, or
    /// another observer vetoed it.
    #[inline(always)]
    fn grow_refused(&self, event: &GrowEvent) {
        let _ = event;
    }

    /// Pages were released: those above the initial size by a reset, all by the drop of the memory.
    /// Their sum equals the pages that [`after_grow`](Self::after_grow) reported as added. A failed
    /// reset releases none.
    #[inline(always)]
    fn released(&self, event: &ReleaseEvent) {
        let _ = event;
    }
}

/// Observes nothing and costs nothing.
impl Observer for () {}
