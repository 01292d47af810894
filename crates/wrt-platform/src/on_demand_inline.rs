//! Storage in place for values that most memories never need, for builds without an allocator.

use crate::error::NoRoom;

/// A rarely present value. With the `alloc` feature it is stored on the heap.
#[derive(Debug)]
pub struct OnDemand<T>(Option<T>);

impl<T> OnDemand<T> {
    /// No value.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The value, if present.
    #[must_use]
    pub const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The value, if present, for mutation.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }

    /// The value; if absent, inserts the result of `make`.
    ///
    /// # Errors
    ///
    /// Never: the value is stored in place.
    pub fn get_or_insert_with(&mut self, make: impl FnOnce() -> T) -> Result<&mut T, NoRoom> {
        Ok(self.0.get_or_insert_with(make))
    }
}
