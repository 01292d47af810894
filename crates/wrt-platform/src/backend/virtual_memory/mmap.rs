//! The backend's name and documentation on Unix.

/// Backend of the host's virtual memory: address space with inaccessible guards on both sides,
/// committed page by page.
///
/// Growth only changes access rights: the base never moves and no byte is copied. Where the host
/// refuses the address space (`RLIMIT_AS`, a small address space), the reservation steps down a
/// ladder: full guards, then small guards with decreasing capacity, then no guards.
/// [`Reservation::guard_level`](crate::Reservation::guard_level) is the level reached and
/// [`Reservation::fallback`](crate::Reservation::fallback) the reason;
/// [`GuardPolicy`](crate::GuardPolicy) chooses a level or demands one.
///
/// An image is mapped copy-on-write from its file, on Linux with the `alloc` feature; elsewhere the
/// region copies it. A reset drops all pages; where some are locked (`mlock(2)`), these and up to 2
/// MiB around them are overwritten.
///
/// Access to uncommitted pages raises `SIGSEGV`. Under
/// [`CommitPolicy::Exact`](crate::CommitPolicy::Exact) these are all pages past the length.
///
/// References: `mmap(2)`, `mprotect(2)`, `madvise(2)`.
#[derive(Clone, Copy, Default, Debug)]
pub struct MmapAllocator(());

impl MmapAllocator {
    /// Creates the allocator, which has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

pub(super) use MmapAllocator as VirtualMemory;

/// The refusal of a request that requires tags.
pub(super) const NO_TAGS: &str = "the mmap backend has no memory tags";
