//! Twin for builds without a pool, where no mapping of an image outlives its handles.

/// No keepers.
pub(super) struct Keepers(());

impl Keepers {
    pub(super) const fn none() -> Self {
        Self(())
    }

    /// Does nothing.
    pub(super) const fn tell(&mut self, _key: usize) {}
}
