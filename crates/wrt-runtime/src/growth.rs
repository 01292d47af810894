//! Pages added and released, as reported to observers.

use wrt_platform::MemoryName;

use crate::error::{GrowError, GrowErrorCause};
use crate::trap::Access;

/// Pages that are about to be added, at creation or by growth. The observer receives this request
/// and never the memory itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowRequest {
    /// Current size of the memory in pages.
    pub current: u64,
    /// Pages to be added: at least one by a growth, the type's minimum at creation.
    pub delta: u64,
    /// The most pages that the memory may have.
    pub maximum: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory is being created, so that these are its initial pages.
    pub at_creation: bool,
    /// The memory's name, if it has one.
    pub name: Option<MemoryName>,
}

impl GrowRequest {
    /// Size of the memory after the growth, in pages.
    #[must_use]
    pub const fn new_size(&self) -> u64 {
        self.current.saturating_add(self.delta)
    }

    /// Size of the memory after the growth, in bytes.
    #[must_use]
    pub const fn new_bytes(&self) -> u64 {
        self.new_size().saturating_mul(self.page_bytes)
    }

    /// Bytes that would be added.
    #[must_use]
    pub const fn added_bytes(&self) -> u64 {
        self.delta.saturating_mul(self.page_bytes)
    }

    /// The event of a successful growth.
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

    /// The event of a growth that failed and changed nothing.
    pub(crate) fn failed(&self, cause: GrowErrorCause) -> GrowEvent {
        GrowEvent { current: self.current, outcome: Err(self.error(cause)), ..self.done() }
    }

    /// The error of a growth that failed.
    pub(crate) fn error(&self, cause: GrowErrorCause) -> GrowError {
        GrowError::new(self.current, self.delta, cause).of_memory(self.name)
    }
}

/// Outcome of adding pages, at creation or by growth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GrowEvent {
    /// Pages before.
    pub previous: u64,
    /// Pages after. A failure leaves the previous number, or 0 if the platform could not restore
    /// them: in that case the memory is empty until a reset succeeds.
    pub current: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory was being created.
    pub at_creation: bool,
    /// The memory's name, if it has one.
    pub name: Option<MemoryName>,
    /// Success, or the error.
    pub outcome: Result<(), GrowError>,
}

impl GrowEvent {
    /// Bytes that were requested, whether or not they were added.
    #[must_use]
    pub const fn requested_bytes(&self) -> u64 {
        let pages = match &self.outcome {
            Ok(()) => self.current.saturating_sub(self.previous),
            Err(error) => error.delta,
        };
        pages.saturating_mul(self.page_bytes)
    }

    /// The new bytes; `None` after a failure.
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

/// Pages that a memory released, at a reset or when it was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReleaseEvent {
    /// Pages before.
    pub previous: u64,
    /// Pages after.
    pub current: u64,
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Whether the memory was dropped.
    pub at_drop: bool,
}

impl ReleaseEvent {
    /// Bytes that were released.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.previous.saturating_sub(self.current).saturating_mul(self.page_bytes)
    }
}
