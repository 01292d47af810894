//! The choices that are made when a memory is made.

use wrt_platform::{
    CommitPolicy, GuardPolicy, MemoryImage, OnDemand, PageAllocator, Region, ReserveRequest,
    Tagging,
};

use super::LinearMemory;
use crate::error::MemoryError;
use crate::memory_type::MemoryType;
use crate::name::Name;
use crate::observer::Observer;

/// Makes a [`LinearMemory`] with other than the usual choices.
///
/// ```
/// use wrt_platform::HeapAllocator;
/// use wrt_runtime::{MemoryBuilder, MemoryType, Metrics};
///
/// let memory = MemoryBuilder::new(MemoryType::wasm32(1, None)?)
///     .name("heap")
///     .limit_pages(16)
///     .observer(Metrics::default())
///     .allocate(HeapAllocator::new())?;
/// assert_eq!(memory.debug_name(), Some("heap"));
/// assert_eq!(memory.access_count(), 0);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MemoryBuilder<'a, O = ()> {
    ty: MemoryType,
    limit: u64,
    request: ReserveRequest<'a>,
    observer: O,
}

impl MemoryBuilder<'_> {
    /// A memory of type `ty` without name or observer, limited by its type alone, that commits
    /// ahead of its length.
    #[must_use]
    pub const fn new(ty: MemoryType) -> Self {
        Self {
            ty,
            limit: u64::MAX,
            // The sizes are set when the memory is made.
            request: ReserveRequest::new(0, 0).commit(CommitPolicy::Ahead),
            observer: (),
        }
    }
}

impl<'a, O: Observer> MemoryBuilder<'a, O> {
    /// A name for diagnostics: in errors, in `Debug`, and as the mapping's name where the host
    /// has names. Up to 47 bytes are kept.
    #[must_use]
    pub fn name(self, name: &'a str) -> Self {
        self.requesting(|request| request.name(name))
    }

    /// Never lets the memory have more than `pages` pages, whatever its type says.
    #[must_use]
    pub fn limit_pages(self, pages: u64) -> Self {
        Self { limit: pages, ..self }
    }

    /// How far ahead of the length to commit. [`CommitPolicy::Exact`] makes every access past the
    /// length fault, for compiled code that relies on it.
    #[must_use]
    pub fn commit(self, policy: CommitPolicy) -> Self {
        self.requesting(|request| request.commit(policy))
    }

    /// Takes at most `bytes` bytes of address space (by default 16 GiB on 64-bit hosts, 256 MiB
    /// on others). A memory whose base cannot move cannot grow beyond that.
    #[must_use]
    pub fn reservation(self, bytes: u64) -> Self {
        self.requesting(|request| request.reservation(bytes))
    }

    /// Bytes of guard on either side, where the platform has guards (by default 64 KiB).
    #[must_use]
    pub fn guard(self, bytes: u64) -> Self {
        self.requesting(|request| request.guard(bytes))
    }

    /// Which guards are wanted, or demanded (by default the best that the platform gives).
    #[must_use]
    pub fn guards(self, policy: GuardPolicy) -> Self {
        self.requesting(|request| request.guards(policy))
    }

    /// Whether hardware tags are wanted or required (by default neither).
    #[must_use]
    pub fn tagging(self, tagging: Tagging) -> Self {
        self.requesting(|request| request.tagging(tagging))
    }

    /// Lets nobody access the first `bytes` bytes: an access by way of a null pointer traps. It
    /// holds across growth and reset.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{MemoryBuilder, MemoryType};
    ///
    /// let builder = MemoryBuilder::new(MemoryType::wasm32(1, None)?).inaccessible_prefix(1024);
    /// let mut memory = builder.allocate(HeapAllocator::new())?;
    /// let refused = memory.write(8, b"null").unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "access to protected memory: 4 bytes at address 0x8 of a memory with 65536 bytes"
    /// );
    /// memory.write(1024, b"fine")?;
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn inaccessible_prefix(self, bytes: u64) -> Self {
        self.requesting(|request| request.inaccessible_prefix(bytes))
    }

    /// What the memory holds at first and after every reset, instead of zeroes: the module's
    /// active data segments, laid out once for all its instances.
    ///
    /// ```
    /// use wrt_platform::{HeapAllocator, MemoryImage};
    /// use wrt_runtime::{MemoryBuilder, MemoryType};
    ///
    /// let image = MemoryImage::new(&[(1024, b"hello")])?;
    /// let builder = MemoryBuilder::new(MemoryType::wasm32(1, None)?).image(&image);
    /// let mut memory = builder.allocate(HeapAllocator::new())?;
    /// memory.write(1024, b"J")?;
    /// assert_eq!(&*memory.get_safe_slice(1024, 5)?, b"Jello");
    /// memory.reset()?;
    /// assert_eq!(&*memory.get_safe_slice(1024, 5)?, b"hello");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn image(self, image: &'a MemoryImage) -> Self {
        self.requesting(|request| request.image(image))
    }

    /// Registers the memory, so that a signal handler can tell what a fault in it means
    /// ([`FaultReport`](wrt_platform::FaultReport)): for compiled code that relies on guards.
    #[must_use]
    pub fn classify_faults(self) -> Self {
        self.requesting(|request| request.classify_faults())
    }

    fn requesting(self, change: impl FnOnce(ReserveRequest<'a>) -> ReserveRequest<'a>) -> Self {
        Self { request: change(self.request), ..self }
    }

    /// Who is told what happens to the memory.
    #[must_use]
    pub fn observer<B: Observer>(self, observer: B) -> MemoryBuilder<'a, B> {
        let Self { ty, limit, request, observer: _ } = self;
        MemoryBuilder { ty, limit, request, observer }
    }

    /// Takes the memory's minimum size from `allocator`, all zero.
    ///
    /// # Errors
    ///
    /// When the minimum exceeds the limit that was set, or the platform cannot give the bytes.
    pub fn allocate<P: PageAllocator>(
        self,
        allocator: P,
    ) -> Result<LinearMemory<P, O>, MemoryError> {
        let Self { ty, limit, request, observer } = self;
        if ty.minimum() > limit {
            return Err(MemoryError::AboveLimit { minimum: ty.minimum(), limit });
        }
        let limit = ty.limit().get().min(limit);
        let most_bytes = ty.pages(limit).unwrap_or(ty.limit()).bytes();
        let request = request.sizes(ty.initial().bytes(), most_bytes);
        let region = Region::new(allocator, &request)?;
        let peak = region.len() as u64;
        let mut name = OnDemand::none();
        if let Some(text) = request.display_name() {
            name.get_or_insert_with(|| Name::new(text)).map_err(MemoryError::NoRoom)?;
        }
        Ok(LinearMemory { region, observer, ty, limit, peak, name, seals: OnDemand::none() })
    }
}
