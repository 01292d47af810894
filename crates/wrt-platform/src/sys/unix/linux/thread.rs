//! The number of the calling thread (`gettid(2)`).

pub(crate) use rustix::thread::{Pid, gettid};
