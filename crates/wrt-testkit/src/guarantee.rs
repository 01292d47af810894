//! Guarantees of the contract, one row each: a name, a description, and the check.

use core::fmt;

use wrt_platform::PageAllocator;

use crate::asked::Asked;
use crate::checks::{
    capabilities, growth, images, ladder, leaks, queries, reach, requests, reuse, rights, sizes,
    tags,
};

/// A broken guarantee.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Violation {
    /// The guarantee.
    pub guarantee: Guarantee,
    /// The observation that breaks it.
    pub detail: String,
    /// The last request to the backend before it, with sizes in bytes.
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

/// All guarantees that a backend breaks, at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    pub(crate) violations: Vec<Violation>,
    pub(crate) not_judged: Vec<Guarantee>,
}

impl Broken {
    /// The broken guarantees, in the order of [`Guarantee::ALL`].
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Guarantees that were not checked, because they [presuppose](Guarantee::presupposes) a broken
    /// one.
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
        f.write_str("\nnot checked before these are fixed:")?;
        self.not_judged.iter().try_for_each(|guarantee| write!(f, " {guarantee}"))
    }
}

impl core::error::Error for Broken {}

/// An observation that breaks a guarantee. Any unexpected error is one too.
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
        /// A guarantee of [`PageAllocator`], with its check.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Guarantee {
            $(#[doc = $description] $guarantee,)*
        }

        impl Guarantee {
            /// Every guarantee, in an order in which each follows those that it presupposes.
            pub const ALL: &[Self] = &[$(Self::$guarantee),*];

            /// A short name, such as `stable-base`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$guarantee => $name,)* }
            }

            /// A description of the guarantee.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$guarantee => $description,)* }
            }

            /// The guarantees that must hold for this check to be meaningful. For example, non-zero
            /// bytes after a refusal tell nothing about a backend whose new bytes are never zero.
            #[must_use]
            pub const fn presupposes(self) -> &'static [Self] {
                match self { $(Self::$guarantee => &[$(Self::$needs),*],)* }
            }

            /// Checks this guarantee alone and assumes the guarantees that it presupposes. If the
            /// backend breaks one of these, the result is unspecified, and the check may even
            /// fault.
            ///
            /// # Errors
            ///
            /// The observation that breaks the guarantee.
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
    (OldBytes, "old-bytes", "growth keeps the old bytes", growth::old_bytes, [Accessible]);
    (StableBase, "stable-base", "a base that is claimed to be stable never moves", growth::stable_base, [Capabilities, Accessible]);
    (GrowAtomic, "grow-atomic", "a refused growth changes nothing", growth::atomic, [FreshZero, OldBytes]);
    (ReuseZero, "reuse-zero", "no memory sees a byte of a released one", reuse::reuse_zero, [FreshZero, OldBytes]);
    (Capacity, "capacity", "all bytes up to the capacity are distinct", reach::capacity, [ReuseZero]);
    (Reset, "reset", "after a reset all committed bytes read zero", reuse::reset, [ReuseZero]);
    (Apart, "apart", "two memories share no byte", sizes::apart, [ReuseZero]);
    (Release, "release", "a released memory frees its address space and memory", leaks::release, [Accessible, Apart]);
    (Descriptors, "descriptors", "a released memory leaves no descriptor open", leaks::descriptors, [Release, Reset]);
    (Guards, "guards", "guards are as large as the level says", ladder::guards, [Capabilities, Bounds]);
    (Ladder, "ladder", "a demanded level is given or refused", ladder::demands, [Guards]);
    (Fallback, "fallback", "a smaller reservation has a reason, and a full one has none", ladder::fallback, [Guards, Ladder]);
    (Closed, "closed", "guards and uncommitted bytes cannot be accessed", ladder::closed, [Accessible, Guards, Reset]);
    (ExactFaults, "exact-faults", "uncommitted bytes fault where the reservation guarantees it", ladder::exact_faults, [Closed]);
    (ReadOnly, "read-only", "verification and the count of resident bytes change nothing", queries::read_only, [OldBytes, Closed]);
    (Protect, "protect", "rights can be taken away and restored, or the backend reports that it cannot", rights::protect, [Capabilities, FreshZero, OldBytes]);
    (HostRights, "host-rights", "rights that are taken away are gone, from that memory alone", rights::host_rights, [Protect, Apart]);
    (RightsKept, "rights-kept", "rights that are taken away return only when they are restored", rights::kept, [HostRights, Closed]);
    (WriteExecute, "write-execute", "pages that are writable and executable are given or refused where they are allowed", rights::write_execute, [HostRights]);
    (Discard, "discard", "a discarded range reads zero and nothing else changes", reuse::discard, [FreshZero, OldBytes]);
    (Resident, "resident", "resident bytes are those that occupy physical memory", reuse::resident, [ReuseZero, Discard, ReadOnly]);
    (Released, "released", "pages return to the host exactly where the backend reports it", reuse::released, [Capabilities, Resident]);
    (ImageFirst, "image-first", "a memory with an image holds it at creation", images::first, [Capabilities, ReuseZero]);
    (ImageReset, "image-reset", "a memory with an image holds it after every reset", images::reset, [ImageFirst, Reset]);
    (ImageDiscard, "image-discard", "a discarded range reads zero, also within an image", images::discard, [ImageReset, Discard]);
    (ImageApart, "image-apart", "an image is only in memories created with it, and never changes", images::apart, [ImageReset, Apart]);
    (WideOffsets, "wide-offsets", "offsets of more than 32 bits work like any other", reach::wide_offsets, [StableBase, GrowAtomic, Capacity, HostRights, ImageReset, ImageDiscard]);
    (Tagging, "tagging", "required tags are given or refused", tags::demanded, [Capabilities]);
    (FreshTags, "fresh-tags", "a tag differs from those of neighbours, and from the one before a reset or release", tags::fresh, [Tagging, Reset, Apart]);
    (Name, "name", "any text is a valid name, and a name changes nothing else", requests::name, [Closed, FreshZero]);
    (Verify, "verify", "an intact memory passes verification", requests::verify, [ReadOnly, RightsKept, Discard, Apart, Name]);
    (ZeroSizes, "zero-sizes", "sizes of zero work like any other", requests::zero_sizes, [Discard, Reset, Verify]);
    (ImpossibleSizes, "impossible-sizes", "impossible sizes are errors", requests::impossible_sizes, [Ladder, Fallback, GrowAtomic]);
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
