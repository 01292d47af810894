//! Scopes of each thread, in thread-local storage.

use core::cell::Cell;

use rustix::io::Errno;
use rustix::thread::TaggedAddressMode;

use super::threads::Setting;

const NO_CHECKS: Setting = Setting { mode: TaggedAddressMode::empty(), choice: 0 };

std::thread_local! {
    /// How many scopes the thread has, and what it had before the first.
    static SCOPES: Cell<(usize, Setting)> = const { Cell::new((0, NO_CHECKS)) };
}

/// Counts one scope more of this thread, which has the setting `now`.
///
/// # Errors
///
/// None.
pub(super) fn enter(now: Setting) -> Result<(), Errno> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes + 1, if scopes == 0 { now } else { before }));
    Ok(())
}

/// Counts one scope less. After the last one, gives what the thread had before the first.
pub(super) fn leave() -> Option<Setting> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes - 1, before));
    (scopes == 1).then_some(before)
}
