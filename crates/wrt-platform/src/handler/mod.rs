//! A handler for `SIGSEGV` and `SIGBUS` that knows the registered memories.
//!
//! `mod.rs` installs it and calls the callbacks, `previous.rs` passes other signals on,
//! `context.rs` is the view of a callback, `print.rs` prints a report, `alt_stack.rs` is the stack
//! for handlers, and `room.rs` measures the rest of it. `crate::sys` calls the host, `crate::fault`
//! has the registry.
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

/// A callback for faults in registered memories, such as that of a JIT.
///
/// It runs in a signal handler, on the thread that faulted, possibly on an [`AltStack`], at any
/// point of that thread's code: see [`FaultHandler::install`].
pub type TrapCallback = fn(&mut TrapContext<'_>) -> TrapAction;

/// The fault handler, which stays installed for the rest of the process's life.
#[derive(Clone, Copy, Debug)]
pub struct FaultHandler(());

/// - **H1** Each is null or a [`TrapCallback`] passed to [`FaultHandler::install`]. Those that are
///   not null come first, and none is ever removed.
static ASKED: [AtomicPtr<()>; CALLBACKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CALLBACKS];

/// The signals, and their previous handlers.
static SIGNALS: [(c_int, Previous); 2] = [(SIGSEGV, Previous::new()), (SIGBUS, Previous::new())];

/// Number of [`SIGNALS`] with our handler. Locked during an installation.
static INSTALLED: Mutex<usize> = Mutex::new(0);

impl FaultHandler {
    /// Installs `callback`, which is called for every fault in a registered memory from now on.
    ///
    /// The first call installs the handler for `SIGSEGV` and `SIGBUS` (`SA_SIGINFO`, `SA_ONSTACK`,
    /// and `SA_EXPOSE_TAGBITS` on Linux). At most eight callbacks are called in order of
    /// installation, until one returns [`TrapAction::Resume`]. Installing a callback again has no
    /// effect.
    ///
    /// Faults in no registered memory, and faults that all callbacks decline, go to the previous
    /// handler of the signal: the program's, Rust's report of stack overflows, or the default,
    /// which ends the process. So does a fault on a stack with less room than the handler needs,
    /// after one line on standard error. See `docs/faults.md` for details.
    ///
    /// # Errors
    ///
    /// When there are too many callbacks, or the host refuses. In that case the callback is not
    /// installed.
    ///
    /// # Safety
    ///
    /// The callback does only what is *async-signal-safe* (signal-safety(7)). It takes no lock that
    /// the interrupted code could hold, allocates and frees nothing, creates, grows and drops no
    /// memory, preserves `errno`, and needs no more stack than the thread's alternate stack has. It
    /// may read atomics, format a [`FaultReport`] into its own buffer and make system calls. A
    /// panic in it aborts the process.
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

/// The entry of the callback, or else the first free entry.
fn place_for(callback: *mut ()) -> Option<&'static AtomicPtr<()>> {
    ASKED.iter().find(|place| {
        let found = place.load(Ordering::Relaxed);
        found.is_null() || found == callback
    })
}

/// The signal handler that the host calls.
///
/// - **H2** `info` and `context` are as in sigaction(2): valid, and used by no other code until
///   this returns.
///
/// Uses little stack itself, so that it can check the room that is left.
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

/// Calls the callbacks for a fault in a registered memory. Not inlined, so that its stack frame is
/// free again when a previous handler is called.
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
