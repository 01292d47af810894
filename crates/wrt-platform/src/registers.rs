//! Registers of interrupted code, as a callback sees and sets them.

use core::fmt;

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
    pub(crate) program_counter: usize,
    pub(crate) stack_pointer: Option<usize>,
    pub(crate) argument: Option<usize>,
    pub(crate) result: Option<usize>,
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

/// The layout of the interrupted code's registers is not known on this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownRegisters;

impl fmt::Display for UnknownRegisters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registers of interrupted code are not known on this host")
    }
}

impl core::error::Error for UnknownRegisters {}
