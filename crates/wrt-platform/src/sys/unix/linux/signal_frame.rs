//! Signal frames on Linux and Android.
#![allow(unsafe_code, reason = "asks the kernel for a size")]

use core::ffi::c_int;

/// `SA_EXPOSE_TAGBITS`: the address of a fault keeps its tag. Kernels before 5.11 ignore it.
pub(crate) const EXPOSE_TAG_BITS: c_int = 0x800;

/// Bytes that the kernel needs on a signal stack on this machine (getauxval(3), `AT_MINSIGSTKSZ`):
/// more than the constant if vector registers are wide.
pub(crate) fn smallest_stack() -> usize {
    // SAFETY: the function's contract: any number may be asked for, and 0 says that it is unknown.
    let said = unsafe { libc::getauxval(AT_MINSIGSTKSZ) } as usize;
    said.max(libc::MINSIGSTKSZ)
}

/// The C library's binding lacks it for some targets (`linux/auxvec.h`).
const AT_MINSIGSTKSZ: libc::c_ulong = 51;

/// Whether eight bytes can be written. If so, it writes them. Safe in a signal handler.
///
/// # Safety
///
/// No code uses the bytes, if they exist.
pub(crate) unsafe fn is_writable(address: usize) -> bool {
    // SAFETY: the function's contract: it gives the place of this thread's `errno`.
    let errno = unsafe { errno_place() };
    // SAFETY: as above, by that contract it is valid.
    let before = unsafe { *errno };
    // The kernel writes the set of pending signals, or finds that it cannot.
    // SAFETY: the caller's contract.
    let outcome = unsafe { libc::syscall(libc::SYS_rt_sigpending, address, size_of::<u64>()) };
    // SAFETY: as above, by its contract the place is valid.
    unsafe { *errno = before };
    outcome == 0
}

#[cfg(target_os = "android")]
use libc::__errno as errno_place;
#[cfg(not(target_os = "android"))]
use libc::__errno_location as errno_place;
