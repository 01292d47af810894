//! WebAssembly linear memory over any page allocator.
//!
//! ```text
//! LinearMemory<P, O>   size, growth, host access, integrity        GuestMemory   the guest's view
//!    |        |
//!    |        Observer        (), Metrics, SyncMetrics, Budget, hooks, your own
//!    |
//! wrt_platform::Region<P>     base and length, checked access
//! ```
//!
//! ```
//! use wrt_platform::HeapAllocator;
//! use wrt_runtime::{LinearMemory, MemoryType};
//!
//! let ty = MemoryType::wasm32(1, Some(4))?;
//! let mut memory = LinearMemory::new(HeapAllocator::new(), ty)?;
//! memory.write(100, b"hello")?;
//! assert_eq!(&*memory.get_safe_slice(100, 5)?, b"hello");
//! assert_eq!(memory.grow(2)?, 1);
//! assert_eq!(memory.size(), 3);
//! assert!(memory.grow(2).is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Errors for guests and hosts
//!
//! A guest receives a [`Trap`]: one word, with the specification's wording. A host receives a
//! [`MemoryError`] or a [`GrowError`], with sizes, limits and the platform's cause.
//!
//! # Features
//!
//! `std` (default, implies `alloc`) adds per-thread counters to [`SyncMetrics`] and the host's
//! texts to errors. `alloc` implements [`Observer`] for `Box`, `Arc` and `Rc`. Everything else
//! works without features, also on cores without 64-bit atomics.
//!
//! # Send and Sync
//!
//! | type | `Send` | `Sync` | why |
//! |---|---|---|---|
//! | [`LinearMemory<P, O>`] | if `P` and `O` are | if `P` and `O` are | `&LinearMemory` only reads the bytes |
//! | [`Metrics`] | yes | no | plain cells, for one thread at a time |
//! | [`SyncMetrics`], [`Budget`] | yes | yes | atomic counters |
#![no_std]
#![forbid(unsafe_code)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

// Order of modules, each uses only those below its line:
//   memory
//   budget metrics
//   guest observer
//   borrower bulk_source growth
//   bulk error seal
//   trap
//   called host_value memory_type safe_slice segment veto

mod borrower;
mod budget;
mod bulk;
mod bulk_source;
mod called;
mod error;
mod growth;
mod guest;
mod host_value;
mod memory;
mod memory_type;
mod metrics;
mod observer;
mod safe_slice;
mod seal;
mod segment;
mod trap;
mod veto;

pub use borrower::Borrower;
pub use budget::Budget;
pub use bulk::BulkOperation;
pub use bulk_source::BulkSource;
pub use error::{GrowError, GrowErrorCause, IntegrityError, IntegrityErrorCause, MemoryError};
pub use growth::{GrowEvent, GrowRequest, ReleaseEvent};
pub use guest::GuestMemory;
pub use host_value::HostValue;
pub use memory::{LinearMemory, MemoryBuilder};
pub use memory_type::{IndexType, InvalidMemoryType, MemoryType, PageSize, WasmPages};
pub use metrics::{AccessCounts, Counting, MemoryMetrics, Metrics, SyncMetrics};
pub use observer::{Observer, PostGrowHook, PreGrowHook};
pub use safe_slice::{SafeSlice, SafeSliceMut};
pub use seal::Seal;
pub use segment::DataSegment;
pub use trap::{Access, Trap, TrapReport};
pub use veto::GrowVeto;
pub use wrt_platform;
pub use wrt_platform::LentBytes;
