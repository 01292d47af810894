//! This host does not say cheaply where the caller runs.

/// One for all.
pub(crate) const fn current() -> usize {
    0
}
