//! Context of a fault for callbacks.
#![allow(unsafe_code, reason = "sends interrupted code elsewhere")]

use crate::fault::FaultReport;
use crate::registers::{Registers, ResumePoint, UnknownRegisters};
use crate::sys::machine::{self, Machine};

/// Decision of a callback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrapAction {
    /// Resume the code: at the resume point if one was set, otherwise by repeating the access.
    Resume,
    /// Leave the fault to other callbacks and handlers.
    Decline,
}

/// A fault in a registered memory, with the interrupted code's registers.
#[derive(Debug)]
pub struct TrapContext<'a> {
    report: FaultReport,
    machine: &'a mut Machine,
}

impl<'a> TrapContext<'a> {
    pub(super) fn new(report: FaultReport, machine: &'a mut Machine) -> Self {
        Self { report, machine }
    }

    /// The report: memory, address and kind of the fault.
    #[must_use]
    pub const fn report(&self) -> &FaultReport {
        &self.report
    }

    /// The interrupted code's registers. `None` where their layout is not known; it is known on
    /// x86-64 and aarch64 Linux.
    #[must_use]
    pub fn registers(&self) -> Option<Registers> {
        machine::read(self.machine)
    }

    /// Makes the interrupted code resume at `point`, after the callback has returned
    /// [`TrapAction::Resume`]. If the callback declines, the resume point has no effect.
    ///
    /// # Errors
    ///
    /// Where [`registers`](Self::registers) returns `None`; nothing has changed.
    ///
    /// # Safety
    ///
    /// The code at the resume point expects to be reached from the faulting instruction, with the
    /// resulting stack and registers. No code in between needs to run: no destructor, no unlocking.
    pub unsafe fn resume_at(&mut self, point: ResumePoint) -> Result<(), UnknownRegisters> {
        machine::write(self.machine, &point)
    }
}
