//! The allocators that `--backend` names.

use std::sync::Arc;

use clap::ValueEnum;
use wrt_platform::{HeapAllocator, PageAllocator, StaticArena};

/// Large enough for common programs. It is in `.bss`: pages nobody touches cost nothing.
static ARENA: StaticArena<{ 64 << 20 }> = StaticArena::new();

/// Where memory comes from.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Backend {
    /// Pages mapped from the operating system, with guards around
    #[cfg(unix)]
    #[cfg_attr(unix, default)]
    Mmap,
    /// Pages of Windows' virtual memory, with guards around
    #[cfg(windows)]
    #[cfg_attr(windows, default)]
    VirtualAlloc,
    /// An arena of 64 MiB inside of this process
    Static,
    /// The global allocator
    #[cfg_attr(not(any(unix, windows)), default)]
    Heap,
}

impl Backend {
    pub(crate) fn allocator(self) -> Arc<dyn PageAllocator> {
        match self {
            #[cfg(unix)]
            Self::Mmap => Arc::new(wrt_platform::MmapAllocator::new()),
            #[cfg(windows)]
            Self::VirtualAlloc => Arc::new(wrt_platform::VirtualAllocator::new()),
            Self::Static => Arc::new(&ARENA),
            Self::Heap => Arc::new(HeapAllocator::new()),
        }
    }
}
