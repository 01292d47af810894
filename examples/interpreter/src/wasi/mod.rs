//! WASI preview 1, as far as command-line programs need it.
//!
//! ```text
//! functions.rs     one row a function: name, parameters, what answers it
//!    |
//! process.rs  clock.rs  io.rs  file.rs  directory.rs      the answers, by concern
//!    |            |        |      |         |
//!    |            |     descriptor.rs    sandbox.rs       what is open; which path may be
//!    |            |        |
//!    |            |     background.rs                     streams that can be given up
//!    |
//! guest.rs         the program's memory, through the same checks as its own accesses
//! ```
//!
//! A program gets arguments, environment, three streams, clocks, random bytes and the preopened
//! directories, read-only. It cannot leave a directory by `..`, an absolute path or a symbolic
//! link. Every other function of preview 1 is linked and returns an error number, so that programs
//! that might call it can be loaded. A pointer outside of the memory is `EFAULT`.
//!
//! ```
//! use wrt_interpreter::wasi::{End, Job};
//! use wrt_interpreter::{Features, Module};
//! use wrt_platform::HeapAllocator;
//!
//! // (module (memory (export "memory") 1) (func (export "_start")))
//! let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01\
//!     \x07\x13\x02\x06memory\x02\0\x06_start\0\0\x0a\x04\x01\x02\0\x0b";
//! let module = Module::new(bytes, &Features::ALL)?;
//! let outcome = Job::new(["program"]).stdin("input").run(&module, HeapAllocator::new())?;
//! assert_eq!(outcome.end, End::Exit(0));
//! assert_eq!(outcome.stdout, b"");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod background;
mod clock;
mod context;
mod descriptor;
mod directory;
mod errno;
mod file;
mod functions;
mod guest;
mod io;
mod job;
mod process;
mod sandbox;

pub use context::{ContextError, PreopenError, WasiBuilder, WasiContext};
pub use job::{End, Job, JobError, Outcome};
