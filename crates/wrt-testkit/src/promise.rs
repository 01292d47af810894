//! The promises of the contract, one row each: a name, what is promised, and the check.

use core::fmt;

use wrt_platform::PageAllocator;

use crate::checks::{growth, requests, reuse, rights, sizes};

/// A promise found broken.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Violation {
    /// Which promise it is.
    pub promise: Promise,
    /// What was seen instead.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { promise, detail } = self;
        write!(f, "{promise} ({}): {detail}", promise.description())
    }
}

impl core::error::Error for Violation {}

/// All promises that a backend was found to break, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub(crate) Vec<Violation>);

impl Broken {
    /// What was found, in the order of [`Promise::ALL`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.0
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} promises are broken", self.0.len())?;
        self.0.iter().try_for_each(|violation| write!(f, "\n- {violation}"))
    }
}

impl core::error::Error for Broken {}

/// What a check saw that it should not have seen. Any error that should not have come up is
/// such a detail too.
#[derive(Debug)]
pub(crate) struct Detail(pub(crate) String);

impl<E: core::error::Error> From<E> for Detail {
    fn from(error: E) -> Self {
        Self(format!("unexpected: {error}"))
    }
}

/// Returns a [`Detail`] unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::promise::Detail(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

macro_rules! promises {
    ($(($promise:ident, $name:literal, $description:literal, $check:path);)*) => {
        /// A promise of [`PageAllocator`], as one check.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Promise {
            $(#[doc = $description] $promise,)*
        }

        impl Promise {
            /// Every promise.
            pub const ALL: &[Self] = &[$(Self::$promise),*];

            /// A short name, such as `stable-base`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$promise => $name,)* }
            }

            /// What is promised.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$promise => $description,)* }
            }

            /// Checks this promise alone.
            ///
            /// # Errors
            ///
            /// What was seen that breaks it.
            pub fn check<A: PageAllocator + ?Sized>(self, allocator: &A) -> Result<(), Violation> {
                let outcome = match self { $(Self::$promise => $check(allocator),)* };
                outcome.map_err(|detail| Violation { promise: self, detail: detail.0 })
            }
        }
    };
}

promises! {
    (Page, "page", "the page is a power of two and never changes", sizes::page);
    (Bounds, "bounds", "a reservation starts on a page and has room for its initial size", sizes::bounds);
    (Apart, "apart", "two memories share no byte", sizes::apart);
    (FreshZero, "fresh-zero", "bytes that become accessible read zero", growth::fresh_zero);
    (OldBytes, "old-bytes", "growth keeps the bytes that were there", growth::old_bytes);
    (StableBase, "stable-base", "a base that is said to be stable never moves", growth::stable_base);
    (Capacity, "capacity", "a commit beyond the capacity is refused and changes nothing", growth::capacity);
    (GrowAtomic, "grow-atomic", "a growth that is refused changes nothing", growth::atomic);
    (AheadSlack, "ahead-slack", "committing ahead stays within its bound and gives way to an exact commit", growth::ahead_slack);
    (Protect, "protect", "rights can be taken and given back, or the backend says it cannot", rights::protect);
    (WriteExecute, "write-execute", "pages both writable and executable are refused unasked", rights::write_execute);
    (Guards, "guards", "guards are as large as asked for, or not claimed", rights::guards);
    (Capabilities, "capabilities", "capabilities do not contradict each other", rights::capabilities);
    (Discard, "discard", "a discarded range reads zero and nothing else changes", reuse::discard);
    (Reset, "reset", "after a reset everything committed reads zero", reuse::reset);
    (ReuseZero, "reuse-zero", "no memory sees a byte of a released one", reuse::reuse_zero);
    (Release, "release", "a released memory leaves its room to others", reuse::release);
    (ZeroSizes, "zero-sizes", "sizes of zero are sizes like any other", requests::zero_sizes);
    (ImpossibleSizes, "impossible-sizes", "sizes that nobody can have are errors", requests::impossible_sizes);
    (Tagging, "tagging", "tags that are required are given or refused", requests::tagging);
    (Verify, "verify", "a memory that nobody harmed passes verification", requests::verify);
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
