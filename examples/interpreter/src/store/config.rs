//! What a store is made with.

use wrt_platform::{CommitPolicy, PageAllocator};
use wrt_runtime::Observer;

use crate::interrupt::Interrupt;

/// Where a store's memories come from, who observes them, and how deep programs may call.
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
    /// Memories from `allocator`, observed by nobody.
    pub fn plain(allocator: P) -> Self {
        Self::new(allocator, || ())
    }
}

impl<P: PageAllocator, O: Observer> StoreConfig<P, O> {
    /// Memories from `allocator`, each with an observer that `observer` makes.
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

    /// No memory gets more than this number of its pages, whatever it declares.
    #[must_use]
    pub fn max_pages(self, pages: Option<u64>) -> Self {
        Self { max_pages: pages, ..self }
    }

    /// How far ahead of a memory's length its pages are committed. This interpreter checks every
    /// access, so it may be far: that is the default.
    #[must_use]
    pub fn commit_policy(self, commit: CommitPolicy) -> Self {
        Self { commit, ..self }
    }

    /// How many slots of 8 bytes the frames of running functions may take together.
    #[must_use]
    pub fn max_stack_slots(self, slots: usize) -> Self {
        // Positions on the stack are kept in 32 bits.
        Self { stack_slots: slots.min(1 << 30), ..self }
    }

    /// How many functions may be running at once.
    #[must_use]
    pub fn max_call_depth(self, frames: usize) -> Self {
        Self { call_depth: frames, ..self }
    }
    /// How many elements all tables may have together; each takes 8 bytes. By default 10,000,000.
    #[must_use]
    pub fn max_table_elements(self, elements: u64) -> Self {
        Self { table_elements: elements, ..self }
    }
    /// How much the store's programs may do together, in units of fuel. Its modules must be
    /// [metered](crate::Module::metered).
    ///
    /// An instruction costs one unit; `block`, `loop`, `else`, `end` and `nop` cost none. Bulk
    /// instructions cost one more for every 64 bytes or 8 elements of a table. A basic block is paid
    /// when it begins: a program ends with [`Error::Stopped`](crate::Error::Stopped) where the next
    /// one costs more than is left.
    #[must_use]
    pub fn fuel(self, units: u64) -> Self {
        Self { fuel: Some(units), ..self }
    }

    /// What stops the store's programs. Its modules must be [metered](crate::Module::metered).
    #[must_use]
    pub fn interrupt(self, interrupt: Interrupt) -> Self {
        Self { interrupt: Some(interrupt), ..self }
    }
}
