//! Counts of observers by reference, and of observers that may be absent.

use super::{AccessCounts, Counting};

/// Makes pointers to observers that count such observers.
macro_rules! count_by_pointee {
    ($($pointer:ty),*) => {$(
        impl<O: Counting + ?Sized> Counting for $pointer {
            fn counts(&self) -> AccessCounts {
                (**self).counts()
            }
        }
    )*};
}

count_by_pointee!(&O);

/// `None` has counted nothing.
impl<O: Counting> Counting for Option<O> {
    fn counts(&self) -> AccessCounts {
        self.as_ref().map(O::counts).unwrap_or_default()
    }
}
