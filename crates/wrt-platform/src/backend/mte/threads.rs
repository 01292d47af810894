//! Tag checks of a thread.

use core::marker::PhantomData;

use super::scopes;
use crate::error::OsError;
use crate::sys::tags::{TagReport, TagSetting};

/// When the processor reports an access with the wrong tag.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TagChecks {
    /// Before the access does anything: `SIGSEGV` with `SEGV_MTESERR` (9) and the address.
    #[default]
    Sync,
    /// Some time after it: `SIGSEGV` with `SEGV_MTEAERR` (8) and no address, at the latest when
    /// the thread enters the kernel. A wrong store has happened by then. Cheaper on some
    /// processors; for finding out that something is wrong, not for keeping it from happening.
    Async,
}

impl TagChecks {
    const fn report(self) -> TagReport {
        match self {
            Self::Sync => TagReport::Synchronous,
            Self::Async => TagReport::Asynchronous,
        }
    }

    /// What the calling thread has. `None`: its accesses are not checked.
    ///
    /// A thread that leaves the choice to the kernel counts as [`Async`](Self::Async), the weaker
    /// of the two.
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

    /// Turns checks on for the calling thread, or leaves stronger ones as they are.
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
/// A thread may have several, one within the other or not. The checks of the strictest stay until the
/// last of them is dropped, in whatever order, and then the thread has the setting that it had
/// before the first.
#[derive(Debug)]
#[must_use = "tag checks end when this is dropped"]
pub struct TagScope {
    /// The setting is the thread's, so this stays on it.
    _thread: PhantomData<*const ()>,
}

impl TagScope {
    pub(super) fn enter(checks: TagChecks) -> Result<Self, OsError> {
        scopes::enter(TagSetting::of_this_thread()?)?;
        // If the kernel refuses, dropping this takes the count back.
        let scope = Self { _thread: PhantomData };
        checks.enable().map(|()| scope)
    }
}

impl Drop for TagScope {
    fn drop(&mut self) {
        if let Some(before) = scopes::leave() {
            // The kernel took this setting before; if it does not now, checks stay on.
            let _ = before.set();
        }
    }
}
