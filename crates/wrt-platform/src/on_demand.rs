//! Storage for values that most memories never need, allocated on first use.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::NoRoom;

/// A rarely present value: two words while absent, on the heap once present. Without the `alloc`
/// feature it is stored in place.
#[derive(Debug)]
pub struct OnDemand<T>(Option<Box<[T]>>);

impl<T> OnDemand<T> {
    /// No value; nothing is allocated.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// The value, if present.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref().and_then(|one| one.first())
    }

    /// The value, if present, for mutation.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut().and_then(|one| one.first_mut())
    }

    /// The value; if absent, inserts the result of `make`.
    ///
    /// # Errors
    ///
    /// [`NoRoom`]; the value stays absent.
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
