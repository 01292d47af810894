//! The backend's name on Unix, and what it does there.

/// Reserves address space with inaccessible guards on both sides and commits it page by page.
///
/// Growth changes access rights and nothing else: the base never moves and no byte is copied.
/// Where the host refuses the address space a memory wants (`RLIMIT_AS`, a small address space),
/// the reservation steps down a ladder: full guards, small guards and less and less capacity, no
/// guards. [`Reservation::guard_level`](crate::Reservation::guard_level) tells where it stands and [`Reservation::fallback`](crate::Reservation::fallback) why;
/// [`GuardPolicy`](crate::GuardPolicy) chooses a level or demands one.
///
/// An image is mapped copy-on-write from its file, on Linux with the `alloc` feature; elsewhere the
/// region copies it. A reset drops all pages; where some are locked (`mlock(2)`), those and up to
/// 2 MiB around them are overwritten.
///
/// Access to uncommitted pages raises `SIGSEGV`. Under
/// [`CommitPolicy::Exact`](crate::CommitPolicy::Exact) those are all pages past the length.
///
/// References: `mmap(2)`, `mprotect(2)`, `madvise(2)`.
#[derive(Clone, Copy, Default, Debug)]
pub struct MmapAllocator(());

impl MmapAllocator {
    /// The allocator; it has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

pub(super) use MmapAllocator as VirtualMemory;

/// What a request hears that requires tags.
pub(super) const NO_TAGS: &str = "the mmap backend has no memory tags";
