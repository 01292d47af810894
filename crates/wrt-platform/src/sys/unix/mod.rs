//! The port to Unix: files common to all, and `linux/` or `other.rs` for the rest.

#[cfg_attr(any(target_os = "freebsd", target_os = "dragonfly"), path = "accounting_always.rs")]
mod accounting;
pub(crate) mod errors;
#[cfg(all(test, feature = "std"))]
pub(crate) mod forked;
#[cfg_attr(target_os = "openbsd", path = "../none/limits.rs")]
pub(crate) mod limits;
pub(crate) mod pages;
#[cfg(feature = "signals")]
pub(crate) mod signal_stack;
#[cfg(feature = "signals")]
pub(crate) mod signals;
#[cfg(feature = "signals")]
pub(crate) mod stderr;
#[cfg_attr(any(target_os = "linux", target_os = "android"), path = "linux/mod.rs")]
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "other.rs")]
mod system;
#[cfg(feature = "pool")]
pub(crate) mod threads;

pub(crate) use system::*;
