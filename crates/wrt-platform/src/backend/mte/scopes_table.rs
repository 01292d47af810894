//! Tag scopes of each thread, in one table, for builds without the standard library, which have no
//! thread-local storage.

use alloc::vec::Vec;

use spin::mutex::SpinMutex;

use crate::error::OsError;
use crate::sys::errors;
use crate::sys::tags::TagSetting;
use crate::sys::thread::{Pid, gettid};

/// A thread with scopes: their number, and its setting before the first.
struct Thread {
    id: Pid,
    scopes: usize,
    before: TagSetting,
}

static THREADS: SpinMutex<Vec<Thread>> = SpinMutex::new(Vec::new());

/// Counts a new scope of this thread, which has the setting `now`.
///
/// # Errors
///
/// When there is no memory for the table.
pub(super) fn enter(now: TagSetting) -> Result<(), OsError> {
    let id = gettid();
    let mut threads = THREADS.lock();
    if let Some(thread) = threads.iter_mut().find(|thread| thread.id == id) {
        thread.scopes += 1;
        return Ok(());
    }
    threads.try_reserve(1).map_err(|_| errors::NO_MEMORY)?;
    threads.push(Thread { id, scopes: 1, before: now });
    Ok(())
}

/// Counts a scope of this thread as dropped. After the last one, returns the thread's setting
/// before the first. A forked child has another thread number than the creator of its scopes, and
/// keeps its setting.
pub(super) fn leave() -> Option<TagSetting> {
    let id = gettid();
    let mut threads = THREADS.lock();
    let index = threads.iter().position(|thread| thread.id == id)?;
    let thread = threads.get_mut(index)?;
    thread.scopes -= 1;
    (thread.scopes == 0).then(|| threads.swap_remove(index).before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_counted_apart() {
        let now = TagSetting::of_this_thread().unwrap();
        let setting = |choice| TagSetting { choice, ..now };
        enter(setting(1)).unwrap();
        enter(setting(2)).unwrap();
        std::thread::spawn(move || {
            enter(setting(3)).unwrap();
            assert_eq!(leave(), Some(setting(3)));
            assert_eq!(leave(), None);
        })
        .join()
        .unwrap();
        assert_eq!(leave(), None);
        assert_eq!(leave(), Some(setting(1)));
        assert_eq!(leave(), None);
    }
}
