//! Pages added and given back, as observers see them.

use wrt_platform::MemoryName;

use crate::error::{GrowError, GrowErrorCause};
use crate::trap::Access;

/// Pages that are about to be added, at creation or by growth. The observer gets this, never the
/// memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowRequest {
    /// Pages that the memory has.
    pub current: u64,
    /// Pages to be added: at least one by a growth, the type's minimum at creation.
    pub delta: u64,
    /// The most pages that the memory may have.
    pub maximum: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory is being created. These are its first pages then.
    pub at_creation: bool,
    /// The memory's name, if it was given one.
    pub name: Option<MemoryName>,
}

impl GrowRequest {
    /// Pages that the memory would have.
    #[must_use]
    pub const fn new_size(&self) -> u64 {
        self.current.saturating_add(self.delta)
    }

    /// Bytes that the memory would have.
    #[must_use]
    pub const fn new_bytes(&self) -> u64 {
        self.new_size().saturating_mul(self.page_bytes)
    }

    /// Bytes that would be added.
    #[must_use]
    pub const fn added_bytes(&self) -> u64 {
        self.delta.saturating_mul(self.page_bytes)
    }

    /// The growth that was done.
    pub(crate) const fn done(&self) -> GrowEvent {
        GrowEvent {
            previous: self.current,
            current: self.new_size(),
            page_bytes: self.page_bytes,
            at_creation: self.at_creation,
            name: self.name,
            outcome: Ok(()),
        }
    }

    /// The growth that failed and changed nothing.
    pub(crate) fn failed(&self, cause: GrowErrorCause) -> GrowEvent {
        GrowEvent { current: self.current, outcome: Err(self.error(cause)), ..self.done() }
    }

    /// The error of a growth that failed.
    pub(crate) fn error(&self, cause: GrowErrorCause) -> GrowError {
        GrowError::new(self.current, self.delta, cause).of_memory(self.name)
    }
}

/// Pages that were added, at creation or by growth, or were not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowEvent {
    /// Pages before.
    pub previous: u64,
    /// Pages now. A failure leaves as many as before, or none if the platform could not restore
    /// them: the memory is empty then until a reset succeeds.
    pub current: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory was being created.
    pub at_creation: bool,
    /// The memory's name, if it was given one.
    pub name: Option<MemoryName>,
    /// Nothing, or why it failed.
    pub outcome: Result<(), GrowError>,
}

impl GrowEvent {
    /// Bytes that were added, or were to be if it failed.
    #[must_use]
    pub const fn requested_bytes(&self) -> u64 {
        let pages = match &self.outcome {
            Ok(()) => self.current.saturating_sub(self.previous),
            Err(error) => error.delta,
        };
        pages.saturating_mul(self.page_bytes)
    }

    /// The bytes that are new; none if it failed.
    #[must_use]
    pub const fn added(&self) -> Option<Access> {
        match self.outcome {
            Ok(()) => Some(Access {
                address: self.previous.saturating_mul(self.page_bytes),
                size: self.requested_bytes(),
            }),
            Err(_) => None,
        }
    }
}

/// Pages that a memory gave back, at a reset or at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReleaseEvent {
    /// Pages before.
    pub previous: u64,
    /// Pages now.
    pub current: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory was dropped.
    pub at_drop: bool,
}

impl ReleaseEvent {
    /// Bytes that were given back.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.previous.saturating_sub(self.current).saturating_mul(self.page_bytes)
    }
}
