//! Alternate stacks: size, guard, and owner.
#![allow(unsafe_code, reason = "looks at the thread's signal stack")]

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;
use std::thread;

use wrt_platform::{
    AltStack, FaultHandler, MmapAllocator, Region, ReserveRequest, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending, Mappings};

/// The thread's alternate stack: address, size, and whether there is one.
fn current() -> (usize, usize, bool) {
    let mut now = MaybeUninit::<libc::stack_t>::uninit();
    // SAFETY: asking changes nothing.
    assert_eq!(unsafe { libc::sigaltstack(ptr::null(), now.as_mut_ptr()) }, 0);
    // SAFETY: the call has written it.
    let now = unsafe { now.assume_init() };
    (now.ss_sp.addr(), now.ss_size, now.ss_flags & libc::SS_DISABLE == 0)
}

#[test]
fn a_stack_is_a_threads_own_until_it_is_dropped() {
    let before = current();
    let stack = AltStack::new().unwrap();
    let during = current();
    assert!(stack.size() >= AltStack::host_frame() + AltStack::ROOM);
    assert_eq!((during.1, during.2), (stack.size(), true));
    assert_ne!(during.0, before.0);
    let elsewhere = thread::spawn(current).join().unwrap();
    assert_ne!(elsewhere.0, during.0);
    drop(stack);
    assert_eq!(current(), before);
}

/// Sets a stack of the test for the thread, or removes it.
fn set(bytes: Option<&'static mut [u8]>) {
    let flags = if bytes.is_some() { 0 } else { libc::SS_DISABLE };
    let bytes = bytes.unwrap_or_default();
    let stack =
        libc::stack_t { ss_sp: bytes.as_mut_ptr().cast(), ss_flags: flags, ss_size: bytes.len() };
    // SAFETY: the bytes are this stack's alone.
    assert_eq!(unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) }, 0);
}

fn leaked(size: usize) -> &'static mut [u8] {
    vec![0; size].leak()
}

#[test]
fn a_larger_stack_is_kept() {
    set(Some(leaked(1 << 20)));
    let before = current();
    let mut small = AltStack::new().unwrap();
    assert_eq!(current(), before);
    assert_eq!(small.size(), 1 << 20);
    assert_eq!(small.measure(|| panic!("these bytes are not its own")), None);
    drop(small);
    assert_eq!(current(), before);
    let larger = AltStack::with_room(2 << 20).unwrap();
    assert!(current().1 > before.1);
    drop(larger);
    assert_eq!(current(), before);
}

/// Stacks of one thread, created in order and dropped in every order: while there is one, the
/// thread has a sufficient stack, and afterwards its previous one, and no mapping is left.
#[test]
fn stacks_of_one_thread_do_not_end_each_other() {
    const SMALL: usize = 64 << 10;
    const LARGE: usize = 1 << 20;
    let child = ChildTest::new("stacks::stacks_of_one_thread_do_not_end_each_other");
    if child.case().is_none() {
        let (ending, output) = child.run("alone").unwrap();
        return assert_eq!(ending, Ending::Success, "{output}");
    }
    let before = current();
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for rooms in [[SMALL, SMALL, SMALL], [SMALL, LARGE, SMALL], [LARGE, SMALL, 2 * LARGE]] {
        for order in orders {
            let mappings = Mappings::of_process().map(|mappings| mappings.bytes());
            let mut stacks = rooms.map(|room| Some(AltStack::with_room(room).unwrap()));
            for index in order {
                for (room, _) in rooms.iter().zip(&stacks).filter(|(_, stack)| stack.is_some()) {
                    let (_, size, enabled) = current();
                    assert!(enabled && size >= *room, "{rooms:?} {order:?}: {size}");
                }
                stacks[index] = None;
            }
            assert_eq!(current(), before, "{rooms:?} {order:?}");
            assert_eq!(Mappings::of_process().map(|mappings| mappings.bytes()), mappings);
        }
    }
}

/// A stack that other code sets in between is kept if it suffices, and restored if it does not.
#[test]
fn a_stack_that_came_in_between_is_put_back() {
    let first = AltStack::new().unwrap();
    set(Some(leaked(32 << 10)));
    let theirs = current();
    let second = AltStack::new().unwrap();
    assert!(current().1 >= AltStack::ROOM);
    drop(first);
    assert!(current().1 >= AltStack::ROOM);
    drop(second);
    assert_eq!(current(), theirs);
    set(None);
    drop(AltStack::new().unwrap());
    assert!(!current().2);
}

#[test]
fn more_than_the_host_can_address_is_an_error() {
    let before = current();
    // A host of 32 bits can address 2 GiB less 1 MiB.
    let with_guards = isize::MAX as usize - if usize::BITS < 64 { 4096 } else { 1 << 20 };
    for bytes in [usize::MAX, isize::MAX as usize, with_guards] {
        assert!(AltStack::with_room(bytes).is_err(), "{bytes}");
    }
    assert_eq!(current(), before);
}

/// Overflows the stack.
fn deep(level: usize) -> usize {
    let here = black_box([level; 64]);
    if black_box(level) == usize::MAX { 0 } else { deep(level + 1) + here[level % 64] }
}

fn too_deep(_: &mut TrapContext<'_>) -> TrapAction {
    black_box(deep(0));
    TrapAction::Resume
}

/// A guard is below the stack: a callback that needs too much does not overwrite other memory.
#[test]
fn a_callback_that_needs_too_much_ends_the_process() {
    let child = ChildTest::new("stacks::a_callback_that_needs_too_much_ends_the_process");
    let Some(case) = child.case() else {
        for case in ["callback", "guard"] {
            let (ending, output) = child.run(case).unwrap();
            assert_eq!(ending, Ending::Signal(libc::SIGSEGV), "{case}: {output}");
            assert!(!output.contains("overflowed"), "{case}: {output}");
        }
        return;
    };
    let _stack = AltStack::new().unwrap();
    if case == "guard" {
        let below = ptr::with_exposed_provenance::<u8>(current().0 - 1);
        // SAFETY: the access faults.
        println!("read {}", unsafe { below.read_volatile() });
        return;
    }
    // SAFETY: that the callback needs too much stack is what is tested, in a process of its own.
    unsafe { FaultHandler::install(too_deep) }.unwrap();
    let request = ReserveRequest::new(0, 1 << 16).classify_faults();
    let mut region = Region::new(MmapAllocator::new(), &request).unwrap();
    // SAFETY: the access faults.
    let byte = unsafe { region.view().base.as_ptr().read_volatile() };
    println!("read {byte}");
}
