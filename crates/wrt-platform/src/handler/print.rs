//! Printing of reports in a signal handler.

use core::fmt::{self, Write};

use super::room;
use crate::fault::FaultReport;
use crate::sys::stderr;

/// A line of text in place, without allocation. Longer text is truncated.
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
    /// Writes the report and its kind as one line to standard error, with one system call: safe in
    /// a signal handler, unlike `eprintln!`, which takes a lock. With too little stack left to
    /// format the line, it writes a fixed line about that instead.
    pub fn print_to_stderr(&self) {
        if room::is_left(room::FOR_REPORT) {
            self.print();
        } else {
            room::say_too_little();
        }
    }

    /// Not inlined, since this is the part that needs the stack.
    #[inline(never)]
    fn print(&self) {
        let mut line = Line { text: [0; 256], len: 0 };
        let _ = writeln!(line, "{self} ({})", self.kind);
        stderr::write(line.text.get(..line.len).unwrap_or_default());
    }
}
