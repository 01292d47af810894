//! The name of a memory, which the platform knows too.

pub(crate) use wrt_platform::MemoryName as Name;
