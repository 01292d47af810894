//! Room left on the stack of a handler.
#![allow(unsafe_code, reason = "asks about bytes below the stack pointer")]

use core::hint::black_box;
use core::ptr;

use crate::sys::signal_stack::SignalStack;
use crate::sys::{signal_frame, stderr};
use crate::units::HostPage;

/// Bytes that the handler may need before it calls a callback. A build without optimization, which
/// needs the most, uses three quarters of this.
pub(super) const FOR_HANDLER: usize = 3 << 10;

/// Bytes that printing a report may need, likewise.
pub(super) const FOR_REPORT: usize = 4 << 10;

/// The line that replaces a report.
const TOO_LITTLE: &str = "wrt-platform: too little stack is left to report a fault; an `AltStack` of \
                          the thread has enough\n";

/// Writes that line, with one system call.
pub(super) fn say_too_little() {
    stderr::write(TOO_LITTLE.as_bytes());
}

/// Whether the caller has `bytes` bytes of its stack left, at least 1 KiB.
///
/// The host reports the end of the thread's alternate stack. Other stacks are probed page by page
/// for writable bytes: a guard lies below the stack of a thread, and that of the main thread grows.
/// On hosts that cannot probe, the answer is `true`.
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
/// - **T1** The probed bytes lie below the stack pointer, and below the frames of the probing
///   functions: no code uses them.
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
