//! The backend's name on Windows, and what it does there.

/// Reserves address space with inaccessible guards on both sides and commits it page by page.
///
/// Growth commits pages and nothing else: the base never moves and no byte is copied. Where the
/// host refuses the address space a memory wants, the reservation steps down the same ladder as
/// that of the mmap backend: full guards, small guards and less and less capacity, no guards.
/// [`Reservation::guard_level`](crate::Reservation::guard_level) tells where it stands and [`Reservation::fallback`](crate::Reservation::fallback) why. Access to
/// uncommitted pages raises `EXCEPTION_ACCESS_VIOLATION`. Images are copied.
///
/// Windows counts every committed page against the limit of the whole system, used or not. A page
/// that was given back must be committed anew, which may be refused when others have taken what
/// was free. So `discard` only overwrites, and `reset` gives back what it need not keep.
///
/// Names are not shown: Windows has none for address ranges.
///
/// References: `VirtualAlloc`, `VirtualFree`, `VirtualProtect`, `VirtualQuery` in the Win32 API.
#[derive(Clone, Copy, Default, Debug)]
pub struct VirtualAllocator(());

impl VirtualAllocator {
    /// The allocator; it has no state.
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }
}

pub(super) use VirtualAllocator as VirtualMemory;

/// What a request hears that requires tags.
pub(super) const NO_TAGS: &str = "the VirtualAlloc backend has no memory tags";
