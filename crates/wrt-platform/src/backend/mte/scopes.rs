//! Scopes of each thread, in thread-local storage.

use core::cell::Cell;

use crate::error::OsError;
use crate::sys::tags::TagSetting;

std::thread_local! {
    /// How many scopes the thread has, and what it had before the first.
    static SCOPES: Cell<(usize, Option<TagSetting>)> = const { Cell::new((0, None)) };
}

/// Counts one scope more of this thread, which has the setting `now`.
///
/// # Errors
///
/// None.
pub(super) fn enter(now: TagSetting) -> Result<(), OsError> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes + 1, if scopes == 0 { Some(now) } else { before }));
    Ok(())
}

/// Counts one scope less. After the last one, gives what the thread had before the first.
pub(super) fn leave() -> Option<TagSetting> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes - 1, before));
    before.filter(|_| scopes == 1)
}
