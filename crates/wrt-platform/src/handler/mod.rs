//! A handler for `SIGSEGV` and `SIGBUS` that knows the registered memories.
//!
//! `mod.rs` installs it and asks the callbacks, `previous.rs` passes on what is not ours,
//! `context.rs` is what a callback sees, `print.rs` prints a report, `alt_stack.rs` is the stack that
//! handlers run on, and `room.rs` what is left of it. `crate::sys` calls the host, `crate::fault` knows
//! the memories.
#![allow(unsafe_code, reason = "the handler that the kernel calls")]

// Order of modules, each uses only those below its line:
//   alt_stack context previous print
//   error room

mod alt_stack;
mod context;
mod error;
mod previous;
mod print;
mod room;

use core::ffi::{c_int, c_void};
use core::mem;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

use spin::Mutex;

pub use self::alt_stack::AltStack;
pub use self::context::{TrapAction, TrapContext};
use self::error::CALLBACKS;
pub use self::error::HandlerError;
use self::previous::Previous;
use crate::fault::{FaultReport, FaultSignal};
use crate::sys::machine;
use crate::sys::signals::{self, Action, Info, SIGBUS, SIGSEGV};

/// What a JIT does about a fault in one of its memories.
///
/// It runs in a signal handler, on the thread that faulted, perhaps on an [`AltStack`], in the
/// middle of whatever that thread was doing: see [`FaultHandler::install`].
pub type TrapCallback = fn(&mut TrapContext<'_>) -> TrapAction;

/// The handler for faults, installed for the rest of the process's life.
#[derive(Clone, Copy, Debug)]
pub struct FaultHandler(());

/// - **H1** Each is null or was a [`TrapCallback`] that [`FaultHandler::install`] was given. The
///   ones that are not null come first, and none is ever taken away.
static ASKED: [AtomicPtr<()>; CALLBACKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CALLBACKS];

/// The signals, and what handled them before.
static SIGNALS: [(c_int, Previous); 2] = [(SIGSEGV, Previous::new()), (SIGBUS, Previous::new())];

/// Held while something is installed: how many of [`SIGNALS`] come to us.
static INSTALLED: Mutex<usize> = Mutex::new(0);

impl FaultHandler {
    /// Asks `callback` about every fault in a registered memory from now on.
    ///
    /// The first call takes `SIGSEGV` and `SIGBUS` over (`SA_SIGINFO`, `SA_ONSTACK`, and
    /// `SA_EXPOSE_TAGBITS` on Linux). Callbacks, at most eight, are asked in the order in which
    /// they came, until one says [`TrapAction::Resume`]. Installing one again changes nothing.
    ///
    /// What is in no registered memory, and what all callbacks decline, goes to whatever handled
    /// the signal before: a handler of the program's, Rust's report of stack overflows, or the
    /// default, which ends the process. So does a fault on a stack that has less left than the
    /// handler needs, after one line on standard error. Details stand in `docs/faults.md`.
    ///
    /// # Errors
    ///
    /// When there are too many callbacks, or the host refuses. The callback is not asked then.
    ///
    /// # Safety
    ///
    /// The callback keeps to what is *async-signal-safe* (signal-safety(7)). It takes no lock that
    /// the interrupted code could hold, allocates and frees nothing, makes, grows and drops no
    /// memory, leaves `errno` as it was, and needs no more stack than the thread's alternate stack
    /// has. It may read atomics, format a [`FaultReport`] into a buffer of its own and make system
    /// calls. A panic in it aborts the process.
    ///
    /// ```
    /// use wrt_platform::{FaultHandler, TrapAction, TrapContext};
    ///
    /// fn say(context: &mut TrapContext<'_>) -> TrapAction {
    ///     context.report().print_to_stderr();
    ///     TrapAction::Decline
    /// }
    ///
    /// // SAFETY: printing a report takes no lock and no allocation.
    /// unsafe { FaultHandler::install(say) }?;
    /// # Ok::<(), wrt_platform::HandlerError>(())
    /// ```
    pub unsafe fn install(callback: TrapCallback) -> Result<Self, HandlerError> {
        let mut installed = INSTALLED.lock();
        let place = place_for(callback as *mut ()).ok_or(HandlerError::TooManyCallbacks)?;
        for (signal, previous) in SIGNALS.iter().skip(*installed) {
            let action = Action::of(on_fault);
            // SAFETY: `on_fault` takes what SA_SIGINFO gives and, by this function's contract,
            // does only what a signal handler may.
            unsafe { previous.replace(*signal, &action) }.map_err(HandlerError::Os)?;
            *installed += 1;
        }
        // Last, so that a failure leaves no callback.
        place.store(callback as *mut (), Ordering::Release);
        Ok(Self(()))
    }
}

/// Where the callback is, or else the first place behind those that are there.
fn place_for(callback: *mut ()) -> Option<&'static AtomicPtr<()>> {
    ASKED.iter().find(|place| {
        let found = place.load(Ordering::Relaxed);
        found.is_null() || found == callback
    })
}

/// What the host calls.
///
/// - **H2** `info` and `context` are what sigaction(2) says: valid and nobody else's until this
///   returns.
///
/// Needs little of the stack itself, to find out how much is left.
extern "C" fn on_fault(signal: c_int, info: *mut Info, context: *mut c_void) {
    // SAFETY: H2.
    let code = signals::code(unsafe { &*info });
    if !signals::is_sent(code) {
        if !room::is_left(room::FOR_HANDLER) {
            room::say_too_little();
        } else if is_resumed(signal, info, context) {
            return;
        }
    }
    if let Some((_, previous)) = SIGNALS.iter().find(|(listed, _)| *listed == signal) {
        // SAFETY: H2: these are the host's arguments.
        unsafe { previous.call(signal, info, context) };
    }
}

/// Asks the callbacks about a fault in a registered memory. Not inlined: what it needs of the stack
/// is free again when a previous handler is called.
#[inline(never)]
fn is_resumed(signal: c_int, info: *mut Info, context: *mut c_void) -> bool {
    // SAFETY: H2.
    let told = unsafe { &*info };
    let kind = match signal {
        SIGBUS => FaultSignal::Bus(signals::code(told)),
        _ => FaultSignal::Segmentation(signals::code(told)),
    };
    // SAFETY: H2, and a fault comes with an address.
    let address = unsafe { signals::address(told) };
    let Some(report) = FaultReport::classify(address, kind) else { return false };
    // SAFETY: by H2 this is the context of the interrupted code, which nobody else has.
    let machine = unsafe { machine::machine(context) };
    let mut trap = TrapContext::new(report, machine);
    for slot in &ASKED {
        let callback = slot.load(Ordering::Acquire);
        if callback.is_null() {
            return false;
        }
        // SAFETY: H1.
        let callback = unsafe { mem::transmute::<*mut (), TrapCallback>(callback) };
        if callback(&mut trap) == TrapAction::Resume {
            return true;
        }
    }
    false
}
