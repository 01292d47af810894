//! Outcomes of programs, with messages and exit codes.

use std::fmt;
use std::time::Duration;

use wrt_interpreter::{StopCause, StopReport, TrapReport};

/// The code that a shell reports for an aborted program.
const TRAPPED: u8 = 134;
/// The code that a shell reports for a program ended by `SIGPIPE`.
const BROKEN_PIPE: u8 = 141;
/// The code that a shell reports for a program ended by `SIGINT`.
const INTERRUPTED: u8 = 130;
/// The code that `timeout` returns.
const OUT_OF_TIME: u8 = 124;
const OUT_OF_FUEL: u8 = 123;

/// The codes, for the help.
pub(crate) const CODES: &str = "Exit codes:
  the program's own, and
    1  the program cannot be run, or a function of the host failed
    2  the command line is wrong
  123  the fuel is used up
  124  the time limit is reached
  130  interrupted, with --metrics
  134  trapped
  141  the reader of the output is gone";

/// Outcome of a program.
pub(crate) enum End {
    Exit(i32),
    Trap(Box<TrapReport>),
    /// It was stopped. The second value is its fuel, if that was limited.
    Stopped(Box<StopReport>, Option<u64>),
    /// It wrote to a stream without a reader.
    BrokenPipe,
}

/// Cause of an ended program.
#[derive(Clone, Copy)]
pub(crate) enum Cause {
    /// Its time limit.
    Time(Duration),
    /// An interrupt by its user.
    User,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(limit) => write!(f, "time limit of {} s reached", limit.as_secs_f64()),
            Self::User => f.write_str("interrupted"),
        }
    }
}

impl Cause {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Time(_) => OUT_OF_TIME,
            Self::User => INTERRUPTED,
        }
    }
}

impl End {
    /// The exit code and, unless the program ended by itself, a line with the cause.
    pub(crate) fn report(&self, cause: Option<Cause>) -> (u8, Option<String>) {
        match self {
            // As a process does: the low byte.
            Self::Exit(code) => (*code as u8, None),
            Self::Trap(report) => (TRAPPED, Some(format!("trap: {report}"))),
            // Who closes a pipe knows that it did.
            Self::BrokenPipe => (BROKEN_PIPE, None),
            Self::Stopped(report, fuel) => {
                let (code, reason) = match (report.cause, cause, fuel) {
                    (StopCause::OutOfFuel, _, Some(units)) => {
                        (OUT_OF_FUEL, format!("out of fuel: {units} units were not enough"))
                    }
                    (_, Some(cause), _) => (cause.code(), cause.to_string()),
                    (other, ..) => (INTERRUPTED, other.to_string()),
                };
                (code, Some(format!("{reason}{}", report.place())))
            }
        }
    }
}
