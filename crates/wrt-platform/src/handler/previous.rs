//! Previous handlers of signals, called as the host would call them.
#![allow(unsafe_code, reason = "calls handlers that were there before")]

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use alloc::boxed::Box;

use crate::error::OsError;
use crate::sys::signals::{self, Action, Disposition, Info};

/// The previous action of a signal.
///
/// - **P1** Null, which is the default action, or an action that lives for ever and is never
///   written.
pub(super) struct Previous(AtomicPtr<Action>);

impl Previous {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Installs `action` for `signal` and keeps the previous one.
    ///
    /// # Safety
    ///
    /// The action's function is a signal handler.
    pub(super) unsafe fn replace(&self, signal: c_int, action: &Action) -> Result<(), OsError> {
        // The old action must be known before the new one can be called, so it is queried first.
        let asked = Action::now(signal)?;
        self.keep(asked);
        // SAFETY: the caller's contract.
        let replaced = unsafe { action.set(signal) }?;
        if !replaced.is_like(&asked) {
            // Other code has installed a handler in between.
            self.keep(replaced);
        }
        Ok(())
    }

    fn keep(&self, action: Action) {
        self.0.store(Box::into_raw(Box::new(action)), Ordering::Release);
    }

    /// Does what the host would have done, with two differences: the previous handler runs on the
    /// alternate stack even if it did not request it, and addresses may have tag bits.
    ///
    /// # Safety
    ///
    /// The arguments are those that the host passed to a handler of `signal`, which is running.
    pub(super) unsafe fn call(&self, signal: c_int, info: *mut Info, context: *mut c_void) {
        // SAFETY: the caller's contract.
        let sent = signals::is_sent(signals::code(unsafe { &*info }));
        let kept = self.0.load(Ordering::Acquire);
        // SAFETY: P1.
        let Some(action) = (unsafe { kept.as_ref() }) else {
            return act_by_default(signal, sent);
        };
        match action.disposition() {
            Disposition::Default => act_by_default(signal, sent),
            // The host ignores signals that were sent, but not those that the processor raises.
            Disposition::Ignore if sent => {}
            Disposition::Ignore => act_by_default(signal, sent),
            Disposition::Function => {
                if action.is_for_once() {
                    self.0.store(ptr::null_mut(), Ordering::Release);
                }
                // SAFETY: the caller's contract; the function came with these flags.
                unsafe { action.call(signal, info, context) };
            }
        }
    }
}

/// Restores the default action. A fault recurs as soon as its handler returns; a signal that was
/// sent is sent again and is pending until then.
fn act_by_default(signal: c_int, sent: bool) {
    // SAFETY: the contract of `set`: this action has no function.
    let _ = unsafe { Action::default_action().set(signal) };
    if sent {
        signals::raise(signal);
    }
}
