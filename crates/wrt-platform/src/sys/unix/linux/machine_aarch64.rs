//! aarch64 Linux (`asm/sigcontext.h`, `struct sigcontext`).
#![allow(unsafe_code, reason = "the context of interrupted code")]

use core::ffi::c_void;

use crate::registers::{Registers, ResumePoint, UnknownRegisters};

pub(crate) type Machine = libc::mcontext_t;

/// The register that the procedure call standard makes the frame pointer.
const FRAME: usize = 29;

/// The registers in the context.
///
/// # Safety
///
/// It is the context of a running handler, and no other code uses it.
pub(crate) unsafe fn machine<'a>(context: *mut c_void) -> &'a mut Machine {
    let context = context.cast::<libc::ucontext_t>();
    // SAFETY: the caller's contract: the field lies within the context.
    let machine = unsafe { &raw mut (*context).uc_mcontext };
    // SAFETY: the caller's contract.
    unsafe { &mut *machine }
}

pub(crate) fn read(machine: &Machine) -> Option<Registers> {
    Some(Registers {
        program_counter: machine.pc as usize,
        stack_pointer: machine.sp as usize,
        frame_pointer: machine.regs.get(FRAME).map_or(0, |value| *value as usize),
    })
}

pub(crate) fn write(machine: &mut Machine, point: &ResumePoint) -> Result<(), UnknownRegisters> {
    machine.pc = point.program_counter as u64;
    if let Some(value) = point.stack_pointer {
        machine.sp = value as u64;
    }
    if let ([first, ..], Some(value)) = (&mut machine.regs, point.result.or(point.argument)) {
        *first = value as u64;
    }
    Ok(())
}
