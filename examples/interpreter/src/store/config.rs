//! Configuration of stores.

use wrt_platform::{CommitPolicy, PageAllocator};
use wrt_runtime::Observer;

use crate::interrupt::Interrupt;

/// Configuration of a store: the allocator and observers of its memories, and the limits of its
/// programs.
pub struct StoreConfig<P: PageAllocator, O: Observer = ()> {
    pub(crate) allocator: P,
    pub(crate) observer: Box<dyn Fn() -> O>,
    pub(crate) max_pages: Option<u64>,
    pub(crate) commit: CommitPolicy,
    pub(crate) stack_slots: usize,
    pub(crate) call_depth: usize,
    pub(crate) table_elements: u64,
    pub(crate) fuel: Option<u64>,
    pub(crate) interrupt: Option<Interrupt>,
}

impl<P: PageAllocator> StoreConfig<P> {
    /// Memories from `allocator`, without observers.
    pub fn plain(allocator: P) -> Self {
        Self::new(allocator, || ())
    }
}

impl<P: PageAllocator, O: Observer> StoreConfig<P, O> {
    /// Memories from `allocator`, each with an observer from `observer`.
    pub fn new(allocator: P, observer: impl Fn() -> O + 'static) -> Self {
        Self {
            allocator,
            observer: Box::new(observer),
            max_pages: None,
            commit: CommitPolicy::Ahead,
            stack_slots: 1 << 20,
            call_depth: 1 << 16,
            table_elements: 10_000_000,
            fuel: None,
            interrupt: None,
        }
    }

    /// Limits every memory to this number of its pages, in addition to its declared maximum.
    #[must_use]
    pub fn max_pages(self, pages: Option<u64>) -> Self {
        Self { max_pages: pages, ..self }
    }

    /// Sets the commit policy. The default is ahead of the length, since this interpreter checks
    /// every access.
    #[must_use]
    pub fn commit_policy(self, commit: CommitPolicy) -> Self {
        Self { commit, ..self }
    }

    /// Limits the slots, of 8 bytes, in all frames of running functions.
    #[must_use]
    pub fn max_stack_slots(self, slots: usize) -> Self {
        // Positions on the stack are kept in 32 bits.
        Self { stack_slots: slots.min(1 << 30), ..self }
    }

    /// Limits the number of functions that run at once.
    #[must_use]
    pub fn max_call_depth(self, frames: usize) -> Self {
        Self { call_depth: frames, ..self }
    }
    /// Limits the elements of all tables together, of 8 bytes each. The default is 10,000,000.
    #[must_use]
    pub fn max_table_elements(self, elements: u64) -> Self {
        Self { table_elements: elements, ..self }
    }
    /// Limits the work of all programs of the store, in units of fuel. Its modules must be
    /// [metered](crate::Module::metered).
    ///
    /// An instruction costs one unit; `block`, `loop`, `else`, `end` and `nop` cost none. Bulk
    /// instructions cost one more for every 64 bytes or 8 elements of a table. A basic block is
    /// charged when it begins: a program ends with [`Error::Stopped`](crate::Error::Stopped) where
    /// the next block costs more than is left.
    #[must_use]
    pub fn fuel(self, units: u64) -> Self {
        Self { fuel: Some(units), ..self }
    }

    /// Sets the interrupt that stops the store's programs. Its modules must be
    /// [metered](crate::Module::metered).
    #[must_use]
    pub fn interrupt(self, interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..self }
    }
}
