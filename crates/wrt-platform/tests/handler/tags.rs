//! A pointer with the wrong tag, where the processor has tags (Arm ARM, "Memory Tagging
//! Extension").
#![allow(unsafe_code, reason = "a pointer with the wrong tag")]

use std::arch::asm;
use std::ptr;

use libc::{MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE};
use wrt_platform::{
    AltStack, FaultHandler, FaultKind, FaultRegistration, MemoryExtent, TrapAction, TrapContext,
};
use wrt_testkit::{ChildTest, Ending};

/// `asm/hwcap.h`, `HWCAP2_MTE`.
const TAGS_IN_PROCESSOR: libc::c_ulong = 1 << 18;
/// `asm/mman.h`, `PROT_MTE`.
const PROT_MTE: i32 = 0x20;
/// `linux/prctl.h`: tagged addresses, and a synchronous fault for a mismatch of any tag but 0.
const TAGGED_ADDRESSES: i32 = 55;
const SYNCHRONOUS: libc::c_ulong = 1 | 1 << 1 | 0xfffe << 3;

const LEN: usize = 4096;

fn say(trap: &mut TrapContext<'_>) -> TrapAction {
    trap.report().print_to_stderr();
    TrapAction::Decline
}

fn with_tag(base: *mut u8, tag: usize) -> *mut u8 {
    base.map_addr(|address| address | tag << 56)
}

/// A page whose first granule has tag 3.
fn tagged_page() -> *mut u8 {
    // SAFETY: concerns this thread's tags, of which it has none yet.
    let enabled = unsafe { libc::prctl(TAGGED_ADDRESSES, SYNCHRONOUS, 0, 0, 0) };
    assert_eq!(enabled, 0);
    let (rights, flags) = (PROT_READ | PROT_WRITE | PROT_MTE, MAP_PRIVATE | MAP_ANONYMOUS);
    // SAFETY: a new mapping at an address of the host's choosing disturbs nobody.
    let base = unsafe { libc::mmap(ptr::null_mut(), LEN, rights, flags, -1, 0) };
    assert_ne!(base, libc::MAP_FAILED);
    let tagged = with_tag(base.cast(), 3);
    // SAFETY: the granule is ours, and no pointer to it has been used.
    unsafe {
        asm!(".arch_extension memtag", "stg {granule}, [{granule}]", granule = in(reg) tagged)
    };
    tagged
}

#[test]
fn a_wrong_tag_is_reported_and_ends_the_process() {
    let child = ChildTest::new("tags::a_wrong_tag_is_reported_and_ends_the_process");
    // SAFETY: any number may be asked for.
    if unsafe { libc::getauxval(libc::AT_HWCAP2) } & TAGS_IN_PROCESSOR == 0 {
        println!("skipped: this processor has no tags");
        return;
    }
    if child.case().is_none() {
        let (ending, output) = child.run("wrong tag").unwrap();
        assert_eq!(ending, Ending::Signal(libc::SIGSEGV), "{output}");
        let kind = FaultKind::TagMismatch;
        let text = format!("memory \"tagged\": access at 0x8, with the wrong tag ({kind})");
        assert!(output.contains(&text), "{output}");
        assert!(output.contains("read 7"), "{output}");
        return;
    }
    let _stack = AltStack::new().unwrap();
    // SAFETY: printing a report takes no lock and no allocation.
    unsafe { FaultHandler::install(say) }.unwrap();
    let page = tagged_page();
    let extent = MemoryExtent { base: page.addr(), len: LEN, capacity: LEN, ..Default::default() };
    let _registration = FaultRegistration::new(Some("tagged"), extent).unwrap();
    // SAFETY: the tag fits.
    unsafe { page.write_volatile(7) };
    // SAFETY: the tag fits.
    println!("read {}", unsafe { page.read_volatile() });
    let wrong = page.map_addr(|address| address ^ (7 << 56)).wrapping_add(8);
    // SAFETY: the tag does not fit, so the access faults.
    println!("read {}", unsafe { wrong.read_volatile() });
}
