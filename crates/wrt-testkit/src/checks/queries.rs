//! Read-only operations: verification, and the count of resident bytes.

use wrt_platform::{PageAllocator, Protection};

use super::growth::fill_with_addresses;
use super::ladder::around;
use super::{Outcome, expect_rights, page_range, pages, request};
use crate::contract::RawMemory;
use crate::guarantee::ensure;

/// Number of queries while another thread reads.
const QUESTIONS: usize = 8;

pub(crate) fn read_only<A: PageAllocator + ?Sized>(allocator: &A) -> Outcome {
    let mut memory = RawMemory::reserve(allocator, &request(allocator, 2, 4))?;
    memory.commit(pages(allocator, 2))?;
    fill_with_addresses(memory.bytes_mut());
    let before = memory.bytes().to_vec();
    let seen = memory.change_seen_during(|| {
        for _ in 0..QUESTIONS {
            // Not every backend has an answer.
            let _ = (memory.verify(), memory.resident());
        }
    });
    if let Some(offset) = seen {
        ensure!(false, "another thread saw byte {offset} change meanwhile");
    }
    ensure!(memory.bytes() == before, "bytes changed");
    let all = page_range(allocator, 0, 2);
    expect_rights("what is committed", &memory, all, Protection::READ_WRITE)?;
    around(&memory)
}
