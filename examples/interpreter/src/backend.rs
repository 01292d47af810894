//! Allocators that users of the commands choose by name.

use std::sync::Arc;

use wrt_platform::{AllocError, PageAllocator};

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

/// One backend of the platform as a choice: how it is made depends on its kind.
macro_rules! choice {
    ($type:ty, $name:literal, $about:literal, $bounded:literal, $make:expr) => {
        Backend { name: $name, about: $about, bounded: $bounded, make: $make }
    };
    ($type:ty, { $name:literal, $about:literal, host }) => {
        choice!($type, $name, $about, false, |_| Ok(Arc::new(<$type>::new())))
    };
    ($type:ty, { $name:literal, $about:literal, tags }) => {
        choice!($type, $name, $about, false, |_| Ok(Arc::new(<$type>::new()?)))
    };
    ($type:ty, { $name:literal, $about:literal, arena }) => {
        choice!($type, $name, $about, true, |room| Ok(Arc::new(room.arena)))
    };
    ($type:ty, { $name:literal, $about:literal, (slots $layout:ident) }) => {
        choice!($type, $name, $about, true, |room| room.pool(wrt_platform::PoolLayout::$layout))
    };
}

macro_rules! choices {
    ($(($type:ty, $choice:tt);)*) => { &[$(choice!($type, $choice)),*] };
}

/// All backends of this host, the default first.
const ALL: &[Backend] = wrt_platform::for_each_backend_choice!(choices);

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
