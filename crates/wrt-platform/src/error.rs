//! Errors of the platform: what was requested, what was possible, and the host's answer.

use core::fmt;

use crate::count::Count;

/// The operation of [`PageAllocator`](crate::PageAllocator) that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Reserving address space.
    Reserve,
    /// Making bytes accessible.
    Commit,
    /// Changing access rights.
    Protect,
    /// Returning pages to the host.
    Discard,
    /// Returning to the initial contents.
    Reset,
    /// Laying out initial contents.
    Image,
    /// Preparing a thread for access.
    PrepareThread,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserve => "reserve",
            Self::Commit => "commit",
            Self::Protect => "protect",
            Self::Discard => "discard",
            Self::Reset => "reset",
            Self::Image => "lay out an image of",
            Self::PrepareThread => "prepare a thread for",
        })
    }
}

/// An error number of the operating system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OsError(pub i32);

impl fmt::Display for OsError {
    #[cfg(feature = "std")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::io::Error::from_raw_os_error(self.0).fmt(f)
    }

    #[cfg(not(feature = "std"))]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "os error {}", self.0)
    }
}

/// The cause of an [`AllocError`]: a rule or a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AllocErrorKind {
    /// The request contradicts itself; the text names the rule.
    InvalidRequest(&'static str),
    /// More bytes than the host can address.
    AddressSpace,
    /// More bytes than the declared maximum.
    Maximum,
    /// More bytes than the reservation holds.
    Capacity,
    /// The arena or heap has no free block of that size.
    Exhausted,
    /// More bytes than a slot of the pool holds.
    SlotSize,
    /// The registry of faults has no entry left.
    RegistryFull,
    /// All slots of the backend hold memories.
    Slots {
        /// Number of slots.
        most: usize,
    },
    /// The host refused.
    Os(OsError),
    /// The host refused, and refused to undo a part that had succeeded: bytes that are not
    /// committed may be accessible.
    Unrestored(OsError),
    /// The backend cannot do this; its capabilities say so.
    Unsupported,
    /// The backend does not have what the request demands.
    Unmet {
        /// The demand.
        demand: Demand,
        /// What the backend has, as a clause: "the heap backend has no guards".
        backend: &'static str,
    },
    /// The machine has no memory tags, or its kernel does not enable them for programs.
    NoTags,
    /// Part of the range is protected.
    Protected,
    /// The memory already has the most protected ranges that it can hold.
    Ranges {
        /// That number of ranges.
        most: usize,
    },
}

/// Demands of a request beyond its size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Demand {
    /// [`GuardPolicy::FullGuards`](crate::GuardPolicy::FullGuards).
    FullGuards,
    /// [`GuardPolicy::SmallGuard`](crate::GuardPolicy::SmallGuard).
    SmallGuard,
    /// [`Tagging::Required`](crate::Tagging::Required).
    Tags,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FullGuards => "full guards were demanded",
            Self::SmallGuard => "guards were demanded",
            Self::Tags => "memory tags were required",
        })
    }
}

/// A request that the platform could not fulfil. Unless the operation says otherwise, nothing has
/// changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AllocError {
    /// The operation.
    pub operation: Operation,
    /// The cause.
    pub kind: AllocErrorKind,
    /// Bytes asked for.
    pub requested: u64,
    /// The most bytes that were possible, where the backend knows.
    pub possible: Option<u64>,
}

impl AllocError {
    /// An error without a possible size.
    #[must_use]
    pub const fn new(operation: Operation, kind: AllocErrorKind, requested: u64) -> Self {
        Self { operation, kind, requested, possible: None }
    }

    /// Adds the most bytes that were possible.
    #[must_use]
    pub const fn possible(self, bytes: u64) -> Self {
        Self { possible: Some(bytes), ..self }
    }

    /// No memory for `bytes` bytes of bookkeeping.
    pub(crate) const fn no_room(operation: Operation, bytes: usize) -> Self {
        Self::new(operation, AllocErrorKind::Exhausted, bytes as u64)
    }

    /// An unmet demand. `backend` states what the backend has, as a clause: "the heap backend has
    /// no guards".
    #[must_use]
    pub const fn unmet(demand: Demand, backend: &'static str, requested: u64) -> Self {
        Self::new(Operation::Reserve, AllocErrorKind::Unmet { demand, backend }, requested)
    }

    /// The backend lacks `operation`.
    #[must_use]
    pub const fn unsupported(operation: Operation) -> Self {
        Self::new(operation, AllocErrorKind::Unsupported, 0)
    }
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, kind, requested, possible } = self;
        if matches!(kind, AllocErrorKind::NoTags) {
            return kind.fmt(f);
        }
        if matches!(kind, AllocErrorKind::Unsupported) {
            return write!(f, "this backend cannot {operation} memory");
        }
        write!(f, "cannot {operation} {}: {kind}", Count(*requested, "byte"))?;
        match possible {
            Some(1) => f.write_str(" (1 byte was possible)"),
            Some(bytes) => write!(f, " ({bytes} bytes were possible)"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AllocErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(rule) => f.write_str(rule),
            Self::AddressSpace => f.write_str("more than the host can address"),
            Self::Maximum => f.write_str("beyond the declared maximum"),
            Self::Capacity => f.write_str("beyond what the memory has reserved"),
            Self::Exhausted => f.write_str("no free run of that size is left"),
            Self::SlotSize => f.write_str("more than a slot of the pool has"),
            Self::RegistryFull => f.write_str("the registry of faults is full"),
            Self::Slots { most: 1 } => f.write_str("the only slot is in use"),
            Self::Slots { most } => write!(f, "all {most} slots are in use"),
            Self::Os(error) => write!(f, "{error}"),
            Self::Unrestored(error) => write!(f, "{error}, and it could not be undone"),
            Self::Unsupported => f.write_str("not supported by this backend"),
            Self::Unmet { demand, backend } => write!(f, "{backend}; {demand}"),
            Self::NoTags => f.write_str("this machine has no memory tags (Arm MTE)"),
            Self::Protected => f.write_str("part of the range is protected"),
            Self::Ranges { most } => write!(f, "a memory has at most {most} protected ranges"),
        }
    }
}

impl core::error::Error for AllocError {}

/// No memory for a piece of bookkeeping, such as a name or a list of ranges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoRoom;

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memory is left for the bookkeeping")
    }
}

impl core::error::Error for NoRoom {}

/// An access that does not lie wholly within the accessible bytes of a region.
///
/// It carries no data, so a checked access returns as cheaply as an `Option`. The caller still has
/// the address, and [`Region::why_inaccessible`](crate::Region::why_inaccessible) gives the cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inaccessible;

impl fmt::Display for Inaccessible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not all of these bytes are accessible")
    }
}

impl core::error::Error for Inaccessible {}

/// The cause of an [`Inaccessible`] error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InaccessibleCause {
    /// The range does not lie wholly within the length.
    OutOfBounds,
    /// The range lies within the length and includes protected bytes.
    Protected,
}

/// A violated invariant of a region: its memory was corrupted from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Corruption {
    /// Length, committed bytes, capacity and limit contradict each other.
    Accounting,
    /// A guard page can be accessed.
    Guard,
    /// Committed pages do not have their assigned rights.
    Protection,
    /// The bytes behind the memory were overwritten.
    Canary,
    /// Some bytes do not carry the memory's hardware tag.
    Tag,
    /// The memory has hardware tags, but tag checks are off for the calling thread.
    TagChecks,
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accounting => "the recorded sizes contradict each other",
            Self::Guard => "a guard page is accessible",
            Self::Protection => "committed pages are not readable and writable",
            Self::Canary => "the bytes just past the memory were overwritten",
            Self::Tag => "some bytes do not have the memory's tag",
            Self::TagChecks => "this thread does not check the memory's tag",
        })
    }
}

impl core::error::Error for Corruption {}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{AllocError, AllocErrorKind, Corruption, Inaccessible, NoRoom, Operation};

    #[test]
    fn an_error_names_operation_bytes_and_cause() {
        for (operation, kind, expected) in [
            (
                Operation::Reserve,
                AllocErrorKind::InvalidRequest("why"),
                "cannot reserve 3 bytes: why",
            ),
            (
                Operation::Protect,
                AllocErrorKind::Ranges { most: 8 },
                "cannot protect 3 bytes: a memory has at most 8 protected ranges",
            ),
            (
                Operation::Discard,
                AllocErrorKind::Protected,
                "cannot discard 3 bytes: part of the range is protected",
            ),
            (
                Operation::Image,
                AllocErrorKind::AddressSpace,
                "cannot lay out an image of 3 bytes: more than the host can address",
            ),
            (
                Operation::Reserve,
                AllocErrorKind::Slots { most: 1 },
                "cannot reserve 3 bytes: the only slot is in use",
            ),
            (Operation::Reset, AllocErrorKind::Unsupported, "this backend cannot reset memory"),
            (
                Operation::PrepareThread,
                AllocErrorKind::NoTags,
                "this machine has no memory tags (Arm MTE)",
            ),
        ] {
            assert_eq!(AllocError::new(operation, kind, 3).to_string(), expected);
        }
    }

    #[test]
    fn what_was_possible_is_counted() {
        let error = AllocError::new(Operation::Commit, AllocErrorKind::Capacity, 1);
        let cause = "cannot commit 1 byte: beyond what the memory has reserved";
        assert_eq!(error.to_string(), cause);
        for (bytes, expected) in [(1, " (1 byte was possible)"), (7, " (7 bytes were possible)")] {
            assert_eq!(error.possible(bytes).to_string(), std::format!("{cause}{expected}"));
        }
    }

    #[test]
    fn what_is_out_of_reach_or_corrupt_is_said() {
        assert_eq!(NoRoom.to_string(), "no memory is left for the bookkeeping");
        assert_eq!(Inaccessible.to_string(), "not all of these bytes are accessible");
        assert_eq!(AllocErrorKind::Unsupported.to_string(), "not supported by this backend");
        for (corruption, expected) in [
            (Corruption::Guard, "a guard page is accessible"),
            (Corruption::Protection, "committed pages are not readable and writable"),
            (Corruption::Tag, "some bytes do not have the memory's tag"),
            (Corruption::TagChecks, "this thread does not check the memory's tag"),
        ] {
            assert_eq!(corruption.to_string(), expected);
        }
    }
}
