//! A limit on the bytes of many memories together.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::observer::Observer;
use crate::veto::GrowVeto;

/// A limit in bytes that memories share: an observer that vetoes what would exceed it.
///
/// Give it to each memory's builder by reference or `Arc`. It is charged with the initial pages and
/// with every growth before they are made, and credited when they fail, at a reset and at the drop
/// of the memory, so that it is exact at any time, from any number of threads. What counts is the
/// size of the memories, without guards, reserved address space and what a commit policy takes
/// ahead.
///
/// A memory that a failed reset or growth has emptied stays charged for the pages it had: until a
/// later reset succeeds, which brings back its initial size, or until it is dropped.
///
/// ```
/// use wrt_platform::HeapAllocator;
/// use wrt_runtime::{Budget, MemoryBuilder, MemoryType};
///
/// let tenant = Budget::new(4 * 65536);
/// let ty = MemoryType::wasm32(1, None)?;
/// let mut first = MemoryBuilder::new(ty).observer(&tenant).allocate(HeapAllocator::new())?;
/// let second = MemoryBuilder::new(ty).observer(&tenant).allocate(HeapAllocator::new())?;
/// first.grow(1)?;
/// let refused = first.grow(2).unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "cannot grow a memory of 2 pages by 2: 65536 bytes are left of a budget of 262144"
/// );
/// drop(second);
/// first.grow(2)?;
/// assert_eq!((tenant.used(), tenant.left()), (262_144, 0));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Budget {
    limit: usize,
    /// At most `limit`.
    // A word wide, since all memories lie in one address space. Relaxed: a count guards no data.
    used: AtomicUsize,
}

impl Budget {
    /// A budget of `bytes` bytes, or of the whole address space if that is less.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        let limit = if bytes > usize::MAX as u64 { usize::MAX } else { bytes as usize };
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// The bytes that all memories together may have.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// The bytes that they have now, and those that are just being added.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed) as u64
    }

    /// The bytes that may still be added.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.limit().saturating_sub(self.used())
    }

    fn charge(&self, bytes: u64) -> Result<(), GrowVeto> {
        let sum = |used: usize| {
            let sum = used.checked_add(usize::try_from(bytes).ok()?)?;
            (sum <= self.limit).then_some(sum)
        };
        let charged = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        charged.map(drop).map_err(|used| {
            let (left, limit) = (self.limit.saturating_sub(used), self.limit);
            GrowVeto::computed(format_args!("{left} bytes are left of a budget of {limit}"))
        })
    }

    fn credit(&self, bytes: u64) {
        // Only what was charged is given back, so it fits.
        self.used.fetch_sub(bytes as usize, Ordering::Relaxed);
    }
}

impl Observer for Budget {
    fn before_grow(&self, request: &GrowRequest) -> Result<(), GrowVeto> {
        self.charge(request.added_bytes())
    }

    fn after_grow(&self, event: &GrowEvent) {
        if event.outcome.is_err() {
            self.credit(event.requested_bytes());
        }
    }

    fn released(&self, event: &ReleaseEvent) {
        self.credit(event.bytes());
    }
}
