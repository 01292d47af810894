//! The allocators that `--backend` names.

use std::sync::Arc;

use clap::ValueEnum;
use wrt_platform::{AllocError, HeapAllocator, PageAllocator, StaticArena};

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
    /// The same pages with hardware tags, where the machine has them
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    Mte,
    /// An arena of 64 MiB inside of this process
    Static,
    /// The global allocator
    #[cfg_attr(not(any(unix, windows)), default)]
    Heap,
}

impl Backend {
    /// An allocator of this kind.
    ///
    /// # Errors
    ///
    /// When the machine lacks what it takes.
    pub(crate) fn allocator(self) -> Result<Arc<dyn PageAllocator>, AllocError> {
        Ok(match self {
            #[cfg(unix)]
            Self::Mmap => Arc::new(wrt_platform::MmapAllocator::new()),
            #[cfg(windows)]
            Self::VirtualAlloc => Arc::new(wrt_platform::VirtualAllocator::new()),
            #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
            Self::Mte => Arc::new(wrt_platform::MteAllocator::new()?),
            Self::Static => Arc::new(&ARENA),
            Self::Heap => Arc::new(HeapAllocator::new()),
        })
    }
}
