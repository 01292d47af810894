//! What Linux and Android have of their own.
#![allow(unsafe_code)]

use core::ffi::c_int;

/// `SA_EXPOSE_TAGBITS`: the address of a fault keeps its tag. Kernels before 5.11 ignore it.
pub(super) const EXPOSE_TAG_BITS: c_int = 0x800;

/// Bytes that the kernel needs on a signal stack on this machine (getauxval(3),
/// `AT_MINSIGSTKSZ`): more than the constant where vector registers are wide.
pub(super) fn smallest_stack() -> usize {
    // SAFETY: the function's contract: any number may be asked for, and 0 says that it is unknown.
    let said = unsafe { libc::getauxval(AT_MINSIGSTKSZ) } as usize;
    said.max(libc::MINSIGSTKSZ)
}

/// The C library's binding lacks it for some targets (`linux/auxvec.h`).
const AT_MINSIGSTKSZ: libc::c_ulong = 51;
