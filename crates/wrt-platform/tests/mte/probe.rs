//! Accesses to any address with any tag, by one instruction, which a handler skips if it faults.
//! All unsafe code of these tests is here.
#![allow(unsafe_code, reason = "accesses with wrong tags, which must fault")]

use std::arch::asm;
use std::process::exit;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use wrt_platform::{MteAllocator, PageAllocator, Region};
use wrt_testkit::{ChildTest, Ending};

/// `SEGV_MTESERR`, and no fault at all.
pub(crate) const TAG: i32 = 9;
pub(crate) const NONE: i32 = 0;

/// Bytes that share a tag.
pub(crate) const GRANULE: usize = 16;

static CODE: AtomicI32 = AtomicI32::new(NONE);

/// Records the code, and resumes after the instruction.
extern "C" fn skip(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel hands both to a handler with SA_SIGINFO.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<libc::ucontext_t>()) };
    CODE.store(info.si_code, Relaxed);
    context.uc_mcontext.pc += 4;
}

fn install() {
    // SAFETY: all zeroes is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = skip as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler touches an atomic and the context alone.
    assert_eq!(unsafe { libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut()) }, 0);
}

/// Runs `body` in a child process whose faults are skipped, and shows its output if it failed.
pub(crate) fn in_child(test: &str, body: impl FnOnce()) {
    let child = ChildTest::new(test);
    if child.case().is_some() {
        install();
        body();
        return;
    }
    let (ending, text) = child.run("probe").unwrap();
    assert_eq!(ending, Ending::Success, "{text}");
}

/// The `si_code` of a load of a byte, 0 if it was allowed.
pub(crate) fn load(address: usize) -> i32 {
    CODE.store(NONE, Relaxed);
    // SAFETY: one instruction of a known length; where it faults the handler skips it.
    unsafe { asm!("ldrb {0:w}, [{1}]", out(reg) _, in(reg) address, options(nostack)) };
    CODE.load(Relaxed)
}

/// The `si_code` of a store of the byte 0xEE, 0 if it was allowed.
pub(crate) fn store(address: usize) -> i32 {
    CODE.store(NONE, Relaxed);
    // SAFETY: as for `load`; tests store into memories of their own that nobody borrows.
    unsafe { asm!("strb {0:w}, [{1}]", in(reg) 0xEE, in(reg) address, options(nostack)) };
    CODE.load(Relaxed)
}

/// `PSTATE.TCO` of this thread: whether checks are suspended.
pub(crate) fn checks_suspended() -> bool {
    let state: u64;
    // SAFETY: reads a flag.
    unsafe { asm!("mrs {0}, S3_3_C4_C2_7", out(reg) state, options(nomem, nostack)) };
    state != 0
}

/// The address of a byte, and its tag.
pub(crate) fn at<P: PageAllocator>(region: &Region<P>, offset: isize) -> usize {
    region.reservation().base().as_ptr().addr().wrapping_add_signed(offset)
}

pub(crate) fn tag_of(address: usize) -> usize {
    address >> 56 & 0xf
}

pub(crate) fn with_tag(address: usize, tag: usize) -> usize {
    bare(address) | tag << 56
}

pub(crate) fn bare(address: usize) -> usize {
    address & !(0xff << 56)
}

/// Checks that accesses to the granule fault with every tag but its own.
pub(crate) fn expect_only(own: usize) {
    for tag in 0..16 {
        let address = with_tag(own, tag);
        let expected = if tag == tag_of(own) { NONE } else { TAG };
        assert_eq!(load(address), expected, "load from {address:#x}, tagged {:#x}", tag_of(own));
        if expected != NONE {
            assert_eq!(store(address), expected, "store to {address:#x}");
        }
    }
}

/// `expect_only` for the first and the last granule of every page, and the backend's verification
/// of all granules.
pub(crate) fn expect_tagged(region: &Region<MteAllocator>) {
    assert_ne!(tag_of(at(region, 0)), 0);
    let page = region.allocator().page().bytes();
    for page_start in (0..region.committed().get()).step_by(page) {
        expect_only(at(region, page_start as isize));
        expect_only(at(region, (page_start + page - GRANULE) as isize));
    }
    assert_eq!(region.verify(), Ok(()));
}

/// Drops the pages from `address`, like code that is not aware of tags.
pub(crate) fn drop_pages(address: usize, len: usize) {
    // SAFETY: the test's own pages, which nobody borrows.
    let outcome =
        unsafe { libc::madvise(bare(address) as *mut libc::c_void, len, libc::MADV_DONTNEED) };
    assert_eq!(outcome, 0);
}

/// Maps new pages without tags over them.
pub(crate) fn map_over(address: usize, len: usize) {
    let (rights, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED,
    );
    let start = bare(address) as *mut libc::c_void;
    // SAFETY: as for `drop_pages`.
    let mapped = unsafe { libc::mmap(start, len, rights, flags, -1, 0) };
    assert_eq!(mapped, start);
}

/// Disables everything for this thread: checks, and tagged addresses in system calls.
pub(crate) fn switch_off() {
    // SAFETY: a setting of this thread.
    assert_eq!(unsafe { libc::prctl(55, 0, 0, 0, 0) }, 0);
}

/// Runs `body` in a fork of this process.
pub(crate) fn in_fork(body: impl FnOnce()) {
    // SAFETY: this process has no other thread that could hold a lock.
    match unsafe { libc::fork() } {
        0 => {
            body();
            exit(7);
        }
        child => {
            let mut status = 0;
            // SAFETY: waits for the child just made.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert!(libc::WIFEXITED(status), "{status:#x}");
            assert_eq!(libc::WEXITSTATUS(status), 7, "a check failed in the fork");
        }
    }
}

/// A copy by the host.
pub(crate) fn copy(from: usize, to: usize, len: usize) {
    // SAFETY: the test's own bytes; a wrong tag ends the process.
    unsafe { std::ptr::copy(from as *const u8, to as *mut u8, len) };
    // Else the copy could be left out, since nobody looks at the bytes.
    std::hint::black_box(to as *mut u8);
}
