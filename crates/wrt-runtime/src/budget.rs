//! Limits on the total bytes of many memories.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::observer::Observer;
use crate::veto::GrowVeto;

/// A limit in bytes that memories share: an observer that vetoes pages beyond it.
///
/// Pass it to each memory's builder by reference or `Arc`. It is charged for the initial pages and
/// for every growth before they happen, and credited when they fail, when the memory is reset, and
/// when it is dropped. The sum is therefore exact at any time, from any number of threads. Only the
/// size of the memories counts: not guards, reserved address space, or bytes committed ahead.
///
/// A memory that is empty after a failed reset or growth stays charged for the pages it had, until
/// a later reset succeeds, which restores its initial size, or until it is dropped.
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
    /// A budget of `bytes` bytes, at most the whole address space.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        let limit = if bytes > usize::MAX as u64 { usize::MAX } else { bytes as usize };
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// The limit on the total bytes of all memories.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit as u64
    }

    /// The total bytes of all memories now, including those that are being added.
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
        // Credits never exceed what was charged, so it fits.
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
