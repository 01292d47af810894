//! Twin for hosts without names for mappings.

/// Does nothing: there are no names.
pub(in crate::sys) const fn set(_mapping: &[u8], _name: &str) {}
