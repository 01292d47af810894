//! A report, printed from a signal handler.
#![allow(unsafe_code)]

use core::fmt::{self, Write};

use crate::fault::report::FaultReport;

/// A line in place: no allocation. What does not fit is cut.
struct Line {
    text: [u8; 256],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.text.get_mut(self.len..).unwrap_or_default();
        for (slot, byte) in room.iter_mut().zip(part.bytes()) {
            *slot = byte;
            self.len += 1;
        }
        Ok(())
    }
}

impl FaultReport {
    /// Writes the report and its kind as one line to standard error, by one system call: safe in a
    /// signal handler, unlike `eprintln!`, which takes a lock.
    pub fn print_to_stderr(&self) {
        let mut line = Line { text: [0; 256], len: 0 };
        let _ = writeln!(line, "{self} ({})", self.kind);
        let text = line.text.get(..line.len).unwrap_or_default();
        // SAFETY: the contract of write(2): the text is valid to read. That it may fail changes
        // nothing but what is seen.
        let _ = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    }
}
