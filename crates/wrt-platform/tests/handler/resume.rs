//! Faults after which code resumes.
#![allow(unsafe_code, reason = "callbacks that say where code goes on")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use wrt_platform::{
    AltStack, CommitPolicy, FaultHandler, FaultKind, GuardPolicy, MmapAllocator, Region,
    ReserveRequest, TrapAction, TrapContext,
};

use crate::probe::{faulting_instruction, landing, load};

static DECLINED: AtomicUsize = AtomicUsize::new(0);
static STACK_POINTER: AtomicUsize = AtomicUsize::new(0);

/// A callback that sees every fault first and declines it.
fn decline(_: &mut TrapContext<'_>) -> TrapAction {
    DECLINED.fetch_add(1, Ordering::Relaxed);
    TrapAction::Decline
}

/// The value passed to the landing: kind and address in one.
fn coded(kind: FaultKind, wasm_address: i64) -> u64 {
    (wasm_address as u64) << 4 | kind as u64
}

/// Makes bytes of a lazy memory accessible; resumes the probe's faults at the landing.
fn land(trap: &mut TrapContext<'_>) -> TrapAction {
    let report = *trap.report();
    if report.name.as_str() == "lazy" {
        let page = (report.address & !0xffff) as *mut libc::c_void;
        // SAFETY: the page is reserved for the memory, and its owner waits for this access.
        unsafe { libc::mprotect(page, 1 << 16, libc::PROT_READ | libc::PROT_WRITE) };
        return TrapAction::Resume;
    }
    let registers = trap.registers().unwrap();
    if registers.program_counter != faulting_instruction() {
        return TrapAction::Decline;
    }
    STACK_POINTER.store(registers.stack_pointer, Ordering::Relaxed);
    let told = coded(report.kind, report.wasm_address);
    // SAFETY: the landing returns to the caller of the load, which had pushed nothing.
    unsafe { trap.resume_at(landing().argument(told as usize)) }.unwrap();
    TrapAction::Resume
}

fn install() {
    for callback in [decline, land, decline, land] {
        // SAFETY: both read and write atomics and registers, and make one system call.
        unsafe { FaultHandler::install(callback) }.unwrap();
    }
}

fn memory(name: &str) -> Region<MmapAllocator> {
    let request = ReserveRequest::new(64 << 10, 256 << 10)
        .commit(CommitPolicy::Exact)
        // An emulator counts every page of a guard, and these are many memories.
        .guards(GuardPolicy::SmallGuard)
        .name(name)
        .classify_faults();
    Region::new(MmapAllocator::new(), &request).unwrap()
}

fn at(region: &mut Region<MmapAllocator>, offset: isize) -> *const u64 {
    region.view().base.as_ptr().wrapping_offset(offset).cast()
}

#[test]
fn a_callback_sends_code_elsewhere() {
    install();
    let _stack = AltStack::new().unwrap();
    let mut region = memory("heap");
    region.store(8, 42_u64.to_ne_bytes()).unwrap();
    // A second fault arrives only if the first left the signal unblocked.
    for _ in 0..100 {
        assert_eq!(load(at(&mut region, 8)), Ok(42));
        for (offset, kind) in [
            (-8, FaultKind::GuardBefore),
            (64 << 10, FaultKind::BeyondLength),
            (128 << 10, FaultKind::BeyondLength),
            (256 << 10, FaultKind::GuardAfter),
        ] {
            let told = load(at(&mut region, offset));
            assert_eq!(told, Err(coded(kind, offset as i64)), "{offset}");
        }
    }
    region.grow_to(128 << 10).unwrap();
    assert_eq!(load(at(&mut region, 64 << 10)), Ok(0));
    assert!(load(at(&mut region, 128 << 10)).is_err());
    let here = (&raw const region).addr();
    let there = STACK_POINTER.load(Ordering::Relaxed);
    assert!(here.abs_diff(there) < 1 << 20, "the stack pointer of the thread that faulted");
    assert!(DECLINED.load(Ordering::Relaxed) >= 401, "the first callback is asked first");
}

#[test]
fn an_access_is_made_again_when_nothing_else_is_said() {
    install();
    let _stack = AltStack::new().unwrap();
    let mut region = memory("lazy");
    assert_eq!(load(at(&mut region, 64 << 10)), Ok(0));
    assert_eq!(load(at(&mut region, (64 << 10) + 8)), Ok(0));
}

/// Faults while its memory grows, until the other threads have created memories, and for a minimum
/// number of times.
fn fault_meanwhile(made: &AtomicUsize) {
    let _stack = AltStack::new().unwrap();
    let mut round = 0;
    while round < 20 || made.load(Ordering::Relaxed) < 400 {
        let mut region = memory("heap");
        for len in [64 << 10, 128 << 10, 192 << 10_isize] {
            region.grow_to(len as u64).unwrap();
            for offset in [len, len + 4096] {
                let expected = coded(FaultKind::BeyondLength, offset as i64);
                assert_eq!(load(at(&mut region, offset)), Err(expected));
            }
        }
        round += 1;
    }
}

#[test]
fn threads_fault_while_others_make_and_drop_memories() {
    install();
    let (made, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let held: Vec<_> = (0..40).map(|_| memory("passing")).collect();
                    made.fetch_add(held.len(), Ordering::Relaxed);
                }
            });
        }
        let faulters = [(); 3].map(|()| scope.spawn(|| fault_meanwhile(&made)));
        let outcomes = faulters.map(|one| one.join());
        stop.store(true, Ordering::Relaxed);
        outcomes.into_iter().for_each(|one| one.unwrap());
    });
}
