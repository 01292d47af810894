//! Defects of queries: wrong answers, and queries that change state.
#![allow(unsafe_code, reason = "changes what is only asked about")]

use core::time::Duration;
use std::thread;

use wrt_platform::{Corruption, HostBytes, HostRange, HostRights, PageAllocator, Reservation};

use super::memory::Memory;
use super::{BrokenAllocator, Defect};

/// Time for which a byte stays wrong, for another thread to see.
const MEANWHILE: Duration = Duration::from_millis(2);

impl<P: PageAllocator> BrokenAllocator<P> {
    pub(super) fn broken_verify(
        &self,
        reservation: &Reservation,
        exceptions: &[HostRights],
    ) -> Result<(), Corruption> {
        self.with(reservation, |memory| {
            if !memory.is_usual() {
                return;
            }
            match self.defect {
                Defect::VerifyWrites => scribble(memory),
                Defect::VerifyOpens => self.commit_one_page_more(memory),
                _ => {}
            }
        });
        let memory = self.with(reservation, |memory| memory.clone());
        let told = if self.is(Defect::ExceptionsIgnored) { &[] } else { exceptions };
        if self.is(Defect::FalseAlarm) && memory.committed > HostBytes::ZERO {
            return Err(Corruption::Canary);
        }
        // SAFETY: M1.
        unsafe { self.inner.verify(&memory.inner, memory.committed, told) }
    }

    pub(super) fn broken_resident(
        &self,
        reservation: &Reservation,
        committed: HostBytes,
    ) -> Option<u64> {
        match self.defect {
            Defect::ResidentTooMuch => return Some(committed.as_u64() + 1),
            Defect::ResidentNothing => return Some(0),
            Defect::ResidentDrops => self.with(reservation, |memory| self.drop_last_page(memory)),
            _ => {}
        }
        let memory = self.with(reservation, |memory| memory.clone());
        // SAFETY: M1.
        unsafe { self.inner.resident(&memory.inner, memory.committed) }
    }

    fn drop_last_page(&self, memory: &Memory) {
        let page = self.inner.page().round_up(1).unwrap_or_default();
        if memory.is_usual() {
            let range = HostRange { start: memory.committed.saturating_sub(page), len: page };
            // SAFETY: M1, the page is committed and has its usual rights. That others may use it
            // is what is wrong.
            let _ = unsafe { self.inner.discard(&memory.inner, range) };
        }
    }
}

/// Changes a byte for a while.
fn scribble(memory: &Memory) {
    // SAFETY: all rights are usual.
    let bytes = unsafe { memory.read(0, 1) };
    let changed: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    // SAFETY: all rights are usual. That others may read is what is wrong.
    unsafe { memory.write(0, &changed) };
    thread::sleep(MEANWHILE);
    // SAFETY: as above.
    unsafe { memory.write(0, &bytes) };
}
