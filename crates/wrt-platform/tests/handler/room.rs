//! Stacks with too little room for a report.
#![allow(unsafe_code, reason = "faults on stacks of every size")]

use std::cell::Cell;
use std::ffi::c_int;
use std::hint::black_box;
use std::mem::{self, MaybeUninit};
use std::ptr;
use std::thread;

use wrt_platform::{
    AltStack, FaultHandler, MmapAllocator, Region, ReserveRequest, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending};

/// The line that replaces a report.
const TOO_LITTLE: &str = "too little stack is left to report a fault";
/// The report in these tests.
const REPORT: &str = "memory \"a name as long as names of memories can ever be\"";
/// The line of the previous handler.
const PASSED_ON: &str = "passed on";

const PAGE: usize = 1 << 16;

thread_local! {
    /// The page for a handler to make accessible.
    static FAULTING: Cell<usize> = const { Cell::new(0) };
}

fn report(context: &mut TrapContext<'_>) -> TrapAction {
    context.report().print_to_stderr();
    TrapAction::Decline
}

/// The previous handler, which needs little stack and makes the repeated access succeed.
extern "C" fn give_access(_: c_int) {
    let (page, rights) = (FAULTING.get(), libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: the page is of the test's memory, of which nobody uses this byte.
    unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(page), PAGE, rights) };
    // SAFETY: the text is valid to read.
    unsafe { libc::write(libc::STDERR_FILENO, PASSED_ON.as_ptr().cast(), PASSED_ON.len()) };
}

fn install() {
    // SAFETY: all zeroes are an action.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = give_access as *const () as usize;
    action.sa_flags = libc::SA_ONSTACK;
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: the function fits the flags.
        assert_eq!(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }, 0);
    }
    // SAFETY: the callback prints a report.
    unsafe { FaultHandler::install(report) }.unwrap();
}

fn memory() -> Region<MmapAllocator> {
    let request = ReserveRequest::new(0, 1 << 30)
        .name("a name as long as names of memories can ever be")
        .classify_faults();
    Region::new(MmapAllocator::new(), &request).unwrap()
}

/// Reads a page of the memory that was not accessed yet.
#[inline(never)]
fn fault(page: usize) {
    FAULTING.set(page);
    // SAFETY: the access faults, and then reads zeroes.
    assert_eq!(unsafe { ptr::with_exposed_provenance::<u8>(page).read_volatile() }, 0);
}

/// Bytes of stack beyond the signal frame.
fn sizes() -> impl Iterator<Item = usize> {
    (3 << 9..12 << 10).step_by(128)
}

/// Checks that every fault is reported, by a report or by the line in its place, and passed on: the
/// line with little stack, the report with more.
fn expect_all_told(output: &str) {
    let told: Vec<_> = output
        .split("left: ")
        .skip(1)
        .map(|said| {
            assert!(said.contains(PASSED_ON), "the end of {output}");
            match (said.contains(REPORT), said.contains(TOO_LITTLE)) {
                (true, false) => true,
                (false, true) => false,
                _ => panic!("{said:?} in {output}"),
            }
        })
        .collect();
    assert_eq!(told.len(), sizes().count(), "{output}");
    assert!(!told[0] && told[told.len() - 1], "{output}");
    let turns = told.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(turns, 1, "{output}");
}

/// An alternate stack of each size, with an inaccessible page below it.
#[test]
fn a_small_alternate_stack_is_told_of() {
    let child = ChildTest::new("room::a_small_alternate_stack_is_told_of");
    if child.case().is_none() {
        if !crate::stacks_of_handlers_are_aligned() {
            return;
        }
        let (ending, output) = child.run("sizes").unwrap();
        assert_eq!(ending, Ending::Success, "{output}");
        return expect_all_told(&output);
    }
    install();
    let mut region = memory();
    let base = region.view().base.as_ptr().expose_provenance();
    let len = 1 << 20;
    let (rights, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
    // SAFETY: a new mapping.
    let mapping = unsafe { libc::mmap(ptr::null_mut(), len, rights, flags, -1, 0) };
    assert_ne!(mapping, libc::MAP_FAILED);
    // SAFETY: nobody uses the page.
    assert_eq!(unsafe { libc::mprotect(mapping, PAGE, libc::PROT_NONE) }, 0);
    for (index, size) in sizes().enumerate() {
        let stack = libc::stack_t {
            ss_sp: mapping.wrapping_byte_add(PAGE),
            ss_flags: 0,
            ss_size: AltStack::host_frame() + size,
        };
        // SAFETY: the bytes are the stack's alone.
        assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
        eprint!("left: {size} ");
        fault(base + index * PAGE);
    }
}

/// The lowest address of this thread's stack.
fn stack_of_thread() -> usize {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: every thread has a name for itself.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: there is room for the attributes of this thread.
    let got = unsafe { libc::pthread_getattr_np(this, attributes.as_mut_ptr()) };
    assert_eq!(got, 0);
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the call has written them.
    unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) };
    // SAFETY: as above.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    start.addr()
}

/// Recurses until little more than `left` bytes are left above `end`, then faults.
#[inline(never)]
fn with_left(end: usize, left: usize, page: usize) -> usize {
    let here = black_box([0_usize; 4]);
    if ptr::from_ref(&here).addr() - end > left {
        return with_left(end, left, page) + here[left % 4];
    }
    fault(page);
    here[left % 4]
}

/// A thread without an alternate stack, which uses its own down to each size.
#[test]
fn the_end_of_a_threads_own_stack_is_told_of() {
    let child = ChildTest::new("room::the_end_of_a_threads_own_stack_is_told_of");
    if child.case().is_none() {
        if !crate::stacks_of_handlers_are_aligned() {
            return;
        }
        let (ending, output) = child.run("sizes").unwrap();
        assert_eq!(ending, Ending::Success, "{output}");
        return expect_all_told(&output);
    }
    install();
    let mut region = memory();
    let base = region.view().base.as_ptr().expose_provenance();
    thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || {
            // SAFETY: all zeroes but the flag are no stack.
            let mut none: libc::stack_t = unsafe { mem::zeroed() };
            none.ss_flags = libc::SS_DISABLE;
            // SAFETY: this takes the thread's stack away, which nobody uses.
            assert_eq!(unsafe { libc::sigaltstack(&raw const none, ptr::null_mut()) }, 0);
            let end = stack_of_thread();
            for (index, size) in sizes().enumerate() {
                eprint!("left: {size} ");
                with_left(end, AltStack::host_frame() + size, base + index * PAGE);
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
