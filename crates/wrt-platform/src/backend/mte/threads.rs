//! Tag checks of a thread (`prctl(2)`, `PR_SET_TAGGED_ADDR_CTRL`; the kernel's
//! `arch/arm64/memory-tagging-extension`).
#![allow(unsafe_code, reason = "reads a thread's flag of tag checks")]

use core::marker::PhantomData;

use rustix::io::Errno;
use rustix::thread::{
    TaggedAddressMode, current_tagged_address_mode, set_current_tagged_address_mode,
};

use super::scopes;

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

/// The tags that `irg` may choose: all but 0, which untagged memory has.
const CHOICE: u32 = 0xfffe;

const BOTH: TaggedAddressMode = TaggedAddressMode::TCF_SYNC.union(TaggedAddressMode::TCF_ASYNC);

impl TagChecks {
    const fn flag(self) -> TaggedAddressMode {
        match self {
            Self::Sync => TaggedAddressMode::TCF_SYNC,
            Self::Async => TaggedAddressMode::TCF_ASYNC,
        }
    }

    /// What the calling thread has. `None`: its accesses are not checked.
    ///
    /// A thread that leaves the choice to the kernel counts as [`Async`](Self::Async), the weaker
    /// of the two.
    #[must_use]
    pub fn on_this_thread() -> Option<Self> {
        let (mode, _) = current_tagged_address_mode().ok()?;
        let mode = mode.filter(|mode| mode.contains(TaggedAddressMode::ENABLED))?;
        if mode.contains(TaggedAddressMode::TCF_ASYNC) {
            Some(Self::Async)
        } else {
            mode.contains(TaggedAddressMode::TCF_SYNC).then_some(Self::Sync)
        }
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
    pub(super) fn enable(self) -> Result<(), Errno> {
        if self.is_met_by(Self::on_this_thread()) {
            return Ok(());
        }
        let Setting { mode, choice } = Setting::of_this_thread()?;
        let mode = mode.difference(BOTH) | TaggedAddressMode::ENABLED | self.flag();
        Setting { mode, choice: choice | CHOICE }.set()
    }
}

/// A thread's checks, and the tags that `irg` may choose for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Setting {
    pub(super) mode: TaggedAddressMode,
    pub(super) choice: u32,
}

impl Setting {
    fn of_this_thread() -> Result<Self, Errno> {
        let (mode, choice) = current_tagged_address_mode()?;
        Ok(Self { mode: mode.unwrap_or(TaggedAddressMode::empty()), choice })
    }

    fn set(self) -> Result<(), Errno> {
        // SAFETY: checks stop accesses that have the wrong tag and change no other. That the kernel
        // takes tagged addresses breaks nobody who passes none.
        unsafe { set_current_tagged_address_mode(Some(self.mode), self.choice) }
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
    pub(super) fn enter(checks: TagChecks) -> Result<Self, Errno> {
        scopes::enter(Setting::of_this_thread()?)?;
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
