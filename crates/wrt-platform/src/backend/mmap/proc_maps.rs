//! What Linux says about the process's own mappings: `/proc/self/maps` and `/proc/self/pagemap`
//! (`proc(5)`), read piece by piece without allocating.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};

use crate::error::Corruption;
use crate::reservation::Reservation;
use crate::units::{HostBytes, HostPage};

/// Checks that the guards and the uncommitted rest cannot be accessed and that committed pages
/// can. Finds nothing where the mappings cannot be read.
pub(super) fn verify(reservation: &Reservation, committed: HostBytes) -> Result<(), Corruption> {
    let base = reservation.base().as_ptr().addr() as u64;
    let committed_end = base + committed.as_u64();
    let low = base - reservation.guard_before().as_u64();
    let high = base + reservation.capacity().as_u64() + reservation.guard_after().as_u64();
    let mut covered = base;
    let mut fault = None;
    let mut seen = false;
    let _ = for_each_mapping(|mapping| {
        seen = true;
        let overlaps = |from: u64, to: u64| mapping.start.max(from) < mapping.end.min(to);
        if mapping.accessible && (overlaps(low, base) || overlaps(committed_end, high)) {
            fault = fault.or(Some(Corruption::Guard));
        }
        if overlaps(base, committed_end) {
            if mapping.read_write && mapping.start <= covered {
                covered = covered.max(mapping.end);
            } else {
                fault = fault.or(Some(Corruption::Protection));
            }
        }
    });
    match fault {
        Some(fault) => Err(fault),
        // Mappings come in the order of addresses, so a gap shows even if the end cannot be read.
        None if seen && covered < committed_end => Err(Corruption::Protection),
        None => Ok(()),
    }
}

/// Bytes of the committed pages that are present in physical memory. Pages that were only read may
/// share one page of zeroes and are counted as well.
pub(super) fn resident(
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

/// One line of `/proc/self/maps`.
struct Mapping {
    start: u64,
    end: u64,
    accessible: bool,
    read_write: bool,
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
            accessible: rights != b"---",
            read_write: rights.starts_with(b"rw"),
        })
    }
}

/// Calls `visit` for every mapping of the process, in address order. `None` if they cannot be
/// read.
fn for_each_mapping(mut visit: impl FnMut(Mapping)) -> Option<()> {
    let file = open(c"/proc/self/maps")?;
    let mut buffer = [0; 4096];
    // Only the first bytes of a line matter; the rest, a path of any length, is skipped.
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
