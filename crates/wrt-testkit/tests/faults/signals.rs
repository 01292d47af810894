//! Known bugs in signal handling.
#![allow(unsafe_code, reason = "a callback that says where code goes on")]

use wrt_platform::{
    AltStack, FaultHandler, MmapAllocator, Region, ReserveRequest, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending};

use crate::probe::{faulting_instruction, landing, load};

/// A callback that does as much as it may do.
fn print_and_land(trap: &mut TrapContext<'_>) -> TrapAction {
    trap.report().print_to_stderr();
    if trap.registers().is_none_or(|found| found.program_counter != faulting_instruction()) {
        return TrapAction::Decline;
    }
    // SAFETY: the landing returns to the caller of the load, which had pushed nothing.
    match unsafe { trap.resume_at(landing()) } {
        Ok(()) => TrapAction::Resume,
        Err(_) => TrapAction::Decline,
    }
}

/// The handler leaves the documented reserve to callbacks and previous handlers. In a child
/// process, since a stack that is too small ends it.
#[test]
fn f17_the_signal_stack_keeps_its_reserve() {
    let child = ChildTest::new("signals::f17_the_signal_stack_keeps_its_reserve");
    if child.case().is_none() {
        let (ending, output) = child.run("measure").unwrap();
        assert_eq!(ending, Ending::Success, "{output}");
        assert!(output.contains("memory \"a name"), "{output}");
        let line = output.lines().find(|line| line.contains("bytes of the signal stack"));
        println!("{}", line.unwrap_or("nothing was measured"));
        return;
    }
    // SAFETY: printing a report and setting a resume point take no lock and no allocation.
    unsafe { FaultHandler::install(print_and_land) }.unwrap();
    let request = ReserveRequest::new(0, 1 << 16)
        .name("a name as long as names of memories can ever be")
        .classify_faults();
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    let beyond = region.view().base.as_ptr().cast_const().cast();
    let mut stack = AltStack::new().unwrap();
    let (size, host) = (stack.size(), AltStack::host_frame());
    let used = stack.measure(|| assert!(load(beyond).is_err())).unwrap();
    println!("used {used} of {size} bytes of the signal stack; the host's part is at most {host}");
    assert!(used > 512, "the handler ran on another stack");
    assert!(size >= host + AltStack::ROOM, "the stack has less room than is said");
    let ours = AltStack::ROOM - AltStack::RESERVE;
    assert!(used <= host + ours, "the handler and the host need more than {host} + {ours} bytes");
}
