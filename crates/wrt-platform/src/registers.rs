//! Registers of interrupted code, for callbacks.

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

/// Location at which interrupted code resumes, and values for its registers. Registers that are not
/// set are unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResumePoint {
    pub(crate) program_counter: usize,
    pub(crate) stack_pointer: Option<usize>,
    pub(crate) argument: Option<usize>,
    pub(crate) result: Option<usize>,
}

impl ResumePoint {
    /// Resumes at this instruction.
    #[must_use]
    pub const fn new(program_counter: usize) -> Self {
        Self { program_counter, stack_pointer: None, argument: None, result: None }
    }

    /// Sets the stack pointer.
    #[must_use]
    pub const fn stack_pointer(self, value: usize) -> Self {
        Self { stack_pointer: Some(value), ..self }
    }

    /// Sets the register of a function's first argument: `rdi` on x86-64, `x0` on aarch64.
    #[must_use]
    pub const fn argument(self, value: usize) -> Self {
        Self { argument: Some(value), ..self }
    }

    /// Sets the register of a function's result: `rax` on x86-64, `x0` on aarch64, where it
    /// overrides an argument.
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
