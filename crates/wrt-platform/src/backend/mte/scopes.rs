//! Tag scopes of each thread, in thread-local storage.

use core::cell::Cell;

use crate::error::OsError;
use crate::sys::tags::TagSetting;

std::thread_local! {
    /// Number of scopes of the thread, and its setting before the first.
    static SCOPES: Cell<(usize, Option<TagSetting>)> = const { Cell::new((0, None)) };
}

/// Counts a new scope of this thread, which has the setting `now`.
///
/// # Errors
///
/// None.
pub(super) fn enter(now: TagSetting) -> Result<(), OsError> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes + 1, if scopes == 0 { Some(now) } else { before }));
    Ok(())
}

/// Counts a scope of this thread as dropped. After the last one, returns the thread's setting
/// before the first.
pub(super) fn leave() -> Option<TagSetting> {
    let (scopes, before) = SCOPES.get();
    SCOPES.set((scopes - 1, before));
    before.filter(|_| scopes == 1)
}
