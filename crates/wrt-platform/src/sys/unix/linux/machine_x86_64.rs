//! x86-64 Linux (`asm/sigcontext.h`, `struct sigcontext`).
#![allow(unsafe_code, reason = "the context of interrupted code")]

use core::ffi::{c_int, c_void};

use crate::registers::{Registers, ResumePoint, UnknownRegisters};

/// The part of the context that the kernel fills on every machine. The fields that the C library
/// declares after it may lie beyond the signal frame.
pub(crate) type Machine = libc::mcontext_t;

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

fn register(machine: &Machine, name: c_int) -> usize {
    machine.gregs.get(name as usize).map_or(0, |value| *value as usize)
}

fn set(machine: &mut Machine, name: c_int, value: Option<usize>) {
    if let (Some(register), Some(value)) = (machine.gregs.get_mut(name as usize), value) {
        *register = value as i64;
    }
}

pub(crate) fn read(machine: &Machine) -> Option<Registers> {
    Some(Registers {
        program_counter: register(machine, libc::REG_RIP),
        stack_pointer: register(machine, libc::REG_RSP),
        frame_pointer: register(machine, libc::REG_RBP),
    })
}

pub(crate) fn write(machine: &mut Machine, point: &ResumePoint) -> Result<(), UnknownRegisters> {
    set(machine, libc::REG_RIP, Some(point.program_counter));
    set(machine, libc::REG_RSP, point.stack_pointer);
    set(machine, libc::REG_RDI, point.argument);
    set(machine, libc::REG_RAX, point.result);
    Ok(())
}
