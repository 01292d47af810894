//! Twin for hosts whose layout of registers is not known: callbacks have only the report.
#![allow(unsafe_code, reason = "the context of interrupted code")]

use core::ffi::c_void;

use crate::registers::{Registers, ResumePoint, UnknownRegisters};

pub(crate) type Machine = ();

/// No registers.
///
/// # Safety
///
/// None; on other hosts the context must be that of a running handler.
pub(crate) unsafe fn machine<'a>(_context: *mut c_void) -> &'a mut Machine {
    // SAFETY: the contract of references: one to nothing needs only not to be null.
    unsafe { core::ptr::NonNull::dangling().as_mut() }
}

pub(crate) const fn read(_machine: &Machine) -> Option<Registers> {
    None
}

pub(crate) const fn write(
    _machine: &mut Machine,
    _point: &ResumePoint,
) -> Result<(), UnknownRegisters> {
    Err(UnknownRegisters)
}
