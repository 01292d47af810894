//! What a callback sees of a fault, and what it may change.
#![allow(unsafe_code, reason = "sends interrupted code elsewhere")]

use core::fmt;

use super::registers::{self, Machine};
use crate::fault::report::FaultReport;

/// What a callback decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrapAction {
    /// The code goes on: at the resume point if one was set, else with the access that faulted.
    Resume,
    /// The fault is not this callback's.
    Decline,
}

/// A fault in a registered memory, in the code that made it.
#[derive(Debug)]
pub struct TrapContext<'a> {
    report: FaultReport,
    machine: &'a mut Machine,
}

/// Registers of the interrupted code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Registers {
    /// The instruction that faulted.
    pub program_counter: usize,
    /// The stack pointer.
    pub stack_pointer: usize,
    /// `rbp` on x86-64, `x29` on aarch64.
    pub frame_pointer: usize,
}

/// Where interrupted code goes on, and with what in its registers. What is not set stays as it
/// was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResumePoint {
    pub(super) program_counter: usize,
    pub(super) stack_pointer: Option<usize>,
    pub(super) argument: Option<usize>,
    pub(super) result: Option<usize>,
}

impl ResumePoint {
    /// At this instruction.
    #[must_use]
    pub const fn new(program_counter: usize) -> Self {
        Self { program_counter, stack_pointer: None, argument: None, result: None }
    }

    /// With this stack pointer.
    #[must_use]
    pub const fn stack_pointer(self, value: usize) -> Self {
        Self { stack_pointer: Some(value), ..self }
    }

    /// With this in the register of a function's first argument: `rdi` on x86-64, `x0` on
    /// aarch64.
    #[must_use]
    pub const fn argument(self, value: usize) -> Self {
        Self { argument: Some(value), ..self }
    }

    /// With this in the register of a function's result: `rax` on x86-64, `x0` on aarch64, where
    /// it comes after an argument.
    #[must_use]
    pub const fn result(self, value: usize) -> Self {
        Self { result: Some(value), ..self }
    }
}

impl<'a> TrapContext<'a> {
    pub(super) fn new(report: FaultReport, machine: &'a mut Machine) -> Self {
        Self { report, machine }
    }

    /// Which memory, which address, and why.
    #[must_use]
    pub const fn report(&self) -> &FaultReport {
        &self.report
    }

    /// The interrupted code's registers. `None` on processors and systems whose layout is not
    /// known here: known are x86-64 and aarch64 Linux.
    #[must_use]
    pub fn registers(&self) -> Option<Registers> {
        registers::read(self.machine)
    }

    /// Makes the interrupted code go on elsewhere, once the callback has returned
    /// [`TrapAction::Resume`]. A callback that declines sets no resume point.
    ///
    /// # Errors
    ///
    /// Where [`registers`](Self::registers) knows none: nothing has changed.
    ///
    /// # Safety
    ///
    /// The code at the resume point expects to be reached from the instruction that faulted, with
    /// the stack and the registers as they are then. Nothing between them needed to run: no
    /// destructor, no unlocking.
    pub unsafe fn resume_at(&mut self, point: ResumePoint) -> Result<(), UnknownRegisters> {
        registers::write(self.machine, &point)
    }
}

/// The layout of the interrupted code's registers is not known on this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownRegisters;

impl fmt::Display for UnknownRegisters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registers of interrupted code are not known on this host")
    }
}

impl core::error::Error for UnknownRegisters {}
