//! The linear memory, by concern: `builder.rs` creates one, `grow.rs` changes its size, `guest.rs`
//! is the guest's access, `host.rs` and `typed.rs` the host's, `pages.rs` protection and discard,
//! `integrity.rs` the checks, `ledger.rs` the observer and its approved pages.

mod builder;
mod grow;
mod guest;
mod host;
mod integrity;
mod ledger;
mod pages;
mod typed;

use core::fmt;

pub use builder::MemoryBuilder;
use wrt_platform::{
    AccessGuarantees, AllocError, Concluding, MemoryName, OnDemand, PageAllocator, Region,
    RegionView, StaticAllocator,
};

use self::ledger::Ledger;

use crate::error::MemoryError;
use crate::memory_type::MemoryType;
use crate::metrics::{AccessCounts, Counting, MemoryMetrics};
use crate::observer::Observer;
use crate::seal::Seals;
use crate::trap::{Access, Trap, TrapReport};

/// A linear memory (core specification, "Memory Instances") whose bytes come from `P` and whose
/// events go to `O`.
///
/// A guest accesses it through [`GuestMemory`](crate::GuestMemory), a host through the methods
/// here. Sizes are pages where the name says so, bytes otherwise.
///
/// ```
/// use wrt_platform::HeapAllocator;
/// use wrt_runtime::{GuestMemory, LinearMemory, MemoryType};
///
/// let ty = MemoryType::wasm32(1, Some(3))?; // 1 to 3 pages of 64 KiB, 32-bit addresses
/// let mut memory = LinearMemory::new(HeapAllocator::new(), ty)?;
/// memory.write(8, b"host")?;
/// assert_eq!(memory.load(8, u32::from_le_bytes)?, u32::from_le_bytes(*b"host"));
/// memory.write_value(12, 7_u16)?;
/// assert_eq!(memory.grow(2)?, 1);
/// assert!(memory.grow(1).is_err());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
// A fixed order of fields: with the region first, a memory and its region have the same address,
// and accesses through either compile to the same instructions.
#[repr(C)]
pub struct LinearMemory<P: PageAllocator, O: Observer = ()> {
    region: Region<P>,
    // Dropped after the region, so that the bytes it reports as released are released.
    observer: Concluding<Ledger<O>>,
    ty: MemoryType,
    /// The limit in pages: that of the type, or a lower one set by the embedder.
    limit: u64,
    /// The largest size so far, in bytes.
    peak: u64,
    name: OnDemand<MemoryName>,
    seals: OnDemand<Seals>,
}

impl<P: PageAllocator> LinearMemory<P> {
    /// A memory of the type's minimum size, all zero and without observers. It commits ahead of its
    /// length; [`MemoryBuilder`] offers other policies.
    ///
    /// # Errors
    ///
    /// When the platform cannot provide the bytes; the error carries the size that was possible.
    pub fn new(allocator: P, ty: MemoryType) -> Result<Self, MemoryError> {
        MemoryBuilder::new(ty).allocate(allocator)
    }
}

/// The builder needs no allocator, so `builder` is defined for one allocator type, which callers
/// need not name.
impl LinearMemory<StaticAllocator<0, 0>> {
    /// A builder of a memory with observers, a name, or other policies than the defaults.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let builder = LinearMemory::builder(MemoryType::wasm32(1, None)?).name("heap");
    /// let memory = builder.allocate(HeapAllocator::new())?;
    /// assert_eq!(memory.debug_name(), Some("heap"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn builder<'a>(ty: MemoryType) -> MemoryBuilder<'a> {
        MemoryBuilder::new(ty)
    }
}

impl<P: PageAllocator, O: Observer> LinearMemory<P, O> {
    /// The declared type. Its minimum is the initial size, not the current one.
    #[must_use]
    pub const fn memory_type(&self) -> &MemoryType {
        &self.ty
    }

    /// The size in pages.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.byte_len() >> self.ty.page_size().log2()
    }

    /// The size in bytes.
    #[must_use]
    pub const fn byte_len(&self) -> u64 {
        self.region.len() as u64
    }

    /// The name given at creation; names longer than 47 bytes are truncated.
    #[must_use]
    pub fn debug_name(&self) -> Option<&str> {
        self.name.get().map(MemoryName::as_str)
    }

    /// The largest size of the memory so far in bytes, also across resets.
    #[must_use]
    pub const fn peak_memory(&self) -> u64 {
        self.peak
    }

    /// Bytes of the memory that occupy physical memory now, where the host reports it.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        self.region.resident()
    }

    /// The observer of the memory.
    #[must_use]
    pub const fn observer(&self) -> &O {
        &self.observer.get().observer
    }

    /// The region that holds the bytes.
    #[must_use]
    pub const fn region(&self) -> &Region<P> {
        &self.region
    }

    /// Base and length for compiled code, with the rules of [`RegionView`] for how long they
    /// hold.
    #[must_use]
    pub const fn view(&mut self) -> RegionView {
        self.region.view()
    }

    /// The guarantees to compiled code that accesses this memory: whether it may omit bounds
    /// checks, and whether it may embed the base.
    #[must_use]
    pub fn guarantees(&self) -> AccessGuarantees {
        self.region.guarantees()
    }

    /// Whether compiled code may omit the bounds check of an access of `size` bytes at static
    /// offset `offset`: see [`AccessGuarantees::elides`].
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{LinearMemory, MemoryType};
    ///
    /// let memory = LinearMemory::new(HeapAllocator::new(), MemoryType::wasm32(1, None)?)?;
    /// assert!(!memory.elides(0, 4), "the heap has no guards");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn elides(&self, offset: u64, size: u64) -> bool {
        self.guarantees().elides(self.ty.index_type().bits(), offset, size)
    }

    /// Prepares the calling thread for access to this memory, where the platform needs it: the
    /// check of hardware tags is a setting of each thread.
    ///
    /// # Errors
    ///
    /// When the hardware's checks cannot be enabled on this thread.
    pub fn prepare_thread(&self) -> Result<(), MemoryError> {
        self.region.prepare_thread().map_err(|cause| self.refused_by_platform(cause))
    }

    /// A report of a trap, with the detail that the hot path omits.
    #[cold]
    #[must_use]
    pub fn explain(&self, trap: Trap, access: Access) -> TrapReport {
        TrapReport { trap, access, memory_len: self.byte_len(), name: self.given_name() }
    }

    /// The name for an error.
    fn given_name(&self) -> Option<MemoryName> {
        self.name.get().copied()
    }

    /// The error of an operation that the platform refused.
    #[cold]
    fn refused_by_platform(&self, cause: AllocError) -> MemoryError {
        MemoryError::Platform { cause, name: self.given_name() }
    }

    /// Adds an observer, which is called after the previous ones. It has not approved the current
    /// pages, so it must ignore their release.
    fn also_observed_by<B: Observer>(self, second: B) -> LinearMemory<P, (O, B)> {
        let Self { region, observer, ty, limit, peak, name, seals } = self;
        let Ledger { observer: first, pages, page_bytes } = observer.into_inner();
        let observer = Concluding::new(Ledger { observer: (first, second), pages, page_bytes });
        LinearMemory { region, observer, ty, limit, peak, name, seals }
    }
}

impl<P: PageAllocator, O: Counting> LinearMemory<P, O> {
    /// The counts since creation. They come from the first observer: pass
    /// [`Metrics`](crate::Metrics) to [`MemoryBuilder::observer`], and other observers to
    /// [`MemoryBuilder::also`].
    #[must_use]
    pub fn metrics(&self) -> MemoryMetrics {
        MemoryMetrics {
            counts: self.observer.counts(),
            bytes: self.byte_len(),
            peak_bytes: self.peak,
            resident_bytes: self.resident_bytes(),
        }
    }

    /// Number of completed loads, stores and bulk operations.
    #[must_use]
    pub fn access_count(&self) -> u64 {
        let AccessCounts { loads, stores, bulk_operations, .. } = self.observer.counts();
        loads.wrapping_add(stores).wrapping_add(bulk_operations)
    }
}

impl<P: PageAllocator, O: Observer> fmt::Debug for LinearMemory<P, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinearMemory")
            .field("name", &self.debug_name().unwrap_or_default())
            .field("type", &self.ty)
            .field("pages", &self.size())
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Proof of the table of `Send` and `Sync` in the crate's documentation.
const _: () = {
    const fn is_send<T: Send>() {}
    const fn is_sync<T: Sync>() {}
    type Allocator = wrt_platform::StaticAllocator<4096>;
    is_send::<LinearMemory<Allocator>>();
    is_sync::<LinearMemory<Allocator>>();
    is_send::<LinearMemory<Allocator, crate::Metrics>>();
    is_send::<LinearMemory<Allocator, crate::SyncMetrics>>();
    is_sync::<LinearMemory<Allocator, crate::SyncMetrics>>();
    is_sync::<LinearMemory<Allocator, (&crate::SyncMetrics, &crate::Budget)>>();
};
