//! The backend's name and documentation on Windows.

/// Backend of the host's virtual memory: address space with inaccessible guards on both sides,
/// committed page by page.
///
/// Growth only commits pages: the base never moves and no byte is copied. Where the host refuses
/// the address space, the reservation steps down the same ladder as in the mmap backend: full
/// guards, then small guards with decreasing capacity, then no guards.
/// [`Reservation::guard_level`](crate::Reservation::guard_level) is the level reached and
/// [`Reservation::fallback`](crate::Reservation::fallback) the reason. Access to uncommitted pages
/// raises `EXCEPTION_ACCESS_VIOLATION`. Images are copied.
///
/// Windows charges every committed page to the limit of the whole system, used or not. A page that
/// was returned must be committed again, which the host may refuse when other programs have taken
/// the memory. So `discard` only overwrites, and `reset` returns the pages that it need not keep.
///
/// Names are not shown, since Windows has none for address ranges.
///
/// References: `VirtualAlloc`, `VirtualFree`, `VirtualProtect`, `VirtualQuery` in the Win32 API.
#[derive(Clone, Copy, Default, Debug)]
pub struct VirtualAllocator(());

impl VirtualAllocator {
    /// Creates the allocator, which has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

pub(super) use VirtualAllocator as VirtualMemory;

/// The refusal of a request that requires tags.
pub(super) const NO_TAGS: &str = "the VirtualAlloc backend has no memory tags";
