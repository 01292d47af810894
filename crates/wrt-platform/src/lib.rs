//! Pages for WebAssembly linear memories, and checked access to them.
//!
//! ```text
//! Region<P>            exclusive access to the bytes, every one checked
//!    |
//! Lifecycle<P>         one reservation from reserve to release
//!    |
//! PageAllocator        reserve, commit, protect, discard, reset, release
//!    |
//! backend/             MmapAllocator, MteAllocator, VirtualAllocator, PoolAllocator, StaticArena,
//!    |                 HeapAllocator; PlatformAllocator chooses among the platform's
//!    |
//! sys/                 calls on the host, one folder a port
//! ```
//!
//! This crate holds the unsafe code of the subsystem; `wrt-runtime` and `wrt-instructions` forbid
//! it. It deals in bytes only: WebAssembly pages, index types and traps belong to `wrt-runtime`.
//!
//! ```
//! use wrt_platform::{HeapAllocator, Region, ReserveRequest};
//!
//! let mut region = Region::new(HeapAllocator::new(), &ReserveRequest::new(65536, 1 << 20))?;
//! region.store(8, 42_u32.to_le_bytes()).unwrap();
//! assert_eq!(region.load(8).map(u32::from_le_bytes), Ok(42));
//! assert!(region.load::<4>(65533).is_err());
//! region.grow_to(2 * 65536)?;
//! assert_eq!(region.load::<4>(65533), Ok([0; 4]));
//! # Ok::<(), wrt_platform::AllocError>(())
//! ```
//!
//! # Valid region
//!
//! A range of `len` bytes from `base` is a *valid region* while all of this holds:
//!
//! 1. `base` is not null and the range does not wrap around the address space;
//! 2. the range lies in one allocation, is mapped, and every byte is readable and writable: no
//!    access to it can make the host fault;
//! 3. every byte is initialised;
//! 4. no code but the owner of the region reads or writes it.
//!
//! A region of no bytes is valid at any non-null `base`. "Valid region" in the contracts of this
//! crate means these four points.
//!
//! # Features
//!
//! - `std` (default): the host's error texts; implies all others.
//! - `alloc`: the heap backend, `Arc<P>` as an allocator, and on Arm Linux `MteAllocator`.
//! - `pool`: on Unix `PoolAllocator`; implies `alloc`.
//! - `signals`: on Unix `FaultHandler` and `AltStack`; implies `alloc`, and links `std`.
//!
//! The static backend and the backend of the host's virtual memory need no feature: `MmapAllocator`
//! on Unix, `VirtualAllocator` on Windows, and `PlatformAllocator` on both.
//!
//! # After `fork`
//!
//! Locks are spin locks, held for a few instructions. In the child of a single-threaded process
//! they are free, and every operation works. If the process had several threads, another thread may
//! have held a lock: in the child it stays locked, and an operation that needs it hangs. Until it
//! calls `exec`, such a child may call only operations that take no lock, which is the usual rule
//! for functions that are not async-signal-safe. Loads, stores and bulk operations never take a
//! lock.
//!
//! | backend | operations that take a lock |
//! |---|---|
//! | `MmapAllocator`, `VirtualAllocator` | none |
//! | `PoolAllocator` | creating and dropping a memory, dropping the last handle to an image |
//! | [`StaticArena`] | creating, growing, resetting, verifying and dropping a memory |
//! | `MteAllocator` | creating, resetting and dropping a memory; `enter` without `std` |
//! | `HeapAllocator` | those that take one in the global allocator |
//! | any, for memories registered for fault reports | creating and dropping them; `FaultHandler::install` |
//!
//! Such a child ends with `exec` or `_exit`, which run no destructors.
//!
//! # Send and Sync
//!
//! | type | `Send` | `Sync` | why |
//! |---|---|---|---|
//! | [`Region<P>`] | if `P` is | if `P` is | it owns its bytes; `&Region` only reads |
//! | [`LentBytes`] | no | no | a bare address range, borrowed from its lender |
//! | [`Reservation`] | no | no | a bare address range, owned by the region that holds it |
//! | [`MemoryImage`] | yes | yes | its bytes never change |
//! | [`StaticArena`] | yes | yes | one lock guards the table of owners |
//! | [`MmapAllocator`], `VirtualAllocator`, [`HeapAllocator`] | yes | yes | no state |
//! | [`PlatformAllocator`] | yes | yes | every backend it can hold is |
//! | [`PoolAllocator`] | yes | yes | a slot has one owner; lists of slots are atomic or behind a lock |
//! | [`FaultRegistration`] | yes | yes | its record is made of atomics and changes through `&mut` only |
//! | [`FaultReport`] | yes | yes | a copy of the record |
//! | `AltStack` | no | no | the stack of the thread that created it |
//! | `MteAllocator` | yes | yes | one lock guards the table of tags |
//! | `TagScope` | no | no | a setting of the thread that created it |
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", all(unix, feature = "signals"), test))]
extern crate std;

// Order of modules, each uses only those below its line:
//   backend handler region
//   lifecycle
//   allocator
//   request
//   image
//   sys
//   fault reservation commit on_demand
//   error units
//   capabilities count epilogue guarantees name protection registers sync

mod allocator;
mod backend;
mod capabilities;
mod commit;
mod count;
mod epilogue;
mod error;
mod fault;
mod guarantees;
#[cfg(all(unix, feature = "signals"))]
mod handler;
mod image;
mod lifecycle;
mod name;
#[cfg_attr(not(feature = "alloc"), path = "on_demand_inline.rs")]
mod on_demand;
mod protection;
mod region;
#[cfg(all(unix, feature = "signals"))]
mod registers;
mod request;
mod reservation;
#[cfg_attr(all(test, wrt_loom), path = "sync_loom.rs")]
mod sync;
mod sys;
mod units;

pub use allocator::{Committed, Discarded, PageAllocator, ResetOutcome};
#[cfg(feature = "alloc")]
pub use backend::HeapAllocator;
#[cfg(unix)]
pub use backend::MmapAllocator;
#[cfg(any(unix, windows))]
pub use backend::PlatformAllocator;
#[cfg(windows)]
pub use backend::VirtualAllocator;
pub use backend::{Extent, ExtentRefusal, StaticAllocator, StaticArena, descend_ladder};
#[cfg(all(
    feature = "alloc",
    target_arch = "aarch64",
    any(target_os = "linux", target_os = "android")
))]
pub use backend::{MteAllocator, TagChecks, TagScope};
#[cfg(all(unix, feature = "pool"))]
pub use backend::{PoolAllocator, PoolConfig, PoolLayout, PoolStatistics};
pub use capabilities::Capabilities;
pub use commit::CommitPolicy;
#[doc(hidden)]
pub use count::Count;
#[doc(hidden)]
pub use epilogue::{Concluding, Epilogue};
pub use error::{
    AllocError, AllocErrorKind, Corruption, Demand, Inaccessible, InaccessibleCause, NoRoom,
    Operation, OsError,
};
pub use fault::{FaultKind, FaultRegistration, FaultReport, FaultSignal, MemoryExtent};
pub use guarantees::AccessGuarantees;
#[cfg(all(unix, feature = "signals"))]
pub use handler::{AltStack, FaultHandler, HandlerError, TrapAction, TrapCallback, TrapContext};
pub use image::MemoryImage;
pub use name::MemoryName;
#[doc(hidden)]
pub use on_demand::OnDemand;
pub use protection::Protection;
pub use region::{LentBytes, Region, RegionView};
#[cfg(all(unix, feature = "signals"))]
pub use registers::{Registers, ResumePoint, UnknownRegisters};
pub use request::{GuardPolicy, ReserveRequest, Tagging};
pub use reservation::{Fallback, FallbackReason, GuardLevel, Reservation};
pub use units::{HostBytes, HostPage, HostRange, HostRights};
