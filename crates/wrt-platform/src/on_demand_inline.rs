//! Room for what most memories never need, in place where nothing can be allocated.

use crate::error::NoRoom;

/// A value that is rarely there. With the `alloc` feature it is on the heap when it is.
#[derive(Debug)]
pub struct OnDemand<T>(Option<T>);

impl<T> OnDemand<T> {
    /// No value.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The value, if it is there.
    #[must_use]
    pub const fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The value, if it is there, for changing it.
    pub const fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }

    /// The value; if there is none, what `make` gives.
    ///
    /// # Errors
    ///
    /// None: the room is in place.
    pub fn get_or_insert_with(&mut self, make: impl FnOnce() -> T) -> Result<&mut T, NoRoom> {
        Ok(self.0.get_or_insert_with(make))
    }
}
