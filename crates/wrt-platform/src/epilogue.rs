//! A wrapper that runs a last action when it is dropped, but not when its value is taken out.
#![allow(unsafe_code, reason = "takes a value out of a wrapper with a destructor")]

use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

/// The last action of a value.
pub trait Epilogue {
    /// Called once, just before the value is dropped.
    fn conclude(&mut self);
}

/// A value that [concludes](Epilogue::conclude) when it is dropped. The wrapper implements `Drop`
/// so that the value's type need not: fields cannot be moved out of a type that does.
#[derive(Debug)]
pub struct Concluding<T: Epilogue> {
    /// - **V1** The value is there until this wrapper is dropped or forgotten.
    value: T,
}

impl<T: Epilogue> Concluding<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self { value }
    }

    /// The value.
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// Takes the value out without concluding.
    pub fn into_inner(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: the value is there (V1); the wrapper is forgotten without being dropped, so this
        // is the only time that the value is moved out of it.
        unsafe { ptr::read(&this.value) }
    }
}

impl<T: Epilogue> Deref for Concluding<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Epilogue> DerefMut for Concluding<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Epilogue> Drop for Concluding<T> {
    fn drop(&mut self) {
        // The value itself is dropped after this, also if it panics.
        self.value.conclude();
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    /// Counts its conclusions and its drops.
    struct Counted<'a>(&'a Cell<u32>, &'a Cell<u32>);

    impl Epilogue for Counted<'_> {
        fn conclude(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1);
        }
    }

    #[test]
    fn a_dropped_value_concludes_and_a_taken_one_does_not() {
        let (concluded, dropped) = (Cell::new(0), Cell::new(0));
        drop(Concluding::new(Counted(&concluded, &dropped)));
        assert_eq!((concluded.get(), dropped.get()), (1, 1));
        let taken = Concluding::new(Counted(&concluded, &dropped)).into_inner();
        assert_eq!((concluded.get(), dropped.get()), (1, 1));
        drop(taken);
        assert_eq!((concluded.get(), dropped.get()), (1, 2));
    }
}
