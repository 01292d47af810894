//! Conformance checks for page allocators, and for the memories built on them.
//!
//! ```text
//! check_backend        every Guarantee of the PageAllocator contract, one check each
//! Defect               a backend that breaks one guarantee, for every guarantee
//! Fault                accesses that the host must stop, provoked in a ChildTest
//! FaultyAllocator      fails the n-th call; for_each_failure walks every n
//! run_script           a memory against a Vec<u8> model, operation by operation
//! check_addresses      effective addresses against 128-bit arithmetic
//! ```
//!
//! One line checks a backend; an error names the broken guarantee.
//!
//! ```
//! use wrt_platform::HeapAllocator;
//!
//! wrt_testkit::check_backend(&HeapAllocator::new())?;
//! # Ok::<(), wrt_testkit::Broken>(())
//! ```
//!
//! The checks take a backend by reference and need room for four memories of 64 of its pages at
//! once. They use only the contract, so they run on any backend, also on one chosen at run time
//! (`&dyn PageAllocator`). [`Guarantee::check`] runs a single check.
//!
//! # Features
//!
//! `std` (default, implies `alloc`) and `alloc` are the features of the crates under test. Without
//! them the kit checks a backend as built without std or an allocator. The kit itself needs std.

mod asked;
mod broken;
mod checks;
mod child;
mod contract;
mod corners;
mod face;
mod failures;
mod fault;
mod faulty;
mod guarantee;
#[cfg_attr(not(feature = "alloc"), path = "laid_out_static.rs")]
mod laid_out;
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), path = "mappings_none.rs")]
mod mappings;
mod oracle;
mod script;

pub use broken::{BrokenAllocator, Defect};
pub use checks::{check_backend, check_moving, check_threads};
pub use child::{ChildTest, Ending};
pub use contract::{Place, RawMemory, Touch};
pub use corners::corners;
pub use failures::for_each_failure;
pub use fault::Fault;
pub use faulty::FaultyAllocator;
pub use guarantee::{Broken, Guarantee, Violation};
pub use mappings::Mappings;
pub use oracle::check_addresses;
pub use script::{
    MemorySetup, Mismatch, ScriptOperation, Step, run_pair_script, run_pair_script_with,
    run_script, run_script_with,
};
