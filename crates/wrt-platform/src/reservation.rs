//! Address range of one memory, with its guards and the reason for any fallback.

use core::fmt;
use core::ptr::NonNull;

use crate::count::Count;
use crate::error::OsError;
use crate::units::{HostBytes, HostRange};

/// Guards of a memory against stray accesses to its neighbours, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum GuardLevel {
    /// No byte within reach of a 32-bit address plus a 32-bit offset belongs to another memory, and
    /// there is a guard before the base. The memory's [`AccessGuarantees`](crate::AccessGuarantees)
    /// tell whether compiled code may omit its bounds checks.
    FullGuards,
    /// Guards on either side, as large as the request asked for.
    SmallGuard,
    /// No guards: only bounds checks protect the neighbours.
    ChecksOnly,
}

/// A step down from the first reservation attempted, to fewer bytes or a lower [`GuardLevel`], and
/// its reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Fallback {
    /// Bytes of address space in the first attempt, guards included.
    pub wanted: u64,
    /// The reason.
    pub reason: FallbackReason,
}

/// Reason for a smaller reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FallbackReason {
    /// The host refused.
    Os(OsError),
    /// The host refused, and the process has a limit on its address space (`RLIMIT_AS`).
    AddressSpaceLimit {
        /// Most bytes that the process may map.
        limit: u64,
    },
    /// The host does not have that many addresses.
    AddressSpace,
    /// Memories of more than 4 GiB reach further than any guard.
    BeyondFourGib,
    /// The arena, heap or pool has no block of that size.
    NoRoom,
    /// The backend has no guards.
    NoGuards,
}

impl Fallback {
    /// A fallback from `wanted` bytes in the first attempt.
    #[must_use]
    pub const fn new(wanted: u64, reason: FallbackReason) -> Self {
        Self { wanted, reason }
    }
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of address space were wanted: ", Count(self.wanted, "byte"))?;
        match self.reason {
            FallbackReason::Os(error) => error.fmt(f),
            FallbackReason::AddressSpaceLimit { limit } => {
                write!(f, "the process may map {} in all", Count(limit, "byte"))
            }
            FallbackReason::AddressSpace => {
                f.write_str("the host does not have that many addresses")
            }
            FallbackReason::BeyondFourGib => {
                f.write_str("a memory of more than 4 GiB reaches further than any guard")
            }
            FallbackReason::NoRoom => f.write_str("the backend has no such room"),
            FallbackReason::NoGuards => f.write_str("the backend has no guards"),
        }
    }
}

/// An address range that belongs to one memory until it is released.
///
/// It has a meaning only for the backend that made it. It is plain data: constructing one is safe;
/// passing it to the `unsafe` operations of [`PageAllocator`](crate::PageAllocator) is not.
#[derive(Clone, Copy, Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    capacity: HostBytes,
    guard_before: HostBytes,
    guard_after: HostBytes,
    level: GuardLevel,
    fallback: Option<Fallback>,
    tagged: bool,
    faults_exactly: bool,
    image: HostRange,
    cookie: usize,
}

impl Reservation {
    /// A reservation of `capacity` bytes from `base`, without guards, tags or image.
    #[must_use]
    pub const fn new(base: NonNull<u8>, capacity: HostBytes) -> Self {
        Self {
            base,
            capacity,
            guard_before: HostBytes::ZERO,
            guard_after: HostBytes::ZERO,
            level: GuardLevel::ChecksOnly,
            fallback: None,
            tagged: false,
            faults_exactly: false,
            image: HostRange::EMPTY,
            cookie: 0,
        }
    }

    /// Adds guards: inaccessible bytes before the base and past the capacity.
    #[must_use]
    pub const fn with_guards(self, before: HostBytes, after: HostBytes) -> Self {
        Self { guard_before: before, guard_after: after, ..self }
    }

    /// Sets the guard level.
    #[must_use]
    pub const fn with_guard_level(self, level: GuardLevel) -> Self {
        Self { level, ..self }
    }

    /// Sets the fallback.
    #[must_use]
    pub const fn with_fallback(self, fallback: Option<Fallback>) -> Self {
        Self { fallback, ..self }
    }

    /// Marks the bytes as carrying hardware tags.
    #[must_use]
    pub const fn with_tags(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// Sets whether an access to any uncommitted byte faults, guards included. A backend sets it
    /// only where the request [wants it](crate::ReserveRequest::wants_exact_faults), and guarantees
    /// it by C5 of [`PageAllocator`](crate::PageAllocator).
    #[must_use]
    pub const fn with_exact_faults(self, exact: bool) -> Self {
        Self { faults_exactly: exact, ..self }
    }

    /// Sets the pages that the backend fills from the request's image.
    #[must_use]
    pub const fn with_image(self, range: HostRange) -> Self {
        Self { image: range, ..self }
    }

    /// Sets the cookie, a private value of the backend.
    #[must_use]
    pub const fn with_cookie(self, cookie: usize) -> Self {
        Self { cookie, ..self }
    }

    /// The first byte.
    #[must_use]
    pub const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The most bytes that can be committed. A backend may refuse earlier: one that shares free
    /// space among its memories does when another memory has taken it.
    #[must_use]
    pub const fn capacity(&self) -> HostBytes {
        self.capacity
    }

    /// Inaccessible bytes before the base.
    #[must_use]
    pub const fn guard_before(&self) -> HostBytes {
        self.guard_before
    }

    /// Inaccessible bytes past the capacity.
    #[must_use]
    pub const fn guard_after(&self) -> HostBytes {
        self.guard_after
    }

    /// The guard level.
    #[must_use]
    pub const fn guard_level(&self) -> GuardLevel {
        self.level
    }

    /// The fallback, if the first attempt did not succeed.
    #[must_use]
    pub const fn fallback(&self) -> Option<Fallback> {
        self.fallback
    }

    /// Whether the bytes carry hardware tags.
    #[must_use]
    pub const fn tagged(&self) -> bool {
        self.tagged
    }

    /// Whether an access to any uncommitted byte faults, guards included.
    #[must_use]
    pub const fn faults_exactly(&self) -> bool {
        self.faults_exactly
    }

    /// Whether the backend fills the memory from the request's image, at creation and at every
    /// reset. If not, the region copies it.
    #[must_use]
    pub const fn has_image(&self) -> bool {
        self.image.len.get() > 0
    }

    /// The pages that the backend fills from the image; empty if the region copies it.
    #[must_use]
    pub const fn image_range(&self) -> HostRange {
        self.image
    }

    /// The cookie, a private value of the backend.
    #[must_use]
    pub const fn cookie(&self) -> usize {
        self.cookie
    }

    /// The reservation at another base, after growth has moved it.
    #[must_use]
    pub const fn moved_to(self, base: NonNull<u8>) -> Self {
        Self { base, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::{Fallback, FallbackReason};

    #[test]
    fn a_fallback_says_what_was_wanted_and_why_not() {
        for (reason, expected) in [
            (
                FallbackReason::AddressSpaceLimit { limit: 4096 },
                "the process may map 4096 bytes in all",
            ),
            (FallbackReason::AddressSpace, "the host does not have that many addresses"),
            (
                FallbackReason::BeyondFourGib,
                "a memory of more than 4 GiB reaches further than any guard",
            ),
            (FallbackReason::NoRoom, "the backend has no such room"),
            (FallbackReason::NoGuards, "the backend has no guards"),
        ] {
            let text = Fallback::new(1, reason).to_string();
            assert_eq!(text, std::format!("1 byte of address space were wanted: {expected}"));
        }
    }
}
