//! Room for what most memories never need, taken when one does.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::NoRoom;

/// A value that is rarely there: two words until it is, on the heap when it is. Without the
/// `alloc` feature its room is in place.
#[derive(Debug)]
pub struct OnDemand<T>(Option<Box<[T]>>);

impl<T> OnDemand<T> {
    /// No value, which takes no room.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The value, if it is there.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().and_then(|one| one.first())
    }

    /// The value, if it is there, for changing it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut().and_then(|one| one.first_mut())
    }

    /// The value; if there is none, what `make` gives.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], and there is still none.
    pub fn get_or_insert_with(&mut self, make: impl FnOnce() -> T) -> Result<&mut T, NoRoom> {
        if self.0.is_none() {
            let mut one = Vec::new();
            one.try_reserve_exact(1).map_err(|_| NoRoom)?;
            one.push(make());
            self.0 = Some(one.into_boxed_slice());
        }
        self.get_mut().ok_or(NoRoom)
    }
}
