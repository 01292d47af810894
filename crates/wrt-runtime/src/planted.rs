//! Bugs planted on purpose; see the file of this name in `wrt-platform`.

pub(crate) use wrt_platform::planted;
