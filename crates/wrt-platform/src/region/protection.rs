//! Protection of ranges of a region.
//!
//! The table of restricted ranges is exact to the byte, and every checked access consults it. Where
//! the host can, it protects whole pages as well: each page has the rights that any of its bytes
//! has.
#![allow(unsafe_code, reason = "takes rights from pages")]

use super::rights::{Restricted, RightsTable};
use super::{Region, WIDEST};
use crate::allocator::PageAllocator;
use crate::capabilities::Capabilities;
use crate::error::{AllocError, AllocErrorKind, NoRoom, Operation};
use crate::fault::FaultRegistration;
use crate::protection::Protection;
use crate::units::{HostBytes, HostRange, HostRights};

/// The most runs of pages with unusual rights: for every range its inside, and the page on either
/// side that it shares with others.
const MOST_RUNS: usize = 3 * RightsTable::ROOM;

impl<P: PageAllocator> Region<P> {
    /// Sets the rights on `len` bytes from `start` to `protection`; [`Protection::READ_WRITE`]
    /// restores the usual ones. A region holds at most eight restricted ranges; adjacent ranges
    /// with the same rights count as one. A reset lifts all restrictions.
    ///
    /// Every access through the region obeys the rights to the byte. Where the backend has
    /// [`Capabilities::PROTECT`], the host enforces them on compiled code too, page by page: a page
    /// has the rights that any of its bytes has, and is readable where it is writable.
    ///
    /// # Errors
    ///
    /// When the range is not within the region, the region has too many restricted ranges, the
    /// backend has no executable pages, or the host refuses. In that case the rights are unchanged,
    /// except that a range is left without rights where the host refuses to undo a partial change.
    pub fn protect(
        &mut self,
        start: u64,
        len: u64,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let within = (self.len as u64).checked_sub(len).is_some_and(|last| start <= last);
        if !within {
            return Err(self.refuse_range(Operation::Protect, start, len));
        }
        if len == 0 {
            return Ok(());
        }
        let (start, end) = (start as usize, (start + len) as usize);
        let by_host = self.life.has(Capabilities::PROTECT);
        if protection.contains(Protection::EXECUTE) && !by_host {
            let kind = AllocErrorKind::InvalidRequest("this backend has no executable pages");
            return Err(AllocError::new(Operation::Protect, kind, len));
        }
        self.life.check_rights(protection, len)?;
        self.settle();
        let old = *self.rights();
        let new = self.table_with(start, end, protection)?;
        if new.is_too_long() {
            return Err(too_many_ranges(len));
        }
        if by_host {
            self.check_pages(&new, len)?;
        }
        // From here on no allocation is needed: the table has its storage.
        let no_room = |NoRoom| AllocError::no_room(Operation::Protect, size_of::<RightsTable>());
        self.rights.get_or_insert_with(RightsTable::new).map_err(no_room)?;
        if by_host {
            self.change_on_host(start, end, old, new)?;
        }
        self.set_rights(new);
        Ok(())
    }

    fn table_with(
        &self,
        start: usize,
        end: usize,
        protection: Protection,
    ) -> Result<RightsTable, AllocError> {
        let table = self.rights().with(start, end, protection);
        table.ok_or(too_many_ranges((end - start) as u64))
    }

    /// Refuses a table under which a host page would be both writable and executable, unless the
    /// request allowed that. A page has the rights that any of its bytes has.
    fn check_pages(&self, table: &RightsTable, len: u64) -> Result<(), AllocError> {
        let mut runs = table.iter().flat_map(|range| self.page_runs(range.start, range.end));
        runs.try_for_each(|run| {
            let protection = table.of_pages(run.start.get(), run.end().get());
            self.life.check_rights(protection, len)
        })
    }

    /// Sets the rights that `new` has for the pages of `start..end` on the host. The pages are
    /// inaccessible during the change, and after it if the host refuses both the change and its
    /// undoing.
    fn change_on_host(
        &mut self,
        start: usize,
        end: usize,
        old: RightsTable,
        new: RightsTable,
    ) -> Result<(), AllocError> {
        let closed = self.table_with(start, end, Protection::empty())?;
        self.set_rights(closed);
        let Err(error) = self.apply_on_host(start, end, &new) else { return Ok(()) };
        if self.apply_on_host(start, end, &old).is_ok() {
            self.set_rights(old);
        } else {
            self.unsettled = true;
        }
        Err(error)
    }

    /// Retries a change that the host refused. All pages in question are in the table, without
    /// rights where the host refused both the change and its undoing.
    fn settle(&mut self) {
        if self.unsettled {
            let table = *self.rights();
            let mut ranges = table.iter();
            let settled = |range: &Restricted| self.apply_on_host(range.start, range.end, &table);
            self.unsettled = !ranges.all(|range| settled(range).is_ok());
        }
    }

    /// Sets the rights of `table` on the host pages that `start..end` touches.
    fn apply_on_host(
        &self,
        start: usize,
        end: usize,
        table: &RightsTable,
    ) -> Result<(), AllocError> {
        let mut piece = start;
        while piece < end {
            let piece_end = table.next_change(piece).min(end);
            for run in self.page_runs(piece, piece_end) {
                // Bytes past the length count as having the usual rights, since the memory may grow
                // over them.
                let protection = table.of_pages(run.start.get(), run.end().get());
                // SAFETY: the pages hold bytes below `len`, so they are committed (I3); whatever
                // access the new rights forbid is forbidden by the table (I1), whose pages
                // `check_pages` has checked.
                unsafe { self.life.protect(run, protection) }?;
            }
            piece = piece_end;
        }
        Ok(())
    }

    /// The pages that `start..end` touches: the first, the inside and the last, so that within a
    /// run all pages are treated alike.
    fn page_runs(&self, start: usize, end: usize) -> impl Iterator<Item = HostRange> + use<P> {
        let page = self.life.page();
        let (low, high) = (page.round_down(start as u64), page.round_down(end as u64));
        let inner = page.round_up(start as u64).unwrap_or(high);
        let outer = page.round_up(end as u64).unwrap_or(high);
        let run =
            |start: HostBytes, end: HostBytes| HostRange { start, len: end.saturating_sub(start) };
        // A range within one page is the last run alone.
        let first = if inner > high { HostRange::EMPTY } else { run(low, inner) };
        let last = if inner > high { run(low, outer) } else { run(high, outer) };
        [first, run(inner, high), last].into_iter().filter(|run| run.len > HostBytes::ZERO)
    }

    pub(super) fn set_rights(&mut self, rights: RightsTable) {
        if let Some(table) = self.rights.get_mut() {
            *table = rights;
        }
        self.epoch += 1;
        self.set_windows();
        let ranges = self.rights.get().unwrap_or(RightsTable::EMPTY).iter();
        self.life.record().set_protected(ranges.map(|range| range.start..range.end));
    }

    /// The bytes that may not be read and written.
    pub(super) fn rights(&self) -> &RightsTable {
        self.rights.get().unwrap_or(RightsTable::EMPTY)
    }

    /// Computes I4 and I6 from length and rights.
    pub(super) fn set_windows(&mut self) {
        let (open, window) = self.rights().windows(self.len);
        self.wide_places = open.saturating_sub(WIDEST - 1);
        self.window_start = window.start;
        self.window_len = window.len();
    }

    pub(super) fn windows_agree(&self) -> bool {
        let (open, window) = self.rights().windows(self.len);
        self.wide_places == open.saturating_sub(WIDEST - 1)
            && (self.window_start, self.window_len) == (window.start, window.len())
    }

    /// Closes the part of the prefix from `old_len` on.
    #[inline]
    pub(super) fn protect_prefix(&mut self, old_len: usize) -> Result<(), AllocError> {
        match self.start.get() {
            // Most memories have no prefix, and some grow often.
            None => Ok(()),
            Some(start) => self.close_prefix(old_len, start.prefix),
        }
    }

    /// Closes the part of a prefix of `prefix` bytes from `old_len` on.
    fn close_prefix(&mut self, old_len: usize, prefix: u64) -> Result<(), AllocError> {
        let end = prefix.min(self.len as u64);
        match end.checked_sub(old_len as u64) {
            Some(len) if len > 0 => self.protect(old_len as u64, len, Protection::empty()),
            _ => Ok(()),
        }
    }

    /// Makes all committed bytes readable and writable again.
    pub(super) fn restore_rights(&mut self) -> Result<(), AllocError> {
        if self.rights().is_empty() {
            return Ok(());
        }
        let by_host = self.life.has(Capabilities::PROTECT);
        if by_host {
            // All in one call: equal rights everywhere need no new mapping.
            let all = HostRange { start: HostBytes::ZERO, len: self.life.committed() };
            // SAFETY: these bytes are committed (I5), and this takes no right away.
            let outcome = unsafe { self.life.protect(all, Protection::READ_WRITE) };
            self.unsettled = outcome.is_err();
            outcome?;
        }
        self.set_rights(RightsTable::new());
        Ok(())
    }

    /// The rights that the host should have on pages with unusual rights, in order.
    pub(super) fn host_rights(&self) -> ([HostRights; MOST_RUNS], usize) {
        let usual = HostRights { range: HostRange::EMPTY, protection: Protection::READ_WRITE };
        let mut found = [usual; MOST_RUNS];
        let mut count = 0;
        if !self.life.has(Capabilities::PROTECT) {
            return (found, 0);
        }
        for range in self.rights().iter() {
            for run in self.page_runs(range.start, range.end) {
                let protection = self.rights().of_pages(run.start.get(), run.end().get());
                let known = count > 0 && found.get(count - 1).is_some_and(|last| last.range == run);
                if let (false, Some(slot)) = (known, found.get_mut(count)) {
                    *slot = HostRights { range: run, protection };
                    count += 1;
                }
            }
        }
        (found, count)
    }
}

const fn too_many_ranges(requested: u64) -> AllocError {
    let kind = AllocErrorKind::Ranges { most: RightsTable::MOST };
    AllocError::new(Operation::Protect, kind, requested)
}

/// The fault registry holds as many ranges as a region can restrict.
const _: () = assert!(FaultRegistration::PROTECTED_RANGES >= RightsTable::MOST);
