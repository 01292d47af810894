//! Model of a linear memory, as in the specification: a vector of bytes.

use core::ops::Range;

use wrt_platform::Protection;
use wrt_runtime::{AccessCounts, IndexType, MemoryType, Trap};

use super::rights::Rights;
use super::setup::Account;

const READ: Protection = Protection::READ;
const WRITE: Protection = Protection::WRITE;

/// The expected state of a memory.
#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) bytes: Vec<u8>,
    /// The contents after a reset.
    pub(super) initial: Vec<u8>,
    pub(super) account: Option<Account<'a>>,
    pub(super) rights: Rights,
    pub(super) segment: Option<Vec<u8>>,
    pub(super) counts: AccessCounts,
    pub(super) peak: u64,
    pub(super) ty: MemoryType,
}

impl Model<'_> {
    /// The operand or offset as the memory takes it: 32 bits in a 32-bit memory.
    pub(super) fn narrow(&self, operand: u64) -> u64 {
        match self.ty.index_type() {
            IndexType::I32 => u64::from(operand as u32),
            IndexType::I64 => operand,
        }
    }

    /// The range of bytes from `start` on, computed in 128 bits so that nothing wraps. Counts a
    /// trap if it exceeds the memory or its rights.
    pub(super) fn range(
        &mut self,
        start: u128,
        len: u64,
        needed: Protection,
    ) -> Result<Range<usize>, Trap> {
        let range = self.accessible(start, len, needed);
        self.counts.traps += u64::from(range.is_err());
        range
    }

    fn accessible(&self, start: u128, len: u64, needed: Protection) -> Result<Range<usize>, Trap> {
        let range = within(self.bytes.len(), start, len).ok_or(Trap::OutOfBounds)?;
        if self.rights.allow(&range, needed) { Ok(range) } else { Err(Trap::Protected) }
    }

    /// The bytes that a load touches.
    pub(super) fn loaded(
        &mut self,
        address: u64,
        offset: u64,
        size: u32,
    ) -> Result<Range<usize>, Trap> {
        let range = self.access(address, offset, size, READ);
        self.counts.loads += u64::from(range.is_ok());
        range
    }

    /// The bytes that a store touches.
    pub(super) fn stored(
        &mut self,
        address: u64,
        offset: u64,
        size: u32,
    ) -> Result<Range<usize>, Trap> {
        let range = self.access(address, offset, size, WRITE);
        self.counts.stores += u64::from(range.is_ok());
        range
    }

    fn access(
        &mut self,
        address: u64,
        offset: u64,
        size: u32,
        needed: Protection,
    ) -> Result<Range<usize>, Trap> {
        let ea = u128::from(self.narrow(address)) + u128::from(self.narrow(offset));
        self.range(ea, u64::from(size), needed)
    }

    /// Changes rights on a range; `None` if it exceeds the memory or there are too many ranges.
    pub(super) fn protect(&mut self, start: u64, end: u64, rights: Protection) -> Option<()> {
        let range = within(self.bytes.len(), start.into(), end.checked_sub(start)?)?;
        self.rights = self.rights.with(&range, rights)?;
        Some(())
    }

    /// Zeroes a range; `None` if it exceeds the memory or is not writable.
    pub(super) fn discard(&mut self, start: u64, end: u64) -> Option<()> {
        let range = self.accessible(start.into(), end.checked_sub(start)?, WRITE).ok()?;
        self.bytes[range].fill(0);
        Some(())
    }

    fn count_bulk(&mut self, len: u64) {
        self.counts.bulk_operations += 1;
        self.counts.bulk_bytes += len;
    }

    pub(super) fn fill(&mut self, address: u64, byte: u8, len: u64) -> Result<(), Trap> {
        let range = self.range(address.into(), len, WRITE)?;
        self.bytes[range].fill(byte);
        self.count_bulk(len);
        Ok(())
    }

    pub(super) fn copy(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap> {
        let from = self.accessible(source.into(), len, READ);
        let to = self.accessible(target.into(), len, WRITE);
        let (from, to) = match (from, to) {
            (Ok(from), Ok(to)) => (from, to),
            (from, to) => {
                self.counts.traps += 1;
                // What is not there comes before what may not be touched.
                let outside = [from.err(), to.err()].contains(&Some(Trap::OutOfBounds));
                return Err(if outside { Trap::OutOfBounds } else { Trap::Protected });
            }
        };
        let copied = self.bytes[from].to_vec();
        self.bytes[to].copy_from_slice(&copied);
        self.count_bulk(len);
        Ok(())
    }

    pub(super) fn init(&mut self, target: u64, source: u64, len: u64) -> Result<(), Trap> {
        let segment = self.segment.clone().unwrap_or_default();
        let Some(from) = within(segment.len(), source.into(), len) else {
            self.counts.traps += 1;
            return Err(Trap::OutOfBounds);
        };
        let to = self.range(target.into(), len, WRITE)?;
        self.bytes[to].copy_from_slice(&segment[from]);
        self.count_bulk(len);
        Ok(())
    }

    /// The bytes of a copy out of the memory, which the model counts.
    pub(super) fn read(&mut self, source: u64, len: u64) -> Result<Vec<u8>, Trap> {
        let range = self.range(source.into(), len, READ)?;
        self.count_bulk(len);
        Ok(self.bytes[range].to_vec())
    }

    pub(super) fn write(&mut self, target: u64, bytes: &[u8]) -> Result<(), Trap> {
        let range = self.range(target.into(), bytes.len() as u64, WRITE)?;
        self.bytes[range].copy_from_slice(bytes);
        self.count_bulk(bytes.len() as u64);
        Ok(())
    }

    /// Copies from another memory, whose bounds are checked first.
    pub(super) fn copy_from(
        &mut self,
        target: u64,
        other: &mut Model<'_>,
        source: u64,
        len: u64,
    ) -> Result<(), Trap> {
        let from = other.range(source.into(), len, READ)?;
        let to = self.range(target.into(), len, WRITE)?;
        self.bytes[to].copy_from_slice(&other.bytes[from]);
        other.count_bulk(len);
        self.count_bulk(len);
        Ok(())
    }

    pub(super) fn pages(&self) -> u64 {
        self.bytes.len() as u64 / self.ty.page_size().bytes()
    }

    /// The previous size in pages, or `None` above the maximum or the budget.
    pub(super) fn grow(&mut self, pages: u64) -> Option<u64> {
        let previous = self.pages();
        let new = u128::from(previous) + u128::from(pages);
        if new > u128::from(self.ty.limit().get()) || self.charge(pages).is_none() {
            self.counts.refused_grows += 1;
            return None;
        }
        self.counts.grows += u64::from(pages > 0);
        self.bytes.resize((new * u128::from(self.ty.page_size().bytes())) as usize, 0);
        self.peak = self.peak.max(self.bytes.len() as u64);
        Some(previous)
    }

    fn charge(&self, pages: u64) -> Option<()> {
        let Some(account) = &self.account else { return Some(()) };
        account.charge(pages.checked_mul(self.ty.page_size().bytes())?)
    }

    pub(super) fn reset(&mut self) {
        self.rights = Rights::default();
        if let Some(account) = &self.account {
            account.credit((self.bytes.len() - self.initial.len()) as u64);
        }
        self.bytes.clone_from(&self.initial);
    }
}

fn within(all: usize, start: u128, len: u64) -> Option<Range<usize>> {
    let end = start + u128::from(len);
    (end <= all as u128).then_some(start as usize..end as usize)
}
