//! Facilities of Linux and Android that other Unixes lack.

#[cfg(feature = "pool")]
pub(crate) mod cpu;
pub(crate) mod discard;
#[cfg(feature = "pool")]
pub(crate) mod huge_pages;
#[cfg(feature = "signals")]
#[cfg_attr(all(target_os = "linux", target_arch = "x86_64"), path = "machine_x86_64.rs")]
#[cfg_attr(all(target_os = "linux", target_arch = "aarch64"), path = "machine_aarch64.rs")]
#[cfg_attr(
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))),
    path = "../../none/machine.rs"
)]
pub(crate) mod machine;
pub(crate) mod mappings;
pub(super) mod names;
#[cfg(feature = "pool")]
pub(crate) mod pagemap;
#[cfg(feature = "alloc")]
pub(crate) mod replace;
#[cfg(feature = "alloc")]
pub(crate) mod sealed_file;
#[cfg(feature = "signals")]
pub(crate) mod signal_frame;
#[cfg(all(feature = "alloc", target_arch = "aarch64"))]
pub(crate) mod tags;
#[cfg(all(feature = "alloc", not(feature = "std"), target_arch = "aarch64"))]
pub(crate) mod thread;
