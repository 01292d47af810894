//! Calls on the host. This is the one folder to edit for a port: nothing else in the crate calls an
//! operating system.
//!
//! A port is a folder. Its files have the same names and items as those of the other ports:
//!
//! | file | what the host is asked for |
//! |---|---|
//! | `errors.rs` | the error numbers that backends compare or report |
//! | `pages.rs` | the page size; address space, pages in it, and rights on them |
//! | `discard.rs` | to take pages back, which read zero afterwards |
//! | `mappings.rs` | the list of the process's mappings, and which pages are in memory |
//! | `limits.rs` | the limit that a refusal may come from |
//! | `sealed_file.rs` | a file in memory that nobody can change, for an image |
//! | `replace.rs` | a mapping of such a file, or of zeroes, in place of other pages |
//!
//! The pool, tags and the signal handler exist on Unix only, and so do these files:
//!
//! | file | what the host is asked for |
//! |---|---|
//! | `names.rs` | a name for a mapping |
//! | `accounting.rs` | address space that does not count as memory |
//! | `huge_pages.rs` | no huge pages in a mapping |
//! | `pagemap.rs` | the record of written pages |
//! | `cpu.rs`, `threads.rs` | the number of the CPU, and a moment for other threads |
//! | `tags.rs`, `thread.rs` | pages with hardware tags, the checks of a thread, and its number |
//! | `signals.rs`, `signal_stack.rs`, `signal_frame.rs` | signals, their actions and stacks |
//! | `machine.rs` | the registers of interrupted code |
//! | `stderr.rs` | standard error |
//!
//! `unix/linux/` holds what only Linux has. What a host lacks, its port takes from `none/`, and states
//! the error number for it in `unsupported.rs`. `none/` is also the port to machines without an
//! operating system, where only backends without a host exist. `not_replaced.rs` is the same everywhere.

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
