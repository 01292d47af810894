//! What is left of the stack that a handler runs on.
#![allow(unsafe_code, reason = "asks about bytes below the stack pointer")]

use core::hint::black_box;
use core::ptr;

use crate::sys::signal_stack::SignalStack;
use crate::sys::{signal_frame, stderr};
use crate::units::HostPage;

/// Bytes that the handler may need before it asks a callback. In a build without optimization, which
/// takes most, it needs three quarters of this.
pub(super) const FOR_HANDLER: usize = 3 << 10;

/// Bytes that printing a report may need, likewise.
pub(super) const FOR_REPORT: usize = 4 << 10;

/// What is said in place of a report.
const TOO_LITTLE: &str = "wrt-platform: too little stack is left to report a fault; an `AltStack` of \
                          the thread has enough\n";

/// Says that there is not enough, by one system call.
pub(super) fn say_too_little() {
    stderr::write(TOO_LITTLE.as_bytes());
}

/// Whether the caller has so many bytes of its stack left, which are a KiB or more.
///
/// The host says where the thread's alternate stack ends. Of another stack it is asked page by page
/// whether it can be written: below the stack of a thread lies a guard, and that of the main thread
/// grows. Hosts that cannot be asked give a handler the benefit of the doubt.
#[inline(never)]
pub(super) fn is_left(bytes: usize) -> bool {
    let here = 0_u8;
    let here = ptr::from_ref(black_box(&here)).addr();
    if let Ok(stack) = SignalStack::now()
        && stack.is_enabled()
    {
        let left = here.wrapping_sub(stack.start());
        if left < stack.size() {
            return left >= bytes;
        }
    }
    is_writable_below(here, bytes)
}

/// Whether the `bytes` bytes below `here`, an address on the caller's stack, are writable.
///
/// - **T1** What is looked at lies below the stack pointer, and out of reach of the functions that
///   look: nobody uses it.
fn is_writable_below(here: usize, bytes: usize) -> bool {
    const PAGE: usize = HostPage::SMALLEST.bytes();
    let lowest = here.wrapping_sub(bytes) & !(size_of::<u64>() - 1);
    let mut page = here & !(PAGE - 1);
    while page > lowest {
        page -= PAGE;
        // SAFETY: T1.
        if !unsafe { signal_frame::is_writable(page.max(lowest)) } {
            return false;
        }
    }
    true
}
