//! What a backend gave: an address range and how it came by it.

use core::fmt;
use core::ptr::NonNull;

use crate::count::Count;
use crate::error::OsError;
use crate::units::{HostBytes, HostRange};

/// What keeps a stray access away from a memory's neighbours, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum GuardLevel {
    /// Nothing that a 32-bit address plus a 32-bit offset reaches belongs to anyone else, and there
    /// is a guard before the base. Whether compiled code may drop its bounds checks, the memory's
    /// [`AccessGuarantees`](crate::AccessGuarantees) say.
    FullGuards,
    /// Guards on either side, as large as the request asked for.
    SmallGuard,
    /// No guards: bounds checks are all there is.
    ChecksOnly,
}

/// Why a reservation is less than what was wanted at first: fewer bytes, or a lower [`GuardLevel`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Fallback {
    /// Bytes of address space that were wanted at first, guards included.
    pub wanted: u64,
    /// What stood in the way.
    pub reason: FallbackReason,
}

/// What stood in the way of a larger reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FallbackReason {
    /// The host refused.
    Os(OsError),
    /// The host refused, and the process has a limit on its address space (`RLIMIT_AS`).
    AddressSpaceLimit {
        /// Bytes that the process may map in all.
        limit: u64,
    },
    /// The host does not have that many addresses.
    AddressSpace,
    /// Memories of more than 4 GiB reach further than any guard.
    BeyondFourGib,
    /// The arena, heap or pool has no such room.
    NoRoom,
    /// The backend has no guards.
    NoGuards,
}

impl Fallback {
    /// `wanted` bytes were wanted at first, and `cause` stood in the way.
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
/// Only the backend that made it gives it a meaning. It is plain data: making one is safe, using
/// it through the `unsafe` operations of [`PageAllocator`](crate::PageAllocator) is not.
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

    /// With so many inaccessible bytes before the base and past the capacity.
    #[must_use]
    pub const fn with_guards(self, before: HostBytes, after: HostBytes) -> Self {
        Self { guard_before: before, guard_after: after, ..self }
    }

    /// On this level of the ladder.
    #[must_use]
    pub const fn with_guard_level(self, level: GuardLevel) -> Self {
        Self { level, ..self }
    }

    /// With the reason why it is less than what was wanted.
    #[must_use]
    pub const fn with_fallback(self, fallback: Option<Fallback>) -> Self {
        Self { fallback, ..self }
    }

    /// Whose bytes carry hardware tags.
    #[must_use]
    pub const fn with_tags(self) -> Self {
        Self { tagged: true, ..self }
    }

    /// Of which every byte that is not committed faults, guards included. A backend says so only
    /// where the request [wants it](crate::ReserveRequest::wants_exact_faults), and keeps to it as
    /// C5 of [`PageAllocator`](crate::PageAllocator) says.
    #[must_use]
    pub const fn with_exact_faults(self, exact: bool) -> Self {
        Self { faults_exactly: exact, ..self }
    }

    /// With the pages that the backend fills from the request's image.
    #[must_use]
    pub const fn with_image(self, range: HostRange) -> Self {
        Self { image: range, ..self }
    }

    /// With a value of the backend's own.
    #[must_use]
    pub const fn with_cookie(self, cookie: usize) -> Self {
        Self { cookie, ..self }
    }

    /// The first byte.
    #[must_use]
    pub const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The most bytes that can be committed. A backend may refuse earlier; one that shares what is
    /// free among its memories does when another has taken it.
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

    /// What keeps stray accesses away from the neighbours.
    #[must_use]
    pub const fn guard_level(&self) -> GuardLevel {
        self.level
    }

    /// Why this is less than what was wanted at first; nothing if it is not.
    #[must_use]
    pub const fn fallback(&self) -> Option<Fallback> {
        self.fallback
    }

    /// Whether the bytes carry hardware tags.
    #[must_use]
    pub const fn tagged(&self) -> bool {
        self.tagged
    }

    /// Whether every byte that is not committed faults, guards included.
    #[must_use]
    pub const fn faults_exactly(&self) -> bool {
        self.faults_exactly
    }

    /// Whether the backend puts the request's image into the memory, at first and at every reset.
    /// Where it does not, the region copies it.
    #[must_use]
    pub const fn has_image(&self) -> bool {
        self.image.len.get() > 0
    }

    /// The pages that the backend fills from the image; none if the region does.
    #[must_use]
    pub const fn image_range(&self) -> HostRange {
        self.image
    }

    /// The backend's own value.
    #[must_use]
    pub const fn cookie(&self) -> usize {
        self.cookie
    }

    /// The same at another base, where growth has moved it.
    #[must_use]
    pub const fn moved_to(self, base: NonNull<u8>) -> Self {
        Self { base, ..self }
    }
}
