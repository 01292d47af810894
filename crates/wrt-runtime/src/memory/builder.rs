//! The choices that are made when a memory is made.

use wrt_platform::{CommitPolicy, PageAllocator, Region, ReserveRequest};

use super::LinearMemory;
use crate::error::MemoryError;
use crate::memory_type::MemoryType;
use crate::name::Name;
use crate::observer::Observer;
use crate::seal::Seals;

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
    name: Option<&'a str>,
    limit: u64,
    commit: CommitPolicy,
    reservation: u64,
    guard: u64,
    observer: O,
}

impl MemoryBuilder<'_> {
    /// A memory of type `ty` without name or observer, limited by its type alone, that commits
    /// ahead of its length.
    #[must_use]
    pub const fn new(ty: MemoryType) -> Self {
        Self {
            ty,
            name: None,
            limit: u64::MAX,
            commit: CommitPolicy::Ahead,
            reservation: ReserveRequest::DEFAULT_RESERVATION,
            guard: ReserveRequest::DEFAULT_GUARD,
            observer: (),
        }
    }
}

impl<'a, O: Observer> MemoryBuilder<'a, O> {
    /// A name for diagnostics: in errors, in `Debug`, and as the mapping's name where the host
    /// has names. Up to 47 bytes are kept.
    #[must_use]
    pub fn name<'b>(self, name: &'b str) -> MemoryBuilder<'b, O> {
        let Self { ty, name: _, limit, commit, reservation, guard, observer } = self;
        MemoryBuilder { ty, name: Some(name), limit, commit, reservation, guard, observer }
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
        Self { commit: policy, ..self }
    }

    /// Takes at most `bytes` bytes of address space (by default 16 GiB on 64-bit hosts, 256 MiB
    /// on others). A memory whose base cannot move cannot grow beyond that.
    #[must_use]
    pub fn reservation(self, bytes: u64) -> Self {
        Self { reservation: bytes, ..self }
    }

    /// Bytes of guard on either side, where the platform has guards (by default 64 KiB).
    #[must_use]
    pub fn guard(self, bytes: u64) -> Self {
        Self { guard: bytes, ..self }
    }

    /// Who is told what happens to the memory.
    #[must_use]
    pub fn observer<B: Observer>(self, observer: B) -> MemoryBuilder<'a, B> {
        let Self { ty, name, limit, commit, reservation, guard, observer: _ } = self;
        MemoryBuilder { ty, name, limit, commit, reservation, guard, observer }
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
        let Self { ty, name, limit, commit, reservation, guard, observer } = self;
        if ty.minimum() > limit {
            return Err(MemoryError::AboveLimit { minimum: ty.minimum(), limit });
        }
        let limit = ty.limit().get().min(limit);
        let most_bytes = ty.pages(limit).unwrap_or(ty.limit()).bytes();
        let mut request = ReserveRequest::new(ty.initial().bytes(), most_bytes)
            .commit(commit)
            .reservation(reservation)
            .guard(guard);
        if let Some(name) = name {
            request = request.name(name);
        }
        let region = Region::new(allocator, &request)?;
        let peak = region.len() as u64;
        let name = name.map(Name::new);
        Ok(LinearMemory { region, observer, ty, limit, peak, name, seals: Seals::new() })
    }
}
