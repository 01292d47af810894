//! Defects of growth and rights.
#![allow(unsafe_code, reason = "breaks growth and rights on purpose")]

use wrt_platform::{
    AllocError, AllocErrorKind, Committed, HostBytes, HostRange, HostRights, Operation,
    PageAllocator, Protection, Reservation, ReserveRequest,
};

use super::memory::{Memory, NEAR_PAGES};
use super::reserving::IMPOSSIBLE;
use super::{BrokenAllocator, Defect};

impl<P: PageAllocator> BrokenAllocator<P> {
    pub(super) fn broken_commit(
        &self,
        reservation: &Reservation,
        old: HostBytes,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let impossible = new.as_u64() >= IMPOSSIBLE;
        if impossible && self.is(Defect::ImpossibleGranted) {
            return Ok(Committed::InPlace);
        }
        if self.refuses(reservation, new) {
            return Err(self.refuse_growth(reservation, new));
        }
        if self.with(reservation, |memory| memory.was_refused) {
            return Err(refusal(new));
        }
        let grows = old > HostBytes::ZERO && new > old;
        if grows && self.is(Defect::MovesSilently) {
            return Ok(Committed::InPlace);
        }
        if grows && self.is(Defect::MovesThoughStable) && self.may_move(reservation) {
            return self.move_away(reservation, new);
        }
        let half = self.inner.page().round_down((old.as_u64() + new.as_u64()) / 2);
        let target = match self.defect {
            Defect::GrowHalfDone => half,
            Defect::CommitCut => self.cut(new),
            _ => new,
        };
        let committed = self.with(reservation, |memory| self.commit_inner(memory, target))?;
        self.spoil(reservation, old, new);
        Ok(committed)
    }

    /// Whether this backend refuses to commit the full capacity of a large memory.
    fn refuses(&self, reservation: &Reservation, new: HostBytes) -> bool {
        let page = self.inner.page().bytes() as u64;
        let refuses = [Defect::RefusalWrites, Defect::RefusalCommits, Defect::RefusesForGood];
        refuses.contains(&self.defect)
            && new.as_u64() > NEAR_PAGES * page
            && new == reservation.capacity()
    }

    /// Refuses, but with effects that a refusal must not have.
    fn refuse_growth(&self, reservation: &Reservation, new: HostBytes) -> AllocError {
        self.with(reservation, |memory| match self.defect {
            // SAFETY: the page has its usual rights, and the caller of the commit owns it.
            Defect::RefusalWrites => unsafe { memory.write(0, &[0xEE]) },
            Defect::RefusalCommits => self.commit_one_page_more(memory),
            Defect::RefusesForGood => memory.was_refused = true,
            _ => {}
        });
        refusal(new)
    }

    /// Commits a page that was not requested.
    pub(super) fn commit_one_page_more(&self, memory: &mut Memory) {
        let page = self.inner.page().round_up(1).unwrap_or_default();
        let more = memory.committed.checked_add(page).unwrap_or_default();
        if more <= memory.inner.capacity() {
            // Callers are told nothing of it either way.
            let _ = self.commit_inner(memory, more);
        }
    }

    /// The low 32 bits of a size or offset, for the defects that truncate.
    pub(super) fn cut(&self, bytes: HostBytes) -> HostBytes {
        self.inner.page().round_down(bytes.as_u64() & u64::from(u32::MAX))
    }

    /// Commits `new` bytes from the callers' base, and the pages that the defect needs.
    fn commit_inner(&self, memory: &mut Memory, new: HostBytes) -> Result<Committed, AllocError> {
        let with_extra = new.checked_add(memory.extra).unwrap_or(new);
        let target = with_extra.min(memory.inner.capacity());
        if target < memory.committed {
            return Ok(Committed::InPlace);
        }
        // SAFETY: M1, and `committed <= target <= capacity`.
        let done = unsafe { self.inner.commit(&memory.inner, memory.committed, target) };
        let done = done.map_err(|error| self.told(error))?;
        memory.committed = target;
        let Committed::Moved(base) = done else { return Ok(done) };
        memory.inner = memory.inner.moved_to(base);
        // SAFETY: the shift lies within the page more that is committed.
        Ok(Committed::Moved(unsafe { base.add(memory.shift) }))
    }

    /// Changes bytes after a commit.
    fn spoil(&self, reservation: &Reservation, old: HostBytes, new: HostBytes) {
        let grew = old > HostBytes::ZERO && new > old;
        let moved = self.state().home != core::ptr::from_ref(self).addr();
        let spoiled = match self.defect {
            Defect::DirtyGrowth if grew => Some(new.get() - 1),
            Defect::LosesOldBytes if grew => Some(0),
            Defect::FeelsMoves if grew && moved => Some(0),
            _ => None,
        };
        let inherited = core::mem::take(&mut self.state().inherited);
        self.with(reservation, |memory| {
            if let Some(offset) = spoiled {
                // SAFETY: these defects leave rights as they are, and the caller of the commit
                // owns the bytes.
                unsafe { memory.write(offset, &[0xEE]) };
            }
            if old == HostBytes::ZERO && !self.is(Defect::ImageIgnored) {
                // SAFETY: as above; what was just committed has its usual rights.
                unsafe { memory.fill() };
            }
            if self.is(Defect::ForgottenOnCommit) && grew {
                self.forget_rights(memory, HostRange::EMPTY);
            }
            for one in &inherited {
                if one.range.end() <= memory.committed {
                    // SAFETY: M1, and the range is committed. That its owner does not know of it
                    // is what is wrong.
                    let _ = unsafe { self.inner.protect(&memory.inner, one.range, one.protection) };
                }
            }
            if self.is(Defect::AliasesFarPages) {
                memory.cover(self.inner.page());
            }
        });
    }

    /// Whether a move would change only the base.
    fn may_move(&self, reservation: &Reservation) -> bool {
        self.with(reservation, |memory| memory.image.is_none() && !memory.was_protected)
    }

    /// Grows by moving into another reservation.
    fn move_away(
        &self,
        reservation: &Reservation,
        new: HostBytes,
    ) -> Result<Committed, AllocError> {
        let (maximum, limit, guard, policy, ..) = self.with(reservation, |memory| memory.shape);
        let request = ReserveRequest::new(0, maximum).reservation(limit).guard(guard);
        let inner = self.inner.reserve(&request.guards(policy))?;
        self.with(reservation, |memory| {
            let mut moved = Memory { inner, committed: HostBytes::ZERO, ..memory.clone() };
            if let Err(error) = self.commit_inner(&mut moved, new) {
                // SAFETY: it was reserved just now, and nothing of it is committed.
                unsafe { self.inner.release(&inner, HostBytes::ZERO) };
                return Err(error);
            }
            // SAFETY: nobody has taken rights, and the caller of the commit owns the bytes.
            let bytes = unsafe { memory.read(0, memory.committed.get()) };
            // SAFETY: the new pages have their usual rights, and nobody knows of them.
            unsafe { moved.write(0, &bytes) };
            // SAFETY: M1; what is moved is not used where it was.
            unsafe { self.inner.release(&memory.inner, memory.committed) };
            *memory = moved;
            Ok(Committed::Moved(memory.inner.base()))
        })
    }

    pub(super) fn broken_protect(
        &self,
        reservation: &Reservation,
        range: HostRange,
        protection: Protection,
    ) -> Result<(), AllocError> {
        let write_execute = Protection::READ_WRITE | Protection::EXECUTE;
        let granted = if protection == write_execute && self.is(Defect::WriteExecuteLost) {
            Protection::READ_WRITE
        } else {
            protection
        };
        let range = match self.defect {
            Defect::ProtectIgnored => return Ok(()),
            Defect::ProtectRefused => return Err(AllocError::unsupported(Operation::Protect)),
            Defect::ProtectCut => HostRange { start: self.cut(range.start), ..range },
            _ => range,
        };
        self.with(reservation, |memory| {
            memory.was_protected = true;
            let inner_range = memory.inner_range(range);
            if self.is(Defect::ProtectErases) && protection != Protection::READ_WRITE {
                // SAFETY: M1; the caller's range is committed, and rights go only afterwards.
                unsafe { self.inner.discard(&memory.inner, inner_range) }?;
            }
            // SAFETY: M1; the caller's range is committed, and the caller keeps to the rights.
            unsafe { self.inner.protect(&memory.inner, inner_range, granted) }?;
            if self.is(Defect::ForgottenOnProtect) {
                self.forget_rights(memory, range);
            }
            let overlaps = |one: &HostRights| one.range.overlap(range).len > HostBytes::ZERO;
            memory.rights.retain(|one| !overlaps(one));
            if granted != Protection::READ_WRITE {
                memory.rights.push(HostRights { range, protection: granted });
            }
            Ok(())
        })
    }

    /// Restores all rights that were taken away, except those on `kept`.
    pub(super) fn forget_rights(&self, memory: &mut Memory, kept: HostRange) {
        for one in core::mem::take(&mut memory.rights) {
            if one.range == kept {
                memory.rights.push(one);
                continue;
            }
            let range = memory.inner_range(one.range);
            // SAFETY: M1; the range was committed when its rights were taken, and still is.
            let _ = unsafe { self.inner.protect(&memory.inner, range, Protection::READ_WRITE) };
        }
    }
}

fn refusal(new: HostBytes) -> AllocError {
    AllocError::new(Operation::Commit, AllocErrorKind::Capacity, new.as_u64())
}
