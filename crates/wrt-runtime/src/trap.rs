//! Traps: refused accesses as a guest sees them.

use core::fmt;

use wrt_platform::{Count, InaccessibleCause, MemoryName};

use crate::called::Called;

/// The reason for which an instruction trapped. It is one word, so that hot results stay small;
/// [`LinearMemory::explain`](crate::LinearMemory::explain) computes the detail on request.
// As wide as an i32, so that a result of either returns in a pair of registers. With a narrower
// trap the compiler packs value and tag into one register and unpacks them after every load.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
#[non_exhaustive]
pub enum Trap {
    /// The access does not lie wholly within the memory.
    OutOfBounds,
    /// The access lies within the memory and includes protected bytes.
    Protected,
}

impl fmt::Display for Trap {
    /// The wording of the specification's test suite, where it has one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfBounds => "out of bounds memory access",
            Self::Protected => "access to protected memory",
        })
    }
}

impl core::error::Error for Trap {}

impl From<InaccessibleCause> for Trap {
    fn from(cause: InaccessibleCause) -> Self {
        match cause {
            InaccessibleCause::OutOfBounds => Self::OutOfBounds,
            InaccessibleCause::Protected => Self::Protected,
        }
    }
}

/// A range of a memory's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    /// Effective address of the first byte.
    pub address: u64,
    /// Number of bytes.
    pub size: u64,
}

impl Access {
    /// Address of the last byte; `None` for an empty range.
    #[must_use]
    pub const fn last(&self) -> Option<u64> {
        match self.size {
            0 => None,
            size => Some(self.address.saturating_add(size - 1)),
        }
    }
}

/// A trap with its access, the memory's size and name; made by
/// [`LinearMemory::explain`](crate::LinearMemory::explain).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TrapReport {
    /// The trap.
    pub trap: Trap,
    /// The access that trapped.
    pub access: Access,
    /// Size of the memory in bytes.
    pub memory_len: u64,
    /// The memory's name, if it has one.
    pub name: Option<MemoryName>,
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trap, access: Access { address, size }, memory_len, name } = self;
        let (size, memory_len) = (Count(*size, "byte"), Count(*memory_len, "byte"));
        write!(f, "{trap}: {size} at address {address:#x} of {} with {memory_len}", Called(name))
    }
}

impl core::error::Error for TrapReport {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.trap)
    }
}
