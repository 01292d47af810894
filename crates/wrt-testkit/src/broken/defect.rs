//! Defects of backends, one row each: a name, the guarantee that it breaks, the capabilities that
//! it needs of a good backend, and a description.

use wrt_platform::Capabilities;

use crate::guarantee::Guarantee;

macro_rules! defects {
    ($(($defect:ident, $name:literal, $guarantee:ident, [$($needs:ident),*], $what:literal);)*) => {
        /// A defect that breaks one guarantee of the contract and no other.
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

            /// Capabilities that the inner backend must have for the defect to have an effect.
            #[must_use]
            pub const fn needs(self) -> Capabilities {
                match self {
                    $(Self::$defect => Capabilities::empty()$(.union(Capabilities::$needs))*,)*
                }
            }

            /// The behaviour of a backend with this defect.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$defect => $what,)* }
            }
        }
    };
}

defects! {
    (PageChanges, "page-changes", Page, [], "after the first release the page has twice the size");
    (CapabilitiesChange, "capabilities-change", Capabilities, [], "every other memory changes the capabilities");
    (CapabilitiesContradict, "capabilities-contradict", Capabilities, [], "memories can be shared and their bases move");
    (CapabilitiesFade, "capabilities-fade", Capabilities, [], "the first discard changes the capabilities");
    (RoomMissing, "room-missing", Bounds, [], "the capacity lacks a page");
    (BaseOffPage, "base-off-page", Bounds, [], "the base lies 64 bytes into a page");
    (GrowHalfDone, "grow-half-done", Accessible, [GUARDS], "a commit stops half-way and reports success");
    (MovesSilently, "moves-silently", Accessible, [GUARDS], "growth moves the base without reporting it");
    (DirtyGrowth, "dirty-growth", FreshZero, [], "the last byte that growth adds is not zero");
    (LosesOldBytes, "loses-old-bytes", OldBytes, [], "growth changes the first byte");
    (FeelsMoves, "feels-moves", OldBytes, [], "a memory loses its first byte if it grows after its allocator was moved");
    (MovesThoughStable, "moves-though-stable", StableBase, [], "the base is claimed to be stable but moves");
    (RefusalWrites, "refusal-writes", GrowAtomic, [], "a refused growth changes the first byte");
    (RefusalCommits, "refusal-commits", GrowAtomic, [GUARDS], "a refused growth leaves another page open");
    (RefusesForGood, "refuses-for-good", GrowAtomic, [], "after one refusal a memory never grows again");
    (AliasesFarPages, "aliases-far-pages", Capacity, [STABLE_BASE, GUARDS], "pages past the first 64 alias them");
    (StaleMemory, "stale-memory", ReuseZero, [], "a memory gets the bytes of a released one");
    (ResetKeepsByte, "reset-keeps-byte", Reset, [], "a reset leaves a byte unchanged");
    (ResetShrinks, "reset-shrinks", Reset, [], "a reset keeps a page less than requested");
    (Overlap, "overlap", Apart, [], "two memories of one shape get the same pages");
    (DoubleRelease, "double-release", Apart, [], "a released memory is free twice, for two owners");
    (NoLock, "no-lock", Apart, [], "two threads that reserve at once get the same pages");
    (Leaks, "leaks", Release, [], "released memories stay mapped");
    (GuardLeft, "guard-left", Release, [GUARDS], "the guard before the base stays when a memory is released");
    (DescriptorLeft, "descriptor-left", Descriptors, [], "a memory with an image leaves a descriptor open");
    (GuardsTooSmall, "guards-too-small", Guards, [GUARDS], "the guard before the base has half its size");
    (LevelTooHigh, "level-too-high", Guards, [], "full guards are reported but are not there");
    (DemandIgnored, "demand-ignored", Ladder, [], "guards are demanded but a memory without them is made");
    (GuardsClaimed, "guards-claimed", Ladder, [], "guards are claimed, but refused when demanded");
    (ReasonMissing, "reason-missing", Fallback, [], "a fallback never has a reason");
    (ReasonInvented, "reason-invented", Fallback, [], "a fallback is reported although there is none");
    (GuardOpen, "guard-open", Closed, [GUARDS], "the page before the base can be accessed, where guards are small");
    (UncommittedOpen, "uncommitted-open", Closed, [GUARDS], "a page past the committed bytes can be accessed");
    (ResetLeavesOpen, "reset-leaves-open", Closed, [GUARDS], "a reset does not close the bytes that it does not keep");
    (ExactUnwanted, "exact-unwanted", ExactFaults, [], "exact faults are claimed for memories that grow in steps of a byte");
    (ExactResetKeeps, "exact-reset-keeps", ExactFaults, [GUARDS], "exact faults are claimed, but a reset keeps all committed bytes");
    (VerifyWrites, "verify-writes", ReadOnly, [], "verification changes a byte and restores it");
    (VerifyOpens, "verify-opens", ReadOnly, [GUARDS], "verification opens the page past the committed bytes");
    (ResidentDrops, "resident-drops", ReadOnly, [], "counting resident bytes discards a page");
    (ProtectErases, "protect-erases", Protect, [PROTECT], "bytes are lost when their rights are taken away");
    (ProtectUnclaimed, "protect-unclaimed", Protect, [PROTECT], "rights can be changed, but the capability is missing");
    (ProtectRefused, "protect-refused", Protect, [], "changing rights is claimed but always refused");
    (ProtectIgnored, "protect-ignored", HostRights, [], "protecting reports success but does nothing");
    (RightsInherited, "rights-inherited", HostRights, [PROTECT], "a memory lacks the rights that a released one had lost");
    (ForgottenOnCommit, "forgotten-on-commit", RightsKept, [PROTECT], "growth restores all rights");
    (ForgottenOnDiscard, "forgotten-on-discard", RightsKept, [PROTECT], "a discard restores all rights");
    (ForgottenOnProtect, "forgotten-on-protect", RightsKept, [PROTECT], "protecting a range restores the rights on others");
    (WriteExecuteLost, "write-execute-lost", WriteExecute, [PROTECT], "pages that should be writable and executable are only writable");
    (DiscardKeeps, "discard-keeps", Discard, [], "a discard leaves the bytes as they are");
    (DiscardTooMuch, "discard-too-much", Discard, [], "a discard erases one byte past the range");
    (CommitCut, "commit-cut", WideOffsets, [STABLE_BASE, GUARDS], "a commit truncates a size to 32 bits");
    (DiscardCut, "discard-cut", WideOffsets, [STABLE_BASE, GUARDS], "a discard truncates an offset to 32 bits");
    (ProtectCut, "protect-cut", WideOffsets, [STABLE_BASE, PROTECT], "a change of rights truncates an offset to 32 bits");
    (ImageCut, "image-cut", WideOffsets, [STABLE_BASE, GUARDS], "an image truncates an address to 32 bits");
    (ResidentTooMuch, "resident-too-much", Resident, [], "more bytes are reported resident than committed");
    (ResidentNothing, "resident-nothing", Resident, [], "no byte is ever reported resident");
    (ReleasedOnPaper, "released-on-paper", Released, [DISCARD], "discarded pages are only overwritten, but reported as released");
    (DiscardClaimed, "discard-claimed", Released, [], "releasing pages is claimed, but never done");
    (ImageIgnored, "image-ignored", ImageFirst, [], "the image is reported, but the memory holds zeroes");
    (ImagesClaimed, "images-claimed", ImageFirst, [], "mapping images is claimed, but never done");
    (ImageLost, "image-lost", ImageReset, [], "a reset leaves zeroes instead of the image");
    (WritesSurvive, "writes-survive", ImageReset, [], "a reset leaves bytes that were written over the image");
    (DiscardShowsImage, "discard-shows-image", ImageDiscard, [], "discarded pages show the image again");
    (StaleImage, "stale-image", ImageApart, [], "the memory after one with an image has it too");
    (WrittenThrough, "written-through", ImageApart, [], "bytes written over an image are in the next memory that starts from it");
    (TagsClaimed, "tags-claimed", Tagging, [], "required tags are reported but are not there");
    (TagReused, "tag-reused", FreshTags, [TAGGED], "a reset leaves the tag as it was");
    (NamesRefused, "names-refused", Name, [], "a memory with a long name is refused");
    (NamedOpen, "named-open", Name, [GUARDS], "a page past the committed bytes of a memory with a name can be accessed");
    (FalseAlarm, "false-alarm", Verify, [], "healthy memories fail verification");
    (ExceptionsIgnored, "exceptions-ignored", Verify, [PROTECT], "protected pages fail verification");
    (EmptyRefused, "empty-refused", ZeroSizes, [], "a memory with a maximum of zero is refused");
    (ImpossibleGranted, "impossible-granted", ImpossibleSizes, [], "a memory of more bytes than there are addresses is made");
    (WrongNumbers, "wrong-numbers", ImpossibleSizes, [], "errors do not carry the size requested");
}

impl Defect {
    /// Whether the broken backend fills memories from images itself, as the defect needs.
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

    /// Capabilities claimed beyond those of the inner backend.
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

    /// Capabilities of the inner backend that are denied.
    pub(super) const fn denies(self) -> Capabilities {
        match self {
            Self::CapabilitiesContradict => Capabilities::STABLE_BASE,
            Self::ProtectUnclaimed => Capabilities::PROTECT,
            _ => Capabilities::empty(),
        }
    }
}
