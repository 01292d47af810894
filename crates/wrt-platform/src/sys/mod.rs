//! Calls on the host. A port edits only this folder: no other code of the crate calls an operating
//! system.
//!
//! A port is a folder. Its files have the same names and items as those of the other ports:
//!
//! | file | calls on the host |
//! |---|---|
//! | `errors.rs` | error numbers that backends compare or report |
//! | `pages.rs` | page size, address space, pages, and rights on them |
//! | `discard.rs` | return of pages, which read zero afterwards |
//! | `mappings.rs` | list of the process's mappings, and of resident pages |
//! | `limits.rs` | limit that may be the cause of a refusal |
//! | `sealed_file.rs` | immutable file in memory, for an image |
//! | `replace.rs` | mapping of such a file, or of zeroes, over other pages |
//!
//! The pool, tags and the signal handler exist only on Unix, as do these files:
//!
//! | file | calls on the host |
//! |---|---|
//! | `names.rs` | name of a mapping |
//! | `accounting.rs` | address space outside of memory accounting |
//! | `huge_pages.rs` | exclusion of huge pages from a mapping |
//! | `pagemap.rs` | record of written pages |
//! | `cpu.rs`, `threads.rs` | number of the CPU, and yield to other threads |
//! | `tags.rs`, `thread.rs` | pages with hardware tags, tag checks of a thread, and its number |
//! | `signals.rs`, `signal_stack.rs`, `signal_frame.rs` | signals, their actions and stacks |
//! | `machine.rs` | registers of interrupted code |
//! | `stderr.rs` | standard error |
//!
//! `unix/linux/` has the facilities of Linux alone. For facilities that a host lacks, its port uses
//! the files in `none/`, and `unsupported.rs` has the error number. `none/` is also the port to
//! machines without an operating system, where only backends without a host exist.
//! `not_replaced.rs` is common to all ports.

#[cfg(all(feature = "alloc", any(unix, windows)))]
mod not_replaced;
#[cfg_attr(unix, path = "unix/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
#[cfg_attr(not(any(unix, windows)), path = "none/mod.rs")]
mod port;

#[cfg(all(feature = "alloc", any(unix, windows)))]
pub(crate) use not_replaced::NotReplaced;
#[cfg(any(unix, windows))]
pub(crate) use port::*;
