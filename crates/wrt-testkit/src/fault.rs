//! Accesses that the host must stop.

use wrt_platform::{AllocError, HostRange, PageAllocator, Protection, ReserveRequest};

use crate::contract::{Place, RawMemory};

/// An access to a memory of one committed page out of four. All but the first must end the
/// process where the backend has guards and protection, so each is [provoked](Self::provoke) in a
/// [`ChildTest`](crate::ChildTest).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// A read of the last committed byte: the control, which must not fault.
    None,
    /// A read of the byte before the base.
    BeforeBase,
    /// A read of the first byte that is not committed.
    PastCommitted,
    /// A read of the first byte past the capacity.
    PastCapacity,
    /// A read of a committed byte without rights.
    ReadProtected,
    /// A write to a committed byte that may only be read.
    WriteProtected,
}

impl Fault {
    /// All that must end the process.
    pub const ALL: &[Self] = &[
        Self::BeforeBase,
        Self::PastCommitted,
        Self::PastCapacity,
        Self::ReadProtected,
        Self::WriteProtected,
    ];

    /// A name to give to a child.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BeforeBase => "before-base",
            Self::PastCommitted => "past-committed",
            Self::PastCapacity => "past-capacity",
            Self::ReadProtected => "read-protected",
            Self::WriteProtected => "write-protected",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::None].into_iter().chain(Self::ALL.iter().copied());
        all.into_iter().find(|fault| fault.name() == name)
    }

    /// Makes the access. That this returns means that the host did not stop it.
    ///
    /// # Errors
    ///
    /// When the memory could not be made or its rights not changed.
    pub fn provoke<A: PageAllocator + ?Sized>(self, allocator: &A) -> Result<(), AllocError> {
        let page = allocator.page();
        let bytes = page.bytes() as u64;
        let mut memory = RawMemory::reserve(allocator, &ReserveRequest::new(bytes, 4 * bytes))?;
        let one = page.round_down(bytes);
        memory.commit(one)?;
        let place = match self {
            Self::None => Place::LastCommitted,
            Self::BeforeBase => Place::BeforeBase,
            Self::PastCommitted => Place::PastCommitted,
            Self::PastCapacity => Place::PastCapacity,
            Self::ReadProtected | Self::WriteProtected => {
                let range = HostRange { start: page.round_down(0), len: one };
                return match self {
                    Self::ReadProtected => {
                        memory.with_protection(range, Protection::empty(), |byte| {
                            let _ = byte.read();
                        })
                    }
                    _ => memory.with_protection(range, Protection::READ, |byte| byte.write(1)),
                };
            }
        };
        let _ = memory.touch(place);
        Ok(())
    }
}
