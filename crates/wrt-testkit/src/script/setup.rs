//! Setup of a script's memory, for its model.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use wrt_platform::MemoryImage;
use wrt_runtime::Budget;

/// The image that a memory starts from and the budget that is charged for it. Both are optional.
///
/// ```
/// use wrt_platform::{HeapAllocator, MemoryImage};
/// use wrt_runtime::{Budget, MemoryBuilder, MemoryType, Metrics};
/// use wrt_testkit::{MemorySetup, ScriptOperation, run_script_with};
///
/// let image = MemoryImage::new(&[(0, b"first"), (60_000, b"last")])?;
/// let budget = Budget::new(2 * 65536);
/// let builder = MemoryBuilder::new(MemoryType::wasm32(1, Some(4))?).image(&image);
/// let builder = builder.observer(Metrics::default()).also(&budget);
/// let mut memory = builder.allocate(HeapAllocator::new())?;
/// let setup = MemorySetup::new().image(&image).budget(&budget);
/// let script = [ScriptOperation::Grow { pages: 1 }, ScriptOperation::Grow { pages: 1 }, ScriptOperation::Reset];
/// run_script_with(&mut memory, setup, &script)?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct MemorySetup<'a> {
    image: Option<&'a MemoryImage>,
    budget: Option<&'a Budget>,
}

impl<'a> MemorySetup<'a> {
    /// Initial zeroes, and no budget.
    #[must_use]
    pub const fn new() -> Self {
        Self { image: None, budget: None }
    }

    /// Sets the image that the memory starts from.
    #[must_use]
    pub const fn image(self, image: &'a MemoryImage) -> Self {
        Self { image: Some(image), ..self }
    }

    /// Sets the budget that is charged for the memory. Other memories that the script does not
    /// change may be charged to it too.
    #[must_use]
    pub const fn budget(self, budget: &'a Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The first `len` bytes of a new memory.
    pub(super) fn contents(&self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        for (address, extent) in self.image.into_iter().flat_map(MemoryImage::extents) {
            let start = address as usize;
            bytes[start..start + extent.len()].copy_from_slice(extent);
        }
        bytes
    }

    /// The model of the budget in its current state.
    pub(super) fn account(&self) -> Option<Account<'a>> {
        self.budget.map(|budget| Account { budget, used: Rc::new(Cell::new(budget.used())) })
    }
}

/// The expected state of a budget.
#[derive(Clone, Debug)]
pub(super) struct Account<'a> {
    budget: &'a Budget,
    used: Rc<Cell<u64>>,
}

impl Account<'_> {
    /// Makes both memories use one model if they share a budget.
    pub(super) fn share(first: Option<&Self>, second: &mut Option<Self>) {
        if let (Some(first), Some(second)) = (first, second)
            && ptr::eq(first.budget, second.budget)
        {
            second.used = Rc::clone(&first.used);
        }
    }

    /// Charges `bytes`, if they are left.
    pub(super) fn charge(&self, bytes: u64) -> Option<()> {
        let used = self.used.get().checked_add(bytes)?;
        (used <= self.budget.limit()).then(|| self.used.set(used))
    }

    pub(super) fn credit(&self, bytes: u64) {
        self.used.set(self.used.get() - bytes);
    }

    /// The actual and the expected charge.
    pub(super) fn found_and_expected(&self) -> (u64, u64) {
        (self.budget.used(), self.used.get())
    }
}
