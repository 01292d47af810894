//! Tag checks of a thread.

use core::marker::PhantomData;

use super::scopes;
use crate::error::OsError;
use crate::sys::tags::{TagReport, TagSetting};

/// The time at which the processor reports an access with a wrong tag.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TagChecks {
    /// Before the access does anything: `SIGSEGV` with `SEGV_MTESERR` (9) and the address.
    #[default]
    Sync,
    /// Some time after the access, at the latest when the thread enters the kernel: `SIGSEGV` with
    /// `SEGV_MTEAERR` (8) and no address. A wrong store has happened by then. This is cheaper on
    /// some processors. It detects errors but does not prevent them.
    Async,
}

impl TagChecks {
    const fn report(self) -> TagReport {
        match self {
            Self::Sync => TagReport::Synchronous,
            Self::Async => TagReport::Asynchronous,
        }
    }

    /// The checks of the calling thread; `None` if its accesses are not checked.
    ///
    /// A thread that leaves the choice to the kernel counts as [`Async`](Self::Async), the weaker
    /// kind.
    #[must_use]
    pub fn on_this_thread() -> Option<Self> {
        Some(match TagSetting::of_this_thread().ok()?.report()? {
            TagReport::Synchronous => Self::Sync,
            TagReport::Asynchronous => Self::Async,
        })
    }

    /// Whether a thread with `current` checks at least as much.
    pub(super) const fn is_met_by(self, current: Option<Self>) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Async, Some(_)) => true,
            (Self::Sync, Some(current)) => matches!(current, Self::Sync),
        }
    }

    /// Enables checks for the calling thread, unless it already has stronger ones.
    pub(super) fn enable(self) -> Result<(), OsError> {
        if self.is_met_by(Self::on_this_thread()) {
            return Ok(());
        }
        TagSetting::of_this_thread()?.with_report(self.report()).set()
    }
}

/// A thread's stay in code that uses tagged memories: made by
/// [`MteAllocator::enter`](super::MteAllocator::enter).
///
/// A thread may have several, nested or not. The strictest checks stay until the last scope is
/// dropped, in any order; then the thread returns to its setting before the first.
#[derive(Debug)]
#[must_use = "tag checks end when this is dropped"]
pub struct TagScope {
    /// Keeps the value on its thread, whose setting it holds.
    _thread: PhantomData<*const ()>,
}

impl TagScope {
    pub(super) fn enter(checks: TagChecks) -> Result<Self, OsError> {
        scopes::enter(TagSetting::of_this_thread()?)?;
        // If the kernel refuses, dropping this value decrements the count.
        let scope = Self { _thread: PhantomData };
        checks.enable().map(|()| scope)
    }
}

impl Drop for TagScope {
    fn drop(&mut self) {
        if let Some(before) = scopes::leave() {
            // The kernel accepted this setting before; if it refuses now, checks stay enabled.
            let _ = before.set();
        }
    }
}
