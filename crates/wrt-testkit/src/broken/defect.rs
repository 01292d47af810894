//! What a backend can get wrong, one row each: a name, the guarantee that it breaks, what an
//! otherwise good backend must have for it, and what it does.

use wrt_platform::Capabilities;

use crate::guarantee::Guarantee;

macro_rules! defects {
    ($(($defect:ident, $name:literal, $guarantee:ident, [$($needs:ident),*], $what:literal);)*) => {
        /// A way to break one guarantee of the contract and no other.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Defect {
            $(#[doc = $what] $defect,)*
        }

        impl Defect {
            /// Every defect.
            pub const ALL: &[Self] = &[$(Self::$defect),*];

            /// A short name, such as `dirty-growth`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$defect => $name,)* }
            }

            /// The guarantee that it breaks.
            #[must_use]
            pub const fn breaks(self) -> Guarantee {
                match self { $(Self::$defect => Guarantee::$guarantee,)* }
            }

            /// What the backend below must be able to do, or there is nothing to break.
            #[must_use]
            pub const fn needs(self) -> Capabilities {
                match self {
                    $(Self::$defect => Capabilities::empty()$(.union(Capabilities::$needs))*,)*
                }
            }

            /// What a backend with it does.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$defect => $what,)* }
            }
        }
    };
}

defects! {
    (PageChanges, "page-changes", Page, [], "after the first release the page has twice the size");
    (CapabilitiesChange, "capabilities-change", Capabilities, [], "every other memory changes what the backend says it can do");
    (CapabilitiesContradict, "capabilities-contradict", Capabilities, [], "memories can be shared and their bases move");
    (CapabilitiesFade, "capabilities-fade", Capabilities, [], "the first discard changes what the backend says it can do");
    (RoomMissing, "room-missing", Bounds, [], "the capacity lacks a page");
    (BaseOffPage, "base-off-page", Bounds, [], "the base lies 64 bytes into a page");
    (GrowHalfDone, "grow-half-done", Accessible, [GUARDS], "a commit stops half-way and says that all went well");
    (MovesSilently, "moves-silently", Accessible, [GUARDS], "growth goes on at another base, of which nobody is told");
    (DirtyGrowth, "dirty-growth", FreshZero, [], "the last byte that growth adds is not zero");
    (LosesOldBytes, "loses-old-bytes", OldBytes, [], "growth changes the first byte");
    (FeelsMoves, "feels-moves", OldBytes, [], "a memory loses its first byte if it grows after its allocator was moved");
    (MovesThoughStable, "moves-though-stable", StableBase, [], "the base is said to be stable and moves");
    (RefusalWrites, "refusal-writes", GrowAtomic, [], "a refused growth changes the first byte");
    (RefusalCommits, "refusal-commits", GrowAtomic, [GUARDS], "a refused growth leaves another page open");
    (RefusesForGood, "refuses-for-good", GrowAtomic, [], "after one refusal a memory never grows again");
    (AliasesFarPages, "aliases-far-pages", Capacity, [STABLE_BASE, GUARDS], "pages past the first 64 are those again");
    (StaleMemory, "stale-memory", ReuseZero, [], "a memory gets the bytes of a released one");
    (ResetKeepsByte, "reset-keeps-byte", Reset, [], "a reset leaves a byte");
    (ResetShrinks, "reset-shrinks", Reset, [], "a reset keeps a page less than it was told to");
    (Overlap, "overlap", Apart, [], "two memories of one shape get the same pages");
    (DoubleRelease, "double-release", Apart, [], "a released memory is free twice over, for two");
    (NoLock, "no-lock", Apart, [], "two threads that reserve at once get the same pages");
    (Leaks, "leaks", Release, [], "released memories stay");
    (GuardLeft, "guard-left", Release, [GUARDS], "the guard before the base stays when a memory is released");
    (DescriptorLeft, "descriptor-left", Descriptors, [], "a memory with an image leaves a descriptor open");
    (GuardsTooSmall, "guards-too-small", Guards, [GUARDS], "the guard before the base has half its size");
    (LevelTooHigh, "level-too-high", Guards, [], "full guards are claimed and others given");
    (DemandIgnored, "demand-ignored", Ladder, [], "guards are demanded and a memory without is given");
    (GuardsClaimed, "guards-claimed", Ladder, [], "there are guards, but not when they are demanded");
    (ReasonMissing, "reason-missing", Fallback, [], "no reason is ever given");
    (ReasonInvented, "reason-invented", Fallback, [], "there is always a reason why it is not more");
    (GuardOpen, "guard-open", Closed, [GUARDS], "the page before the base can be accessed, where guards are small");
    (UncommittedOpen, "uncommitted-open", Closed, [GUARDS], "a page more than was committed can be accessed");
    (ResetLeavesOpen, "reset-leaves-open", Closed, [GUARDS], "a reset does not close what it does not keep");
    (ExactUnwanted, "exact-unwanted", ExactFaults, [], "exact faults are claimed for memories that grow in steps of a byte");
    (ExactResetKeeps, "exact-reset-keeps", ExactFaults, [GUARDS], "exact faults are claimed, and a reset keeps all that was committed");
    (VerifyWrites, "verify-writes", ReadOnly, [], "verification changes a byte and restores it");
    (VerifyOpens, "verify-opens", ReadOnly, [GUARDS], "verification opens the page past what is committed");
    (ResidentDrops, "resident-drops", ReadOnly, [], "counting resident bytes discards a page");
    (ProtectErases, "protect-erases", Protect, [PROTECT], "bytes do not outlast the loss of their rights");
    (ProtectUnclaimed, "protect-unclaimed", Protect, [PROTECT], "rights can be changed, but the capability is missing");
    (ProtectRefused, "protect-refused", Protect, [], "rights can be changed, the backend says, and it never does");
    (ProtectIgnored, "protect-ignored", HostRights, [], "protecting is said to work and does nothing");
    (RightsInherited, "rights-inherited", HostRights, [PROTECT], "a memory lacks the rights that a released one had lost");
    (ForgottenOnCommit, "forgotten-on-commit", RightsKept, [PROTECT], "growth gives all rights back");
    (ForgottenOnDiscard, "forgotten-on-discard", RightsKept, [PROTECT], "a discard gives all rights back");
    (ForgottenOnProtect, "forgotten-on-protect", RightsKept, [PROTECT], "protecting a range gives those on others back");
    (WriteExecuteLost, "write-execute-lost", WriteExecute, [PROTECT], "pages that should be writable and executable can only be written");
    (DiscardKeeps, "discard-keeps", Discard, [], "a discard leaves the bytes as they are");
    (DiscardTooMuch, "discard-too-much", Discard, [], "a discard takes one byte past the range along");
    (CommitCut, "commit-cut", WideOffsets, [STABLE_BASE, GUARDS], "a commit forgets the upper half of a size of 64 bits");
    (DiscardCut, "discard-cut", WideOffsets, [STABLE_BASE, GUARDS], "a discard forgets the upper half of an offset of 64 bits");
    (ProtectCut, "protect-cut", WideOffsets, [STABLE_BASE, PROTECT], "a change of rights forgets the upper half of an offset of 64 bits");
    (ImageCut, "image-cut", WideOffsets, [STABLE_BASE, GUARDS], "an image forgets the upper half of an address of 64 bits");
    (ResidentTooMuch, "resident-too-much", Resident, [], "more bytes are resident than there are");
    (ResidentNothing, "resident-nothing", Resident, [], "no byte is ever resident");
    (ReleasedOnPaper, "released-on-paper", Released, [DISCARD], "discarded pages are only overwritten, and said to be given back");
    (DiscardClaimed, "discard-claimed", Released, [], "pages can be given back, but never are");
    (ImageIgnored, "image-ignored", ImageFirst, [], "the image is said to be there, and zeroes are");
    (ImagesClaimed, "images-claimed", ImageFirst, [], "images can be mapped, but never are");
    (ImageLost, "image-lost", ImageReset, [], "a reset leaves zeroes instead of the image");
    (WritesSurvive, "writes-survive", ImageReset, [], "a reset leaves what was written over the image");
    (DiscardShowsImage, "discard-shows-image", ImageDiscard, [], "discarded pages show the image again");
    (StaleImage, "stale-image", ImageApart, [], "the memory after one with an image has it too");
    (WrittenThrough, "written-through", ImageApart, [], "what is written over an image is in the next memory that has it");
    (TagsClaimed, "tags-claimed", Tagging, [], "tags that are required are guaranteed and not given");
    (TagReused, "tag-reused", FreshTags, [TAGGED], "a reset leaves the tag as it was");
    (NamesRefused, "names-refused", Name, [], "a memory with a long name is refused");
    (NamedOpen, "named-open", Name, [GUARDS], "a page more than was committed can be accessed, where there is a name");
    (FalseAlarm, "false-alarm", Verify, [], "healthy memories fail verification");
    (ExceptionsIgnored, "exceptions-ignored", Verify, [PROTECT], "protected pages fail verification");
    (EmptyRefused, "empty-refused", ZeroSizes, [], "a memory that may never have a byte is refused");
    (ImpossibleGranted, "impossible-granted", ImpossibleSizes, [], "a memory of more bytes than there are addresses is given");
    (WrongNumbers, "wrong-numbers", ImpossibleSizes, [], "refusals do not say what was asked");
}

impl Defect {
    /// Whether the backend puts images into memories by itself, to get that wrong.
    pub(super) const fn fills_images(self) -> bool {
        matches!(
            self,
            Self::ImageIgnored
                | Self::ImageLost
                | Self::WritesSurvive
                | Self::DiscardShowsImage
                | Self::WrittenThrough
                | Self::ImageCut
        )
    }

    /// What is claimed beside what the backend below can do.
    pub(super) const fn claims(self) -> Capabilities {
        match self {
            Self::CapabilitiesContradict => Capabilities::SHARED,
            Self::MovesThoughStable => Capabilities::STABLE_BASE,
            Self::LevelTooHigh | Self::GuardsClaimed => Capabilities::GUARDS,
            Self::ProtectIgnored | Self::ProtectRefused => Capabilities::PROTECT,
            Self::ReleasedOnPaper | Self::DiscardClaimed => Capabilities::DISCARD,
            Self::TagsClaimed => Capabilities::TAGGED,
            Self::ImagesClaimed => Capabilities::IMAGES,
            _ if self.fills_images() => Capabilities::IMAGES,
            _ => Capabilities::empty(),
        }
    }

    /// What is kept back of what the backend below can do.
    pub(super) const fn denies(self) -> Capabilities {
        match self {
            Self::CapabilitiesContradict => Capabilities::STABLE_BASE,
            Self::ProtectUnclaimed => Capabilities::PROTECT,
            _ => Capabilities::empty(),
        }
    }
}
