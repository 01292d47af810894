//! What a backend gave: an address range and how it came by it.

use core::ptr::NonNull;

use crate::error::OsError;
use crate::units::HostBytes;

/// How much of what was wanted the backend could reserve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Rung {
    /// All of it.
    Full,
    /// Less address space than wanted: the memory works and can grow to its capacity.
    Reduced {
        /// Bytes that were wanted.
        wanted: u64,
        /// What the host answered to the larger request, where a host was asked.
        reason: Option<OsError>,
    },
    /// No address space beyond what is committed: the backend takes memory as the region grows.
    Unreserved,
}

/// An address range that belongs to one memory until it is released.
///
/// Only the backend that made it gives it a meaning. It is plain data: making one is safe, using
/// it through the `unsafe` operations of [`PageAllocator`](crate::PageAllocator) is not.
#[derive(Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    capacity: HostBytes,
    guard_before: HostBytes,
    guard_after: HostBytes,
    rung: Rung,
    cookie: usize,
}

impl Reservation {
    /// A reservation of `capacity` bytes from `base`, in full and without guards.
    #[must_use]
    pub const fn new(base: NonNull<u8>, capacity: HostBytes) -> Self {
        Self {
            base,
            capacity,
            guard_before: HostBytes::ZERO,
            guard_after: HostBytes::ZERO,
            rung: Rung::Full,
            cookie: 0,
        }
    }

    /// With so many inaccessible bytes before the base and past the capacity.
    #[must_use]
    pub const fn with_guards(self, before: HostBytes, after: HostBytes) -> Self {
        Self { guard_before: before, guard_after: after, ..self }
    }

    /// With the rung it was given on.
    #[must_use]
    pub const fn with_rung(self, rung: Rung) -> Self {
        Self { rung, ..self }
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

    /// How much of what was wanted this is.
    #[must_use]
    pub const fn rung(&self) -> Rung {
        self.rung
    }

    /// The backend's own value.
    #[must_use]
    pub const fn cookie(&self) -> usize {
        self.cookie
    }

    /// Records where growth has moved the memory.
    pub(crate) fn move_to(&mut self, base: NonNull<u8>) {
        self.base = base;
    }
}
