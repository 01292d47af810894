//! The port to Windows.

#[path = "../none/discard.rs"]
pub(crate) mod discard;
pub(crate) mod errors;
#[path = "../none/limits.rs"]
pub(crate) mod limits;
pub(crate) mod mappings;
pub(crate) mod pages;
#[cfg(feature = "alloc")]
#[path = "../none/replace.rs"]
pub(crate) mod replace;
#[cfg(feature = "alloc")]
#[path = "../none/sealed_file.rs"]
pub(crate) mod sealed_file;
pub(crate) mod unsupported;
