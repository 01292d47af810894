//! Backends, one file or folder each. Only this file lists them and their targets.

// Order of modules, each uses only those below its line:
//   platform
//   mte
//   heap pool static_arena virtual_memory
//   mapping
//   ladder

#[cfg(feature = "alloc")]
mod heap;
mod ladder;
#[cfg(any(unix, windows))]
mod mapping;
#[cfg(all(
    feature = "alloc",
    target_arch = "aarch64",
    any(target_os = "linux", target_os = "android")
))]
mod mte;
#[cfg(any(unix, windows))]
mod platform;
#[cfg(all(unix, feature = "pool"))]
mod pool;
mod static_arena;
#[cfg(any(unix, windows))]
mod virtual_memory;

#[cfg(feature = "alloc")]
pub use heap::HeapAllocator;
pub use ladder::{Extent, ExtentRefusal, descend_ladder};
#[cfg(all(
    feature = "alloc",
    target_arch = "aarch64",
    any(target_os = "linux", target_os = "android")
))]
pub use mte::{MteAllocator, TagChecks, TagScope};
#[cfg(any(unix, windows))]
pub use platform::PlatformAllocator;
#[cfg(all(unix, feature = "pool"))]
pub use pool::{PoolAllocator, PoolConfig, PoolLayout, PoolStatistics};
pub use static_arena::{StaticAllocator, StaticArena};
#[cfg(unix)]
pub use virtual_memory::MmapAllocator;
#[cfg(windows)]
pub use virtual_memory::VirtualAllocator;

/// Expands `$callback! { rows }` over the backends of this build, so that tests and benches need no
/// list of their own.
///
/// A row is `(name, Type, constructor);`: a name for a module or a table, the allocator's type, and
/// an expression of that type. The static arena's row creates a new 16 MiB arena for each
/// expansion; the pools' rows have 16 slots of 64 MiB, or of 16 MiB where addresses have 32 bits.
/// Every build for Arm on Linux has the row `mte`; its expression panics with a message where the
/// machine has no tags.
///
/// ```
/// macro_rules! name_backends {
///     ($(($name:ident, $type:ty, $new:expr);)*) => { [$(stringify!($name)),*] };
/// }
/// let names = wrt_platform::for_each_backend!(name_backends);
/// assert!(names.contains(&"static_arena"));
/// ```
#[macro_export]
macro_rules! for_each_backend {
    ($callback:ident) => {
        $crate::__with_pages! { $callback
            (static_arena, $crate::StaticAllocator<{ 16 << 20 }>, {
                static ARENA: $crate::StaticArena<{ 16 << 20 }> = $crate::StaticArena::new();
                &ARENA
            });
        }
    };
}

// Rows are added here, where `cfg` tests the features of this crate and not those of the caller.

#[cfg(unix)]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($callback:ident $($rows:tt)*) => {
        $crate::__with_mte! { $callback
            (mmap, $crate::MmapAllocator, $crate::MmapAllocator::new()); $($rows)*
        }
    };
}

#[cfg(all(unix, feature = "pool"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pool {
    ($callback:ident $($rows:tt)*) => {
        $crate::__with_heap! { $callback $($rows)*
            (pool, $crate::PoolAllocator, $crate::PoolAllocator::of_backend_row($crate::PoolLayout::SmallGuard));
            (dense_pool, $crate::PoolAllocator, $crate::PoolAllocator::of_backend_row($crate::PoolLayout::Dense));
        }
    };
}

#[cfg(all(unix, not(feature = "pool")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pool {
    ($callback:ident $($rows:tt)*) => { $crate::__with_heap! { $callback $($rows)* } };
}

#[cfg(windows)]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($callback:ident $($rows:tt)*) => {
        $crate::__with_heap! { $callback
            (virtual_alloc, $crate::VirtualAllocator, $crate::VirtualAllocator::new()); $($rows)*
        }
    };
}

#[cfg(not(any(unix, windows)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($callback:ident $($rows:tt)*) => { $crate::__with_heap! { $callback $($rows)* } };
}

#[cfg(all(
    feature = "alloc",
    target_arch = "aarch64",
    any(target_os = "linux", target_os = "android")
))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_mte {
    ($callback:ident $($rows:tt)*) => {
        $crate::__with_pool! { $callback
            $($rows)* (mte, $crate::MteAllocator, match $crate::MteAllocator::new() {
                Ok(allocator) => allocator,
                Err(error) => ::core::panic!("{error}"),
            });
        }
    };
}

#[cfg(all(
    unix,
    not(all(
        feature = "alloc",
        target_arch = "aarch64",
        any(target_os = "linux", target_os = "android")
    ))
))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_mte {
    ($callback:ident $($rows:tt)*) => { $crate::__with_pool! { $callback $($rows)* } };
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($callback:ident $($rows:tt)*) => {
        $callback! { $($rows)* (heap, $crate::HeapAllocator, $crate::HeapAllocator::new()); }
    };
}

#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($callback:ident $($rows:tt)*) => { $callback! { $($rows)* } };
}
