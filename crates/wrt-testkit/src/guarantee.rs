//! The guarantees of the contract, one row each: a name, what is guaranteed, and the check.

use core::fmt;

use wrt_platform::PageAllocator;

use crate::asked::Asked;
use crate::checks::{
    capabilities, growth, images, ladder, leaks, queries, reach, requests, reuse, rights, sizes,
    tags,
};

/// A guarantee found broken.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Violation {
    /// Which guarantee it is.
    pub guarantee: Guarantee,
    /// What was seen instead.
    pub detail: String,
    /// The last request that the backend got before, with sizes in bytes.
    pub request: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guarantee, detail, request } = self;
        write!(f, "{guarantee} ({}): {detail}", guarantee.description())?;
        match request {
            Some(request) => write!(f, "; the last request: {request}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Violation {}

/// All guarantees that a backend was found to break, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    pub(crate) violations: Vec<Violation>,
    pub(crate) not_judged: Vec<Guarantee>,
}

impl Broken {
    /// What was found, in the order of [`Guarantee::ALL`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Guarantees that were not checked, because they [presuppose](Guarantee::presupposes) one that
    /// is broken.
    #[must_use]
    pub fn not_judged(&self) -> &[Guarantee] {
        &self.not_judged
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guarantees that are broken: {}", self.violations.len())?;
        self.violations.iter().try_for_each(|violation| write!(f, "\n- {violation}"))?;
        if self.not_judged.is_empty() {
            return Ok(());
        }
        f.write_str("\nnot checked before these are mended:")?;
        self.not_judged.iter().try_for_each(|guarantee| write!(f, " {guarantee}"))
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
            return Err($crate::guarantee::Detail(format!($($text)+)));
        }
    };
}
pub(crate) use ensure;

macro_rules! guarantees {
    ($(($guarantee:ident, $name:literal, $description:literal, $check:path, [$($needs:ident),*]);)*)
    => {
        /// A guarantee of [`PageAllocator`], as one check.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Guarantee {
            $(#[doc = $description] $guarantee,)*
        }

        impl Guarantee {
            /// Every guarantee, those that others presuppose before them.
            pub const ALL: &[Self] = &[$(Self::$guarantee),*];

            /// A short name, such as `stable-base`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$guarantee => $name,)* }
            }

            /// What is guaranteed.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$guarantee => $description,)* }
            }

            /// What must hold for this guarantee's check to be meaningful: a backend whose new
            /// bytes are not zero says nothing by bytes that are not zero after a refusal.
            #[must_use]
            pub const fn presupposes(self) -> &'static [Self] {
                match self { $(Self::$guarantee => &[$(Self::$needs),*],)* }
            }

            /// Checks this guarantee alone. What it presupposes is taken for granted; a backend that
            /// breaks that may do anything, up to making the check itself touch memory that is not
            /// there.
            ///
            /// # Errors
            ///
            /// What was seen that breaks it.
            pub fn check<A: PageAllocator + ?Sized>(self, allocator: &A) -> Result<(), Violation> {
                let asked = Asked::new(allocator);
                let outcome = match self { $(Self::$guarantee => $check(&asked),)* };
                outcome.map_err(|detail| Violation {
                    guarantee: self,
                    detail: detail.0,
                    request: asked.last_request(),
                })
            }
        }
    };
}

guarantees! {
    (Page, "page", "the page is a power of two and never changes", sizes::page, []);
    (Capabilities, "capabilities", "capabilities never change and do not contradict each other", capabilities::constant, [Page]);
    (Bounds, "bounds", "a reservation starts on a page and has room for its initial size", sizes::bounds, [Page]);
    (Accessible, "accessible", "committed bytes can be read and written", growth::accessible, [Bounds]);
    (FreshZero, "fresh-zero", "bytes that become accessible read zero", growth::fresh_zero, [Accessible]);
    (OldBytes, "old-bytes", "growth keeps the bytes that were there", growth::old_bytes, [Accessible]);
    (StableBase, "stable-base", "a base that is said to be stable never moves", growth::stable_base, [Capabilities, Accessible]);
    (GrowAtomic, "grow-atomic", "a growth that is refused changes nothing", growth::atomic, [FreshZero, OldBytes]);
    (ReuseZero, "reuse-zero", "no memory sees a byte of a released one", reuse::reuse_zero, [FreshZero, OldBytes]);
    (Capacity, "capacity", "every byte up to the capacity has its own place", reach::capacity, [ReuseZero]);
    (Reset, "reset", "after a reset everything committed reads zero", reuse::reset, [ReuseZero]);
    (Apart, "apart", "two memories share no byte", sizes::apart, [ReuseZero]);
    (Release, "release", "a released memory leaves its room to others", leaks::release, [Accessible, Apart]);
    (Descriptors, "descriptors", "a released memory leaves no descriptor open", leaks::descriptors, [Release, Reset]);
    (Guards, "guards", "guards are as large as the level says", ladder::guards, [Capabilities, Bounds]);
    (Ladder, "ladder", "a level that is demanded is given or refused", ladder::demands, [Guards]);
    (Fallback, "fallback", "there is a reason for less than was wanted, and none for all of it", ladder::fallback, [Guards, Ladder]);
    (Closed, "closed", "nobody can access guards or what is not committed", ladder::closed, [Accessible, Guards, Reset]);
    (ExactFaults, "exact-faults", "what is not committed faults where the reservation says so", ladder::exact_faults, [Closed]);
    (ReadOnly, "read-only", "verification and the count of resident bytes change nothing", queries::read_only, [OldBytes, Closed]);
    (Protect, "protect", "rights can be taken and given back, or the backend says it cannot", rights::protect, [Capabilities, FreshZero, OldBytes]);
    (HostRights, "host-rights", "rights that are taken are gone, from that memory alone", rights::host_rights, [Protect, Apart]);
    (RightsKept, "rights-kept", "rights that were taken come back only when they are given back", rights::kept, [HostRights, Closed]);
    (WriteExecute, "write-execute", "writable and executable pages are given or refused where they are allowed", rights::write_execute, [HostRights]);
    (Discard, "discard", "a discarded range reads zero and nothing else changes", reuse::discard, [FreshZero, OldBytes]);
    (Resident, "resident", "resident bytes are those that occupy physical memory", reuse::resident, [ReuseZero, Discard, ReadOnly]);
    (Released, "released", "pages are given back to the host if the backend says so, and only then", reuse::released, [Capabilities, Resident]);
    (ImageFirst, "image-first", "a memory with an image holds it at first", images::first, [Capabilities, ReuseZero]);
    (ImageReset, "image-reset", "a memory with an image holds it after every reset", images::reset, [ImageFirst, Reset]);
    (ImageDiscard, "image-discard", "a discarded range reads zero, whatever the image says", images::discard, [ImageReset, Discard]);
    (ImageApart, "image-apart", "an image is in no memory but those made with it, and as it was made", images::apart, [ImageReset, Apart]);
    (WideOffsets, "wide-offsets", "offsets of more than 32 bits are offsets like any other", reach::wide_offsets, [StableBase, GrowAtomic, Capacity, HostRights, ImageReset, ImageDiscard]);
    (Tagging, "tagging", "tags that are required are given or refused", tags::demanded, [Capabilities]);
    (FreshTags, "fresh-tags", "a tag is another than those of neighbours, and than the one before a reset or release", tags::fresh, [Tagging, Reset, Apart]);
    (Name, "name", "any text is a name, and a name is all it changes", requests::name, [Closed, FreshZero]);
    (Verify, "verify", "a memory that nobody harmed passes verification", requests::verify, [ReadOnly, RightsKept, Discard, Apart, Name]);
    (ZeroSizes, "zero-sizes", "sizes of zero are sizes like any other", requests::zero_sizes, [Discard, Reset, Verify]);
    (ImpossibleSizes, "impossible-sizes", "sizes that nobody can have are errors", requests::impossible_sizes, [Ladder, Fallback, GrowAtomic]);
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
