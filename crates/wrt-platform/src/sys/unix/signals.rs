//! Signals and their actions (`sigaction(2)`, `pthread_sigmask(3)`).
#![allow(unsafe_code, reason = "sets and calls signal handlers")]

use core::ffi::{c_int, c_void};
use core::mem::{self, MaybeUninit};
use core::ptr;

use super::system::signal_frame;
use crate::error::OsError;

pub(crate) use libc::{SIGBUS, SIGSEGV};

/// Information about a signal from the host.
pub(crate) type Info = libc::siginfo_t;

/// A function that the host calls with the signal, its information and the context of the
/// interrupted code.
pub(crate) type Handler = extern "C" fn(c_int, *mut Info, *mut c_void);

/// The action of a signal.
#[derive(Clone, Copy)]
pub(crate) struct Action(libc::sigaction);

/// Function and flags of an action.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    Default,
    Ignore,
    Function,
}

impl Action {
    /// The default action.
    pub(crate) fn default_action() -> Self {
        // SAFETY: the contract of the C library: all zeroes are an action, the default one.
        Self(unsafe { mem::zeroed() })
    }

    /// Calls `handler`, on the alternate stack of the thread, with the tags of addresses.
    pub(crate) fn of(handler: Handler) -> Self {
        let mut action = Self::default_action();
        action.0.sa_sigaction = handler as *const () as usize;
        action.0.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | signal_frame::EXPOSE_TAG_BITS;
        action
    }

    /// Function and flags of the action.
    pub(crate) fn disposition(&self) -> Disposition {
        match self.0.sa_sigaction {
            libc::SIG_DFL => Disposition::Default,
            libc::SIG_IGN => Disposition::Ignore,
            _ => Disposition::Function,
        }
    }

    /// Whether the default action replaces it when it is called.
    pub(crate) fn is_for_once(&self) -> bool {
        self.0.sa_flags & libc::SA_RESETHAND != 0
    }

    /// Whether both call the same function, or neither calls one.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.0.sa_sigaction == other.0.sa_sigaction
    }

    /// The current action of a signal.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub(crate) fn now(signal: c_int) -> Result<Self, OsError> {
        // SAFETY: asking changes nothing, so the contract of `exchange` asks for nothing.
        unsafe { exchange(signal, None) }
    }

    /// Sets this action for a signal; returns the previous one.
    ///
    /// # Errors
    ///
    /// Those of the host.
    ///
    /// # Safety
    ///
    /// The action's function, if it has one, is a signal handler.
    pub(crate) unsafe fn set(&self, signal: c_int) -> Result<Self, OsError> {
        // SAFETY: the caller keeps this very contract.
        unsafe { exchange(signal, Some(self)) }
    }

    /// Calls the action's function with the arguments that its flags request, with the signals of
    /// its mask blocked.
    ///
    /// # Safety
    ///
    /// The action has a function, and the arguments are those of a running handler of `signal`.
    pub(crate) unsafe fn call(&self, signal: c_int, info: *mut Info, context: *mut c_void) {
        let old = self.block(signal);
        // SAFETY: the caller keeps this very contract.
        unsafe { self.call_function(signal, info, context) };
        set_mask(libc::SIG_SETMASK, &old);
    }

    /// # Safety
    ///
    /// As for [`call`](Self::call).
    unsafe fn call_function(&self, signal: c_int, info: *mut Info, context: *mut c_void) {
        type Plain = extern "C" fn(c_int);
        let function = ptr::with_exposed_provenance::<()>(self.0.sa_sigaction);
        if self.0.sa_flags & libc::SA_SIGINFO == 0 {
            // SAFETY: by the caller's contract this is a function; without the flag it takes a number.
            let function = unsafe { mem::transmute::<*const (), Plain>(function) };
            function(signal);
        } else {
            // SAFETY: by the caller's contract this is a function; with the flag it takes all three.
            let function = unsafe { mem::transmute::<*const (), Handler>(function) };
            function(signal, info, context);
        }
    }

    /// Blocks the signals in the action's mask while its function runs; returns the previous mask.
    /// The signal itself is already blocked, and only the flag `SA_NODEFER` unblocks it.
    fn block(&self, signal: c_int) -> libc::sigset_t {
        let old = set_mask(libc::SIG_BLOCK, &self.0.sa_mask);
        if self.0.sa_flags & libc::SA_NODEFER != 0 {
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
}

/// Whether a process sent the signal, and not the processor. Such a signal has no address. Linux
/// uses codes of 0 and below (`SI_USER`, `SI_TKILL`, ...), others 0x10001 and above.
pub(crate) const fn is_sent(code: c_int) -> bool {
    code <= 0 || code > 0xffff
}

/// The code of a signal (`si_code`).
pub(crate) const fn code(info: &Info) -> c_int {
    info.si_code
}

/// The address of a fault.
///
/// # Safety
///
/// The signal has an address.
pub(crate) unsafe fn address(info: &Info) -> usize {
    // SAFETY: the caller keeps this very contract.
    unsafe { info.si_addr() }.addr()
}

/// Sends a signal to the calling thread. Safe in a signal handler.
pub(crate) fn raise(signal: c_int) {
    // SAFETY: raising a signal is safe in a handler, by the contract of signal-safety(7).
    let _ = unsafe { libc::raise(signal) };
}

/// The error of the last call.
pub(super) fn last_error() -> OsError {
    OsError(std::io::Error::last_os_error().raw_os_error().unwrap_or_default())
}

/// Sets the signal's action, if one is given, and returns the previous one.
///
/// # Safety
///
/// The action's function, if it has one, is a signal handler.
unsafe fn exchange(signal: c_int, action: Option<&Action>) -> Result<Action, OsError> {
    let action = action.map_or(ptr::null(), |action| ptr::from_ref(&action.0));
    let mut old = MaybeUninit::uninit();
    // SAFETY: both pointers are valid or null; the action is good by the caller's contract.
    if unsafe { libc::sigaction(signal, action, old.as_mut_ptr()) } != 0 {
        return Err(last_error());
    }
    // SAFETY: by its contract the call has written it.
    Ok(Action(unsafe { old.assume_init() }))
}

/// Changes the thread's signal mask; returns the previous one.
fn set_mask(how: c_int, set: &libc::sigset_t) -> libc::sigset_t {
    let mut old = *set;
    // SAFETY: the contract of pthread_sigmask(3): both are sets. With a valid `how` it cannot fail.
    unsafe { libc::pthread_sigmask(how, set, &raw mut old) };
    old
}
