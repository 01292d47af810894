//! Allocators that users of the commands choose by name.

use std::sync::Arc;

use wrt_platform::{AllocError, HeapAllocator, PageAllocator};

/// A kind of allocator.
#[derive(Debug)]
pub struct Backend {
    name: &'static str,
    about: &'static str,
    bounded: bool,
    make: fn(&Room) -> Result<Arc<dyn PageAllocator>, AllocError>,
}

/// Memory of the [bounded](Backend::is_bounded) backends.
#[derive(Clone, Copy)]
pub struct Room {
    /// The arena of the static backend.
    pub arena: &'static (dyn PageAllocator + Sync),
    /// Slots of a pool: the most memories at a time.
    pub slots: usize,
    /// Bytes of a slot: the largest memory of a pool.
    pub slot_bytes: u64,
}

/// All backends of this host, the default first.
const ALL: &[Backend] = &[
    #[cfg(unix)]
    Backend {
        name: "mmap",
        about: "Pages mapped from the operating system, with guards around",
        bounded: false,
        make: |_| Ok(Arc::new(wrt_platform::MmapAllocator::new())),
    },
    #[cfg(windows)]
    Backend {
        name: "virtual-alloc",
        about: "Pages of Windows' virtual memory, with guards around",
        bounded: false,
        make: |_| Ok(Arc::new(wrt_platform::VirtualAllocator::new())),
    },
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    Backend {
        name: "mte",
        about: "Mapped pages with hardware tags, where the machine has them",
        bounded: false,
        make: |_| Ok(Arc::new(wrt_platform::MteAllocator::new()?)),
    },
    #[cfg(unix)]
    Backend {
        name: "pool",
        about: "Slots of one mapping, with guards between them",
        bounded: true,
        make: |room| room.pool(wrt_platform::PoolLayout::SmallGuard),
    },
    #[cfg(unix)]
    Backend {
        name: "dense-pool",
        about: "Slots of one mapping, side by side without guards",
        bounded: true,
        make: |room| room.pool(wrt_platform::PoolLayout::Dense),
    },
    Backend {
        name: "heap",
        about: "The global allocator",
        bounded: false,
        make: |_| Ok(Arc::new(HeapAllocator::new())),
    },
    Backend {
        name: "static",
        about: "An arena of fixed size inside the process",
        bounded: true,
        make: |room| Ok(Arc::new(room.arena)),
    },
];

impl Backend {
    /// All backends of this host. The first is the default.
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The backend of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|backend| backend.name == name)
    }

    /// The name, such as `mmap`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// One line that describes the source of its memory.
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// Whether its memories share a fixed amount of memory, a [`Room`]. The others are limited by
    /// the host.
    pub fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// A new allocator; the static backend's is the arena of `room`.
    ///
    /// # Errors
    ///
    /// When the host does not support the backend.
    pub fn allocator(&self, room: &Room) -> Result<Arc<dyn PageAllocator>, AllocError> {
        (self.make)(room)
    }
}

impl Room {
    #[cfg(unix)]
    fn pool(&self, layout: wrt_platform::PoolLayout) -> Result<Arc<dyn PageAllocator>, AllocError> {
        let config = wrt_platform::PoolConfig::new(self.slots, self.slot_bytes).layout(layout);
        Ok(Arc::new(wrt_platform::PoolAllocator::new(&config)?))
    }
}
