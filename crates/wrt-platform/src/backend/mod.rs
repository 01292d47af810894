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
        $crate::__all_backends! { (rows $callback) }
    };
}

/// Expands `$callback! { choices }` over the same backends, for programs that let their users choose one
/// by name.
///
/// A choice is `(Type, { "name", "about", kind });`: the allocator's type, the name and one line for
/// users, and what it takes to make one:
///
/// - `host`: `Type::new()` makes it;
/// - `tags`: `Type::new()` makes it, or fails where the machine has no tags;
/// - `arena`: a static arena of the program's;
/// - `(slots Layout)`: a pool of this [`PoolLayout`](crate::PoolLayout), of which the program chooses
///   number and size of slots.
///
/// ```
/// macro_rules! name_choices {
///     ($(($type:ty, { $name:literal, $about:literal, $kind:tt });)*) => { [$($name),*] };
/// }
/// let names = wrt_platform::for_each_backend_choice!(name_choices);
/// assert!(names.contains(&"static"));
/// ```
#[macro_export]
macro_rules! for_each_backend_choice {
    ($callback:ident) => {
        $crate::__all_backends! { (choices $callback) }
    };
}

// Rows are added here, where `cfg` tests the features of this crate and not those of the caller.

#[doc(hidden)]
#[macro_export]
macro_rules! __all_backends {
    ($to:tt) => {
        $crate::__with_pages! { $to
            (static_arena, $crate::StaticAllocator<{ 16 << 20 }>, {
                static ARENA: $crate::StaticArena<{ 16 << 20 }> = $crate::StaticArena::new();
                &ARENA
            }, { "static", "An arena of fixed size inside the process", arena });
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __give_backends {
    ((rows $callback:ident) $(($name:ident, $type:ty, $new:expr, $choice:tt);)*) => {
        $callback! { $(($name, $type, $new);)* }
    };
    ((choices $callback:ident) $(($name:ident, $type:ty, $new:expr, $choice:tt);)*) => {
        $callback! { $(($type, $choice);)* }
    };
}

#[cfg(unix)]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($to:tt $($rows:tt)*) => {
        $crate::__with_mte! { $to
            (mmap, $crate::MmapAllocator, $crate::MmapAllocator::new(),
                { "mmap", "Pages mapped from the operating system, with guards around", host });
            $($rows)*
        }
    };
}

#[cfg(windows)]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($to:tt $($rows:tt)*) => {
        $crate::__with_heap! { $to
            (virtual_alloc, $crate::VirtualAllocator, $crate::VirtualAllocator::new(),
                { "virtual-alloc", "Pages of Windows' virtual memory, with guards around", host });
            $($rows)*
        }
    };
}

#[cfg(not(any(unix, windows)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pages {
    ($to:tt $($rows:tt)*) => { $crate::__with_heap! { $to $($rows)* } };
}

#[cfg(all(
    feature = "alloc",
    target_arch = "aarch64",
    any(target_os = "linux", target_os = "android")
))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_mte {
    ($to:tt $($rows:tt)*) => {
        $crate::__with_pool! { $to $($rows)*
            (mte, $crate::MteAllocator, match $crate::MteAllocator::new() {
                Ok(allocator) => allocator,
                Err(error) => ::core::panic!("{error}"),
            }, { "mte", "Mapped pages with hardware tags, where the machine has them", tags });
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
    ($to:tt $($rows:tt)*) => { $crate::__with_pool! { $to $($rows)* } };
}

#[cfg(all(unix, feature = "pool"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pool {
    ($to:tt $($rows:tt)*) => {
        $crate::__with_heap! { $to $($rows)*
            (pool, $crate::PoolAllocator,
                $crate::PoolAllocator::of_backend_row($crate::PoolLayout::SmallGuard),
                { "pool", "Slots of one mapping, with guards between them", (slots SmallGuard) });
            (dense_pool, $crate::PoolAllocator,
                $crate::PoolAllocator::of_backend_row($crate::PoolLayout::Dense),
                { "dense-pool", "Slots of one mapping, side by side without guards", (slots Dense) });
        }
    };
}

#[cfg(all(unix, not(feature = "pool")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_pool {
    ($to:tt $($rows:tt)*) => { $crate::__with_heap! { $to $($rows)* } };
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($to:tt $($rows:tt)*) => {
        $crate::__give_backends! { $to $($rows)*
            (heap, $crate::HeapAllocator, $crate::HeapAllocator::new(),
                { "heap", "The global allocator", host });
        }
    };
}

#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_heap {
    ($to:tt $($rows:tt)*) => { $crate::__give_backends! { $to $($rows)* } };
}
