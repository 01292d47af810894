//! An access as in compiled code: one instruction that may fault, and a place to resume.
#![allow(unsafe_code, reason = "an access as compiled code makes it")]

use core::arch::global_asm;

use wrt_platform::ResumePoint;

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl wrt_probe_load, wrt_probe_landing",
    "wrt_probe_load:",
    "mov rax, qword ptr [rdi]",
    "xor edx, edx",
    "ret",
    "wrt_probe_landing:",
    "mov rax, rdi",
    "mov edx, 1",
    "ret",
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl wrt_probe_load, wrt_probe_landing",
    "wrt_probe_load:",
    "ldr x0, [x0]",
    "mov x1, #0",
    "ret",
    "wrt_probe_landing:",
    "mov x1, #1",
    "ret",
);

/// Both in registers.
#[repr(C)]
struct Outcome {
    value: u64,
    trapped: u64,
}

unsafe extern "C" {
    fn wrt_probe_load(address: *const u64) -> Outcome;
    fn wrt_probe_landing();
}

/// The eight bytes at `address`, or the value that the callback put into the first argument's
/// register before resuming at [`landing`].
pub(crate) fn load(address: *const u64) -> Result<u64, u64> {
    // SAFETY: the load either reads bytes that nobody writes or faults, and a fault ends at the
    // landing, which returns as the load would have.
    let Outcome { value, trapped } = unsafe { wrt_probe_load(address) };
    if trapped == 0 { Ok(value) } else { Err(value) }
}

/// The instruction of [`load`] that may fault.
pub(crate) fn faulting_instruction() -> usize {
    wrt_probe_load as *const () as usize
}

/// The resume point of [`load`] after a fault.
pub(crate) fn landing() -> ResumePoint {
    ResumePoint::new(wrt_probe_landing as *const () as usize)
}
