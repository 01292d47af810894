//! What a callback sees of a fault, and what it may change.
#![allow(unsafe_code, reason = "sends interrupted code elsewhere")]

use crate::fault::FaultReport;
use crate::registers::{Registers, ResumePoint, UnknownRegisters};
use crate::sys::machine::{self, Machine};

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
        machine::read(self.machine)
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
        machine::write(self.machine, &point)
    }
}
