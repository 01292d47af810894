//! The backend of the host's virtual memory.

#[cfg(unix)]
pub(crate) use wrt_platform::MmapAllocator as HostAllocator;
#[cfg(windows)]
pub(crate) use wrt_platform::VirtualAllocator as HostAllocator;
