//! Accesses that must fault.

use wrt_platform::{AllocError, HostBytes, HostRange, PageAllocator, Protection, ReserveRequest};

use crate::contract::{Place, RawMemory};

/// An access to a memory past its bounds or rights. All but [`None`](Self::None) must end the
/// process where the backend has guards and protection, so [provoke](Self::provoke) them in a
/// [`ChildTest`](crate::ChildTest).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A read of the last committed byte, which must not fault: the control.
    None,
    /// A read of the byte before the base.
    BeforeBase,
    /// A read of the first byte that is not committed.
    PastCommitted,
    /// A read of the first byte past the capacity.
    PastCapacity,
    /// A read of a committed byte without rights.
    ReadProtected,
    /// A write to a committed read-only byte.
    WriteProtected,
    /// A read of a byte without rights, after the memory grew.
    ReadProtectedAfterGrowth,
}

impl Fault {
    /// All accesses that must end the process.
    pub const ALL: &[Self] = &[
        Self::BeforeBase,
        Self::PastCommitted,
        Self::PastCapacity,
        Self::ReadProtected,
        Self::WriteProtected,
        Self::ReadProtectedAfterGrowth,
    ];

    /// A name, to pass to a child.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BeforeBase => "before-base",
            Self::PastCommitted => "past-committed",
            Self::PastCapacity => "past-capacity",
            Self::ReadProtected => "read-protected",
            Self::WriteProtected => "write-protected",
            Self::ReadProtectedAfterGrowth => "read-protected-after-growth",
        }
    }

    /// The access with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::None].into_iter().chain(Self::ALL.iter().copied());
        all.into_iter().find(|fault| fault.name() == name)
    }

    /// Makes the access to a memory of `request`, with its initial bytes committed. If this
    /// returns, the access did not fault, or the memory has no such byte.
    ///
    /// # Errors
    ///
    /// When the memory could not be created or its rights could not be changed.
    pub fn provoke<A: PageAllocator + ?Sized>(
        self,
        allocator: &A,
        request: &ReserveRequest<'_>,
    ) -> Result<(), AllocError> {
        let mut memory = RawMemory::reserve(allocator, request)?;
        memory.commit(allocator.page().round_up(request.initial()).unwrap_or_default())?;
        let all = HostRange { start: HostBytes::ZERO, len: memory.committed() };
        let place = match self {
            Self::None => Place::LastCommitted,
            Self::BeforeBase => Place::BeforeBase,
            Self::PastCommitted => Place::PastCommitted,
            Self::PastCapacity => Place::PastCapacity,
            Self::ReadProtected => {
                return memory.with_protection(all, Protection::empty(), |byte| {
                    let _ = byte.read();
                });
            }
            Self::WriteProtected => {
                return memory.with_protection(all, Protection::READ, |byte| byte.write(1));
            }
            Self::ReadProtectedAfterGrowth => {
                let (none, grown) = (Protection::empty(), one_page_more(allocator, &memory));
                return memory.with_protection_and_commit(all, none, grown, |byte| {
                    let _ = byte.read();
                });
            }
        };
        let _ = memory.touch(place);
        Ok(())
    }
}

/// The committed bytes and one page more, if the capacity has room for it.
fn one_page_more<A: PageAllocator + ?Sized>(allocator: &A, memory: &RawMemory<'_, A>) -> HostBytes {
    let page = allocator.page().round_up(1).unwrap_or_default();
    let capacity = memory.reservation().capacity();
    memory.committed().checked_add(page).unwrap_or(capacity).min(capacity)
}
