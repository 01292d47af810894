//! Mappings of the process as listed by Linux: `/proc/self/maps` and `/proc/self/pagemap`
//! (`proc(5)`), read piece by piece without allocation.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};

use crate::error::Corruption;
use crate::protection::Protection;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage, HostRights};

/// Checks that guards and uncommitted pages are inaccessible, and that committed pages have the
/// usual rights, except for `exceptions`. Succeeds where the mappings cannot be read.
///
/// Inaccessible pages need not be listed: an emulator keeps its guest's address space inaccessible,
/// and omits mappings that look the same.
pub(crate) fn verify(
    reservation: &Reservation,
    committed: HostBytes,
    exceptions: &[HostRights],
) -> Result<(), Corruption> {
    let base = reservation.base().as_ptr().addr() as u64;
    let committed_end = base + committed.as_u64();
    let low = base - reservation.guard_before().as_u64();
    let high = base + reservation.capacity().as_u64() + reservation.guard_after().as_u64();
    let past_closed = |address| past_closed(address, base, exceptions);
    let mut covered = base;
    let mut fault = None;
    let mut seen = false;
    let _ = for_each_mapping(|mapping| {
        seen = true;
        let closed = mapping.protection.is_empty();
        if !closed && (mapping.overlaps(low, base) || mapping.overlaps(committed_end, high)) {
            fault = fault.or(Some(Corruption::Guard));
        }
        if mapping.overlaps(base, committed_end) {
            if mapping.start <= past_closed(covered)
                && mapping.is_as_expected(base, committed_end, exceptions)
            {
                covered = covered.max(mapping.end);
            } else {
                fault = fault.or(Some(Corruption::Protection));
            }
        }
    });
    match fault {
        Some(fault) => Err(fault),
        // Mappings are in order of address, so a gap is detected even if the end cannot be read.
        None if seen && past_closed(covered) < committed_end => Err(Corruption::Protection),
        None => Ok(()),
    }
}

/// The first accessible address from `address` on: the end of the closed range around it.
fn past_closed(address: u64, base: u64, exceptions: &[HostRights]) -> u64 {
    let closed = exceptions.iter().filter(|exception| exception.protection.is_empty());
    closed.fold(address, |address, HostRights { range, .. }| {
        let (start, end) = (base + range.start.as_u64(), base + range.end().as_u64());
        if (start..end).contains(&address) { end } else { address }
    })
}

/// Bytes of the committed pages that are present in physical memory. Pages that were only read may
/// share one zero page and are counted as well.
pub(crate) fn resident(
    reservation: &Reservation,
    committed: HostBytes,
    page: HostPage,
) -> Option<u64> {
    const ENTRY: usize = 8;
    let file = open(c"/proc/self/pagemap")?;
    let first_page = reservation.base().as_ptr().addr() / page.bytes();
    let mut pages_left = committed.get() / page.bytes();
    let mut offset = first_page as u64 * ENTRY as u64;
    let mut present = 0_u64;
    let mut buffer = [0; 512 * ENTRY];
    while pages_left > 0 {
        let wanted = buffer.len().min(pages_left * ENTRY);
        let read = rustix::io::pread(&file, buffer.get_mut(..wanted)?, offset).ok()?;
        let (entries, _) = buffer.get(..read)?.as_chunks::<ENTRY>();
        if entries.is_empty() {
            return None;
        }
        // Bit 63 says that the page is present.
        present +=
            entries.iter().filter(|entry| u64::from_ne_bytes(**entry) >> 63 == 1).count() as u64;
        pages_left -= entries.len();
        offset += (entries.len() * ENTRY) as u64;
    }
    Some(present * page.bytes() as u64)
}

/// The rights in a line's `rwx`.
fn protection_of(rights: &[u8]) -> Protection {
    let letters =
        [(b'r', Protection::READ), (b'w', Protection::WRITE), (b'x', Protection::EXECUTE)];
    let found = letters.into_iter().filter(|(letter, _)| rights.contains(letter));
    found.fold(Protection::empty(), |all, (_, right)| all | right)
}

/// One line of `/proc/self/maps`.
struct Mapping {
    start: u64,
    end: u64,
    protection: Protection,
}

impl Mapping {
    /// Reads `start-end rwxp`, the beginning of a line.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.splitn(3, |byte| *byte == b' ');
        let range = str::from_utf8(fields.next()?).ok()?;
        let (start, end) = range.split_once('-')?;
        let rights = fields.next()?.get(..3)?;
        Some(Self {
            start: u64::from_str_radix(start, 16).ok()?,
            end: u64::from_str_radix(end, 16).ok()?,
            protection: protection_of(rights),
        })
    }

    const fn overlaps(&self, from: u64, to: u64) -> bool {
        let start = if self.start > from { self.start } else { from };
        let end = if self.end < to { self.end } else { to };
        start < end
    }

    /// Whether the mapping's part of `base..end` has its expected rights: those of the exceptions
    /// where there are any, the usual ones elsewhere.
    fn is_as_expected(&self, base: u64, end: u64, exceptions: &[HostRights]) -> bool {
        let mut checked = self.start.max(base);
        let end = self.end.min(end);
        let is = |expected| self.protection == expected;
        for exception in exceptions {
            let from = base + exception.range.start.as_u64();
            let to = base + exception.range.end().as_u64();
            if !self.overlaps(from, to) || from >= end {
                continue;
            }
            let usual_before = checked < from;
            if usual_before && !is(Protection::READ_WRITE) || !is(exception.protection) {
                return false;
            }
            checked = to;
        }
        checked >= end || is(Protection::READ_WRITE)
    }
}

/// Calls `visit` for every mapping of the process, in address order. `None` if they cannot be
/// read.
fn for_each_mapping(mut visit: impl FnMut(Mapping)) -> Option<()> {
    let file = open(c"/proc/self/maps")?;
    let mut buffer = [0; 4096];
    // Only the first bytes of a line are used; the rest, a path of any length, is skipped.
    let mut line = [0; 64];
    let mut len = 0;
    loop {
        let read = rustix::io::read(&file, &mut buffer).ok()?;
        if read == 0 {
            return Some(());
        }
        for &byte in buffer.get(..read)? {
            if byte == b'\n' {
                if let Some(mapping) = line.get(..len).and_then(Mapping::parse) {
                    visit(mapping);
                }
                len = 0;
            } else if let Some(slot) = line.get_mut(len) {
                *slot = byte;
                len += 1;
            }
        }
    }
}

fn open(path: &core::ffi::CStr) -> Option<OwnedFd> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
}
