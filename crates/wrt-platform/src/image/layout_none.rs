//! Without an allocator nothing can be laid out; images are statics.

#[derive(Clone, Copy)]
pub(super) struct Layout(&'static [u8]);

impl Layout {
    pub(super) const fn from_static(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_last(&self) -> bool {
        false
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        self.0
    }
}
