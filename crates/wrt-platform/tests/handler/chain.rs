//! Previous handlers.
#![allow(unsafe_code, reason = "faults, and handlers of other people's")]

use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wrt_platform::{
    AltStack, FaultHandler, MmapAllocator, Region, ReserveRequest, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending};

/// An address in no memory.
const FOREIGN: usize = 0x4000;

static ASKED: AtomicUsize = AtomicUsize::new(0);

fn count(_: &mut TrapContext<'_>) -> TrapAction {
    ASKED.fetch_add(1, Ordering::Relaxed);
    TrapAction::Decline
}

fn install() -> AltStack {
    // SAFETY: the callback adds to an atomic.
    unsafe { FaultHandler::install(count) }.unwrap();
    AltStack::new().unwrap()
}

fn read(address: usize) {
    // SAFETY: the access faults.
    let byte = unsafe { ptr::with_exposed_provenance::<u8>(address).read_volatile() };
    println!("read {byte}");
}

/// A line on standard error, from a handler.
fn say(text: &str) {
    // SAFETY: the text is valid to read.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

fn is_blocked(signal: c_int) -> bool {
    let mut now = MaybeUninit::uninit();
    // SAFETY: no set is given, so this only asks.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), now.as_mut_ptr()) };
    // SAFETY: the call has written the set.
    unsafe { libc::sigismember(now.as_ptr(), signal) == 1 }
}

/// Makes `function` the action of `SIGSEGV`, with `SIGUSR1` blocked while it runs.
fn set_action(function: usize, flags: c_int) {
    // SAFETY: all zeroes are an action.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = function;
    action.sa_flags = flags;
    // SAFETY: this is a set.
    unsafe { libc::sigaddset(&raw mut action.sa_mask, libc::SIGUSR1) };
    // SAFETY: the function is one of those below, and fits the flags.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) }, 0);
}

fn tell(handler: &str, address: usize) -> ! {
    let told = [
        (address == FOREIGN, "address;"),
        (is_blocked(libc::SIGUSR1), "mask;"),
        (is_blocked(libc::SIGSEGV), "itself;"),
        (ASKED.load(Ordering::Relaxed) > 0, "asked;"),
    ];
    say(handler);
    told.iter().filter(|(holds, _)| *holds).for_each(|(_, text)| say(text));
    say("\n");
    // SAFETY: ends the process without running anything else.
    unsafe { libc::_exit(0) }
}

extern "C" fn plain(_: c_int) {
    tell("plain:", 0);
}

extern "C" fn informed(_: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    assert!(!context.is_null());
    // SAFETY: the host gave it.
    let info = unsafe { &*info };
    // SAFETY: a fault has an address.
    tell("informed:", unsafe { info.si_addr() }.addr());
}

/// Returns, so that the access is repeated.
extern "C" fn returning(_: c_int) {
    say("returning;");
}

fn unregistered() {
    read(FOREIGN);
}

fn in_a_memory() {
    let request = ReserveRequest::new(0, 1 << 16).classify_faults();
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    read(region.view().base.as_ptr().expose_provenance());
}

fn send() {
    // SAFETY: raises a signal on this thread.
    unsafe { libc::raise(libc::SIGSEGV) };
    println!("survived");
}

const PLAIN: fn() -> usize = || plain as *const () as usize;
const INFORMED: fn() -> usize = || informed as *const () as usize;
const RETURNING: fn() -> usize = || returning as *const () as usize;
const DEFAULT: fn() -> usize = || libc::SIG_DFL;
const IGNORE: fn() -> usize = || libc::SIG_IGN;
const KILLED: Ending = Ending::Signal(libc::SIGSEGV);

/// The previous action, its flags, the event, the outcome, and the expected message.
type Row = (&'static str, fn() -> usize, c_int, fn(), Ending, &'static str);

const ROWS: [Row; 11] = [
    ("plain", PLAIN, 0, unregistered, Ending::Success, "plain:mask;itself;\n"),
    ("plain, ours", PLAIN, 0, in_a_memory, Ending::Success, "plain:mask;itself;asked;\n"),
    (
        "informed",
        INFORMED,
        libc::SA_SIGINFO | libc::SA_ONSTACK,
        unregistered,
        Ending::Success,
        "informed:address;mask;itself;\n",
    ),
    (
        "not deferred",
        INFORMED,
        libc::SA_SIGINFO | libc::SA_NODEFER,
        unregistered,
        Ending::Success,
        "informed:address;mask;\n",
    ),
    ("plain, sent", PLAIN, 0, send, Ending::Success, "plain:mask;itself;\n"),
    ("once", RETURNING, libc::SA_RESETHAND, unregistered, KILLED, "returning;"),
    ("default", DEFAULT, 0, unregistered, KILLED, ""),
    ("default, ours", DEFAULT, 0, in_a_memory, KILLED, ""),
    ("default, sent", DEFAULT, 0, send, KILLED, ""),
    ("ignored", IGNORE, 0, unregistered, KILLED, ""),
    ("ignored, sent", IGNORE, 0, send, Ending::Success, "survived"),
];

#[test]
fn what_is_not_ours_goes_where_it_went_before() {
    let child = ChildTest::new("chain::what_is_not_ours_goes_where_it_went_before");
    if let Some(case) = child.case() {
        let (_, function, flags, fault, ..) = ROWS.iter().find(|row| row.0 == case).unwrap();
        // An access that is made again and again would take for ever.
        // SAFETY: sets a timer whose signal ends this process.
        unsafe { libc::alarm(20) };
        set_action(function(), *flags);
        let _stack = install();
        fault();
        return;
    }
    if !crate::stacks_of_handlers_are_aligned() {
        return;
    }
    for (case, _, flags, _, expected, said) in ROWS {
        let (ending, output) = child.run(case).unwrap();
        assert_eq!(ending, expected, "{case}: {output}");
        assert!(output.contains(said), "{case}: {output}");
        let calls = output.matches("returning;").count();
        assert_eq!(calls, usize::from(flags == libc::SA_RESETHAND), "{case}: {output}");
        assert!(ending != KILLED || !output.contains("survived"), "{case}: {output}");
    }
}

/// Overflows the stack.
fn deep(level: usize) -> usize {
    let here = black_box([level; 64]);
    if black_box(level) == usize::MAX { 0 } else { deep(level + 1) + here[level % 64] }
}

#[test]
fn rust_still_reports_stack_overflows() {
    let child = ChildTest::new("chain::rust_still_reports_stack_overflows");
    if let Some(case) = child.case() {
        let overflow = move || {
            let _stack = (case == "with a stack of ours").then(install);
            black_box(deep(0));
        };
        drop(install());
        thread::Builder::new()
            .name("deep-thread".to_owned())
            .spawn(overflow)
            .unwrap()
            .join()
            .unwrap();
        return;
    }
    for case in ["with a stack of ours", "with the stack of Rust"] {
        let (ending, output) = child.run(case).unwrap();
        assert_eq!(ending, Ending::Signal(libc::SIGABRT), "{case}: {output}");
        assert!(output.contains("has overflowed its stack"), "{case}: {output}");
        assert!(output.contains("deep-thread"), "{case}: {output}");
    }
}
