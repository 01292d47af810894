//! Pages with hardware tags, and the checks of a thread (`prctl(2)`, `PR_SET_TAGGED_ADDR_CTRL`; the
//! kernel's `arch/arm64/memory-tagging-extension`).
#![allow(unsafe_code, reason = "changes a thread's tag checks")]

use rustix::mm::MapFlags;
use rustix::thread::{
    TaggedAddressMode, current_tagged_address_mode, set_current_tagged_address_mode,
};

use crate::error::OsError;
use crate::sys::errors;
use crate::sys::pages::PageKind;

/// The bit of `AT_HWCAP2` for tags: the machine has them and the kernel enables them for programs.
const HWCAP2_MTE: usize = 1 << 18;

/// The bit of `mmap` and `mprotect` for pages with tags.
const PROT_MTE: u32 = 0x20;

/// The tags that `irg` may choose: all but 0, which untagged memory has.
const CHOICE: u32 = 0xfffe;

const BOTH: TaggedAddressMode = TaggedAddressMode::TCF_SYNC.union(TaggedAddressMode::TCF_ASYNC);

/// Whether the machine and its kernel support tags.
pub(crate) fn are_available() -> bool {
    let (_, capabilities) = rustix::param::linux_hwcap();
    capabilities & HWCAP2_MTE != 0
}

impl PageKind {
    /// Pages with tags. All committed pages are touched, so they are accounted as memory: the host
    /// then refuses a commit beyond its memory, instead of ending the program.
    pub(crate) const TAGGED: Self = Self { extra: PROT_MTE, flags: MapFlags::empty() };
}

/// The time at which the processor reports an access with a wrong tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TagReport {
    /// Before the access takes effect.
    Synchronous,
    /// Some time after the access.
    Asynchronous,
}

/// A thread's checks, and the tags that `irg` may choose for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TagSetting {
    mode: TaggedAddressMode,
    pub(crate) choice: u32,
}

impl TagSetting {
    /// The setting of the calling thread.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    pub(crate) fn of_this_thread() -> Result<Self, OsError> {
        let (mode, choice) = current_tagged_address_mode().map_err(errors::of)?;
        Ok(Self { mode: mode.unwrap_or(TaggedAddressMode::empty()), choice })
    }

    /// The kind of checks, if enabled. A thread that leaves the choice to the kernel counts as
    /// asynchronous, the weaker kind.
    pub(crate) fn report(self) -> Option<TagReport> {
        let mode = Some(self.mode).filter(|mode| mode.contains(TaggedAddressMode::ENABLED))?;
        if mode.contains(TaggedAddressMode::TCF_ASYNC) {
            Some(TagReport::Asynchronous)
        } else {
            mode.contains(TaggedAddressMode::TCF_SYNC).then_some(TagReport::Synchronous)
        }
    }

    /// The setting with checks of this kind, and with every tag to choose.
    pub(crate) fn with_report(self, report: TagReport) -> Self {
        let flag = match report {
            TagReport::Synchronous => TaggedAddressMode::TCF_SYNC,
            TagReport::Asynchronous => TaggedAddressMode::TCF_ASYNC,
        };
        let mode = self.mode.difference(BOTH) | TaggedAddressMode::ENABLED | flag;
        Self { mode, choice: self.choice | CHOICE }
    }

    /// Applies this setting to the calling thread.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    pub(crate) fn set(self) -> Result<(), OsError> {
        // SAFETY: the contract of the call: checks stop accesses that have the wrong tag and change
        // no other. That the kernel takes tagged addresses breaks nobody who passes none.
        unsafe { set_current_tagged_address_mode(Some(self.mode), self.choice) }.map_err(errors::of)
    }
}
