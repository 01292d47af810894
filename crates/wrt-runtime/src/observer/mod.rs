//! Observers of a memory: a trait with empty default bodies, of which `()` compiles to nothing.
//!
//! `pair.rs` makes one observer of two, `forward.rs` and `owned.rs` make observers of pointers to
//! observers, `hooks.rs` of closures. `approved.rs` keeps what every observer is guaranteed.

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
/// Implement it on a struct of your own, so that the memory's type can be written in a field.
/// Tuples of two observers are observers, and so are references and pointers to one
/// (`Arc<dyn Observer>`) and an `Option`. Calls come after the fact, except
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

    /// Pages are about to be added, at creation or by growth. A growth by no pages, or above the
    /// maximum, does not get here.
    ///
    /// An observer that approves is told the outcome by [`after_grow`](Self::after_grow), once.
    ///
    /// # Errors
    ///
    /// A veto: the memory is not created, or does not grow and the guest sees -1. The observer is
    /// told nothing more of this growth.
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

    /// A growth or a creation failed before this observer was asked: above the maximum, or by the
    /// veto of another one.
    #[inline(always)]
    fn grow_refused(&self, event: &GrowEvent) {
        let _ = event;
    }

    /// Pages were given back: by a reset those above the initial size, by the drop of the memory
    /// all. In sum they are the pages whose success [`after_grow`](Self::after_grow) reported; a
    /// reset that fails gives back none.
    #[inline(always)]
    fn released(&self, event: &ReleaseEvent) {
        let _ = event;
    }
}

/// Observes nothing and costs nothing.
impl Observer for () {}
