//! What handled a signal before, called as the host would have called it.
#![allow(unsafe_code, reason = "calls handlers that were there before")]

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use alloc::boxed::Box;

use super::is_sent;
use crate::error::OsError;

/// The action that a signal had.
///
/// - **P1** Null, which is the default action, or an action that lives for ever and nobody writes.
pub(super) struct Previous(AtomicPtr<libc::sigaction>);

impl Previous {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Installs `action` for `signal` and keeps the one it had.
    ///
    /// # Safety
    ///
    /// The action's function is a signal handler.
    pub(super) unsafe fn replace(
        &self,
        signal: c_int,
        action: &libc::sigaction,
    ) -> Result<(), OsError> {
        // The old action must be known before the new one can be called, so it is asked for first.
        // SAFETY: asking changes nothing, by the caller's contract or otherwise.
        let asked = unsafe { set(signal, None) }?;
        self.keep(asked);
        // SAFETY: the caller's contract.
        let replaced = unsafe { set(signal, Some(action)) }?;
        if replaced.sa_sigaction != asked.sa_sigaction {
            // Somebody else installed theirs in between.
            self.keep(replaced);
        }
        Ok(())
    }

    fn keep(&self, action: libc::sigaction) {
        self.0.store(Box::into_raw(Box::new(action)), Ordering::Release);
    }

    /// Does what the host would have done, but for two things: the previous handler runs on the
    /// alternate stack even if it did not ask for it, and addresses may have tag bits.
    ///
    /// # Safety
    ///
    /// The arguments are those that the host gave to a handler of `signal`, which is running.
    pub(super) unsafe fn call(
        &self,
        signal: c_int,
        info: *mut libc::siginfo_t,
        context: *mut c_void,
    ) {
        // SAFETY: the caller's contract.
        let sent = is_sent(unsafe { (*info).si_code });
        let kept = self.0.load(Ordering::Acquire);
        // SAFETY: P1.
        let Some(action) = (unsafe { kept.as_ref() }) else {
            return act_by_default(signal, sent);
        };
        match action.sa_sigaction {
            libc::SIG_DFL => act_by_default(signal, sent),
            // The host ignores what was sent. It does not ignore what the processor reports.
            libc::SIG_IGN if sent => {}
            libc::SIG_IGN => act_by_default(signal, sent),
            _ => {
                if action.sa_flags & libc::SA_RESETHAND != 0 {
                    self.0.store(ptr::null_mut(), Ordering::Release);
                }
                let old = mask(signal, action);
                // SAFETY: the caller's contract; the function came with these flags.
                unsafe { call_function(action, signal, info, context) };
                set_mask(libc::SIG_SETMASK, &old);
            }
        }
    }
}

/// Restores the default action. A fault happens again as soon as its handler returns; a signal
/// that was sent is sent again and waits until then.
fn act_by_default(signal: c_int, sent: bool) {
    // SAFETY: the contract of the C library: all zeroes are an action, the default one.
    let default: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the contract of `set`: this action has no function.
    let _ = unsafe { set(signal, Some(&default)) };
    if sent {
        // SAFETY: raising a signal is safe in a handler, by the contract of signal-safety(7).
        let _ = unsafe { libc::raise(signal) };
    }
}

/// Calls the function of an action with the arguments that its flags ask for.
///
/// # Safety
///
/// The action has a function, and the arguments are those of a running handler of `signal`.
unsafe fn call_function(
    action: &libc::sigaction,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    type Plain = extern "C" fn(c_int);
    type Informed = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
    let function = ptr::with_exposed_provenance::<()>(action.sa_sigaction);
    if action.sa_flags & libc::SA_SIGINFO == 0 {
        // SAFETY: by the caller's contract this is a function; without the flag it takes a number.
        let function = unsafe { mem::transmute::<*const (), Plain>(function) };
        function(signal);
    } else {
        // SAFETY: by the caller's contract this is a function; with the flag it takes all three.
        let function = unsafe { mem::transmute::<*const (), Informed>(function) };
        function(signal, info, context);
    }
}

/// Sets the signal's action, if one is given, and returns the one it had.
///
/// # Safety
///
/// The action's function, if it has one, is a signal handler.
unsafe fn set(signal: c_int, action: Option<&libc::sigaction>) -> Result<libc::sigaction, OsError> {
    let action = action.map_or(ptr::null(), ptr::from_ref);
    let mut old = MaybeUninit::uninit();
    // SAFETY: both pointers are valid or null; the action is good by the caller's contract.
    if unsafe { libc::sigaction(signal, action, old.as_mut_ptr()) } != 0 {
        return Err(last_error());
    }
    // SAFETY: by its contract the call has written it.
    Ok(unsafe { old.assume_init() })
}

pub(super) fn last_error() -> OsError {
    OsError(std::io::Error::last_os_error().raw_os_error().unwrap_or_default())
}

/// Blocks what the action wants blocked while its function runs; returns what was blocked. The
/// signal itself is blocked already, and only the flag `SA_NODEFER` lets it through.
fn mask(signal: c_int, action: &libc::sigaction) -> libc::sigset_t {
    let old = set_mask(libc::SIG_BLOCK, &action.sa_mask);
    if action.sa_flags & libc::SA_NODEFER != 0 {
        let mut only = MaybeUninit::uninit();
        // SAFETY: the contract of the C library: this makes an empty set of the bytes.
        unsafe { libc::sigemptyset(only.as_mut_ptr()) };
        // SAFETY: by the contract of `sigemptyset` this is a set.
        unsafe { libc::sigaddset(only.as_mut_ptr(), signal) };
        // SAFETY: by the contract of `sigemptyset` this is a set.
        set_mask(libc::SIG_UNBLOCK, unsafe { only.assume_init_ref() });
    }
    old
}

/// Changes the thread's signal mask; returns the old one.
fn set_mask(how: c_int, set: &libc::sigset_t) -> libc::sigset_t {
    let mut old = *set;
    // SAFETY: the contract of pthread_sigmask(3): both are sets. With a valid `how` it cannot fail.
    unsafe { libc::pthread_sigmask(how, set, &raw mut old) };
    old
}
