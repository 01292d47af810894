//! Builder of linear memories.

use core::num::NonZeroU64;

use wrt_platform::{
    CommitPolicy, Concluding, GuardPolicy, MemoryImage, MemoryName, OnDemand, PageAllocator,
    Region, ReserveRequest, Tagging,
};

use super::LinearMemory;
use super::ledger::Ledger;
use crate::error::{GrowErrorCause, MemoryError};
use crate::growth::{GrowEvent, GrowRequest};
use crate::memory_type::MemoryType;
use crate::observer::{Approved, Observer, PostGrowHook, PreGrowHook};
use crate::veto::GrowVeto;

/// A builder of a [`LinearMemory`] with observers, a name, or other policies than the defaults.
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
    /// A builder of a memory of type `ty`, without name or observer, limited only by its type, that
    /// commits ahead of its length.
    #[must_use]
    pub const fn new(ty: MemoryType) -> Self {
        Self {
            ty,
            limit: u64::MAX,
            // `allocate` sets the sizes.
            request: ReserveRequest::new(0, 0).prefer_commit(CommitPolicy::Ahead),
            observer: (),
        }
    }
}

impl<'a> MemoryBuilder<'a> {
    /// Sets the first observer of the memory; [`also`](Self::also) adds others.
    #[must_use]
    pub fn observer<O: Observer>(self, observer: O) -> MemoryBuilder<'a, O> {
        let Self { ty, limit, request, observer: () } = self;
        MemoryBuilder { ty, limit, request, observer }
    }
}

impl<'a, O: Observer> MemoryBuilder<'a, O> {
    /// Sets a name for diagnostics: in errors, in `Debug`, and for the mapping where the host has
    /// names. Names longer than 47 bytes are truncated.
    #[must_use]
    pub fn name(self, name: &'a str) -> Self {
        self.requesting(|request| request.name(name))
    }

    /// Limits the memory to `pages` pages, in addition to the limit of its type.
    #[must_use]
    pub fn limit_pages(self, pages: u64) -> Self {
        Self { limit: pages, ..self }
    }

    /// Sets the commit policy. The default is [`CommitPolicy::Ahead`], unless full guards are
    /// demanded. Under [`CommitPolicy::Exact`], accesses past the length fault where the platform
    /// supports it; [`LinearMemory::guarantees`] tells whether compiled code may rely on that.
    #[must_use]
    pub fn commit(self, policy: CommitPolicy) -> Self {
        self.requesting(|request| request.commit(policy))
    }

    /// Limits the reservation to `bytes` bytes of address space (by default 16 GiB on 64-bit hosts,
    /// 256 MiB on others). A memory whose base cannot move cannot grow beyond it.
    #[must_use]
    pub fn reservation(self, bytes: u64) -> Self {
        self.requesting(|request| request.reservation(bytes))
    }

    /// Sets the bytes of guard on either side, where the platform has guards (by default 64 KiB).
    #[must_use]
    pub fn guard(self, bytes: u64) -> Self {
        self.requesting(|request| request.guard(bytes))
    }

    /// Sets the guard policy (by default the best that the platform gives).
    /// [`GuardPolicy::FullGuards`] implies [`CommitPolicy::Exact`].
    #[must_use]
    pub fn guards(self, policy: GuardPolicy) -> Self {
        self.requesting(|request| request.guards(policy))
    }

    /// Sets the tagging policy (by default no tags).
    #[must_use]
    pub fn tagging(self, tagging: Tagging) -> Self {
        self.requesting(|request| request.tagging(tagging))
    }

    /// Makes the first `bytes` bytes inaccessible, so that an access through a null pointer traps.
    /// This holds across growth and reset. A shorter memory is inaccessible as a whole.
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

    /// Sets the initial contents, at creation and after every reset, instead of zeroes: the
    /// module's active data segments, laid out once for all its instances.
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

    /// Allows ranges that are writable and executable at once, which
    /// [`protect`](LinearMemory::protect) refuses otherwise.
    #[must_use]
    pub fn allow_write_execute(self) -> Self {
        self.requesting(|request| request.allow_write_execute())
    }

    /// Registers the memory in the fault registry, so that a signal handler can classify faults in
    /// it ([`FaultReport`](wrt_platform::FaultReport)). For compiled code that relies on guards.
    #[must_use]
    pub fn classify_faults(self) -> Self {
        self.requesting(|request| request.classify_faults())
    }

    fn requesting(self, change: impl FnOnce(ReserveRequest<'a>) -> ReserveRequest<'a>) -> Self {
        Self { request: change(self.request), ..self }
    }

    /// Adds an observer, which is called after the previous ones.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{Budget, MemoryBuilder, MemoryType, Metrics};
    ///
    /// let tenant = Budget::new(1 << 20);
    /// let builder = MemoryBuilder::new(MemoryType::wasm32(1, None)?)
    ///     .observer(Metrics::default())
    ///     .also(&tenant);
    /// let memory = builder.allocate(HeapAllocator::new())?;
    /// assert_eq!((memory.access_count(), tenant.used()), (0, 65536));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn also<B: Observer>(self, second: B) -> MemoryBuilder<'a, (O, B)> {
        let Self { ty, limit, request, observer } = self;
        MemoryBuilder { ty, limit, request, observer: (observer, second) }
    }

    /// Adds a hook that is called before the initial pages and before every growth. Its veto
    /// becomes an error of [`allocate`](Self::allocate), or of the growth.
    ///
    /// ```
    /// use wrt_platform::HeapAllocator;
    /// use wrt_runtime::{GrowRequest, GrowVeto, MemoryBuilder, MemoryType};
    ///
    /// let at_most_two = |request: &GrowRequest| match request.new_size() {
    ///     0..=2 => Ok(()),
    ///     pages => Err(GrowVeto::computed(format_args!("{pages} pages are too many"))),
    /// };
    /// let builder = MemoryBuilder::new(MemoryType::wasm32(1, None)?).pre_grow_hook(at_most_two);
    /// let mut memory = builder.allocate(HeapAllocator::new())?;
    /// assert_eq!(memory.grow(1)?, 1);
    /// assert!(memory.grow(1).is_err());
    /// let builder = MemoryBuilder::new(MemoryType::wasm32(7, None)?).pre_grow_hook(at_most_two);
    /// let refused = builder.allocate(HeapAllocator::new());
    /// assert_eq!(
    ///     refused.unwrap_err().to_string(),
    ///     "cannot create a memory of 7 pages: 7 pages are too many"
    /// );
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pre_grow_hook<F>(self, hook: F) -> MemoryBuilder<'a, (O, PreGrowHook<F>)>
    where
        F: Fn(&GrowRequest) -> Result<(), GrowVeto>,
    {
        self.also(PreGrowHook(hook))
    }

    /// Adds a hook that receives the outcome of the creation and of every growth.
    #[must_use]
    pub fn post_grow_hook<F>(self, hook: F) -> MemoryBuilder<'a, (O, PostGrowHook<F>)>
    where
        F: Fn(&GrowEvent),
    {
        self.also(PostGrowHook(hook))
    }

    /// Creates the memory at its minimum size from `allocator`, if the observers approve. Its bytes
    /// are zero, or those of the image.
    ///
    /// # Errors
    ///
    /// When the minimum exceeds the limit that was set, an observer vetoes, or the platform cannot
    /// provide the bytes. Observers that approved receive the failure.
    pub fn allocate<P: PageAllocator>(
        self,
        allocator: P,
    ) -> Result<LinearMemory<P, O>, MemoryError> {
        let Self { ty, limit, request, observer } = self;
        let pages = ty.minimum();
        let mut name = OnDemand::none();
        if let Some(text) = request.display_name() {
            name.get_or_insert_with(|| MemoryName::new(text)).map_err(MemoryError::NoRoom)?;
        }
        if pages > limit {
            let name = name.get().copied();
            return Err(MemoryError::AboveLimit { minimum: pages, limit, name });
        }
        let limit = ty.limit().get().min(limit);
        let page_bytes = ty.page_size().bytes();
        let creation = GrowRequest {
            current: 0,
            delta: pages,
            maximum: limit,
            page_bytes,
            at_creation: true,
            name: name.get().copied(),
        };
        let most_bytes = ty.pages(limit).unwrap_or(ty.limit()).bytes();
        let unit = NonZeroU64::new(page_bytes).unwrap_or(NonZeroU64::MIN);
        let request = request.sizes(ty.initial().bytes(), most_bytes).unit(unit);
        let region = approved_region(allocator, &request, &observer, creation)?;
        let peak = region.len() as u64;
        let observer = Concluding::new(Ledger { observer, pages, page_bytes });
        let seals = OnDemand::none();
        let memory = LinearMemory { region, observer, ty, limit, peak, name, seals };
        memory.observer.after_grow(&creation.done());
        Ok(memory)
    }
}

/// Creates a region, if the observer approves its pages. The observer receives the failure if the
/// region cannot be created.
fn approved_region<P: PageAllocator, O: Observer>(
    allocator: P,
    request: &ReserveRequest<'_>,
    observer: &O,
    creation: GrowRequest,
) -> Result<Region<P>, MemoryError> {
    let approved = Approved::ask(observer, &creation);
    let GrowRequest { delta: pages, name, .. } = creation;
    let approved = approved.map_err(|veto| MemoryError::Vetoed { pages, veto, name })?;
    match Region::new(allocator, request) {
        Ok(region) => {
            approved.succeed();
            Ok(region)
        }
        Err(cause) => {
            approved.fail(GrowErrorCause::Platform(cause), 0);
            Err(MemoryError::Platform { cause, name })
        }
    }
}
