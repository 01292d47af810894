//! A fault handler that the host refuses to install.
#![allow(unsafe_code, reason = "a handler, and a fault for it")]

use std::mem::MaybeUninit;
use std::ptr;

use wrt_platform::{FaultHandler, MmapAllocator, Region, ReserveRequest, TrapAction, TrapContext};
use wrt_testkit::{ChildTest, Ending};

use crate::tracer::{self, BEGUN};

const TEST: &str = "handler::an_installation_that_failed_leaves_no_callback";

/// The line of the callback.
const ASKED: &str = "the callback was asked";

/// The system call that sets and queries the action of a signal. An installation makes four calls:
/// both for each of two signals.
const CALL: &str = "rt_sigaction";
const CALLS: usize = 4;

fn say(_: &mut TrapContext<'_>) -> TrapAction {
    // SAFETY: the text is valid to read.
    unsafe { libc::write(libc::STDERR_FILENO, ASKED.as_ptr().cast(), ASKED.len()) };
    TrapAction::Decline
}

/// Makes more calls than the main thread has made at the program's start.
fn outnumber_the_main_thread() {
    for _ in 0..32 {
        let mut action = MaybeUninit::uninit();
        // SAFETY: asking changes nothing, and the action is written to where there is room.
        unsafe { libc::sigaction(libc::SIGUSR1, ptr::null(), action.as_mut_ptr()) };
    }
}

/// Installs the handler, once without success, and faults in a memory.
fn life(installations: usize) {
    outnumber_the_main_thread();
    println!("{BEGUN}");
    for installation in 0..installations {
        // SAFETY: the callback makes a system call.
        let installed = unsafe { FaultHandler::install(say) };
        assert_eq!(installed.is_ok(), installation > 0);
    }
    let request = ReserveRequest::new(0, 1 << 16).classify_faults();
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    // SAFETY: the access faults.
    println!("read {}", unsafe { region.view().base.as_ptr().read_volatile() });
}

#[test]
fn an_installation_that_failed_leaves_no_callback() {
    if let Some(case) = ChildTest::new(TEST).case() {
        return life(case.parse().unwrap());
    }
    if tracer::is_blind() {
        return;
    }
    let first = tracer::run(TEST, "1", &[CALL], &[]).early(CALL) + 1;
    for number in first..first + CALLS {
        for (installations, asked) in [(1, false), (2, true)] {
            let case = installations.to_string();
            let seen = tracer::run(TEST, &case, &[CALL], &[(CALL, &number.to_string())]);
            assert_eq!((seen.failed_early(), seen.failed()), (0, 1), "{number}");
            let (ending, output) = seen.end();
            assert_eq!(ending, Ending::Signal(libc::SIGSEGV), "{number}: {output}");
            assert_eq!(output.contains(ASKED), asked, "{number}, {case}: {output}");
        }
    }
}
