//! Table of the injected bugs, with their places and the right texts.

use super::{Bug, Place};

const fn place(file: &'static str, right: &'static str, bugs: &'static [Bug]) -> Place {
    Place { file, right, bugs }
}

const fn bug(name: &'static str, wrong: &'static str) -> Bug {
    Bug { name, wrong }
}

/// One row a place. A bug that needs several places has a row for each.
pub(crate) const PLACES: &[Place] = &[
    place(
        "crates/wrt-instructions/src/address.rs",
        "(self as $unsigned as u64).saturating_add(offset)",
        &[
            bug("F01-wrap", "(self as $unsigned).wrapping_add(offset as $unsigned) as u64"),
            bug("F01-wide", "(self as $unsigned as i32 as u64).wrapping_add(offset)"),
        ],
    ),
    place(
        "crates/wrt-platform/src/region/access.rs",
        "self.base.add(ea as usize)",
        &[bug("F02", "self.base.add((ea & !(N as u64 - 1)) as usize)")],
    ),
    place(
        "crates/wrt-platform/src/backend/ladder.rs",
        "Extent { before: guard, capacity, after: reach.saturating_sub(capacity).max(guard) }",
        &[
            bug(
                "F03",
                "let after = reach.saturating_sub(capacity).max(guard);
                 Extent { before: HostBytes::ZERO, capacity, after }",
            ),
            bug(
                "F04",
                "let after = reach.saturating_sub(capacity).max(guard);
                 match capacity {
                     HostBytes::ZERO => {
                         Extent { before: HostBytes::ZERO, capacity, after: HostBytes::ZERO }
                     }
                     _ => Extent { before: guard, capacity, after },
                 }",
            ),
        ],
    ),
    place(
        "crates/wrt-platform/src/backend/ladder.rs",
        "(level, Extent { before: guard, capacity, after: guard })",
        &[
            bug("F03", "(level, Extent { before: HostBytes::ZERO, capacity, after: guard })"),
            bug(
                "F04",
                "let guard = if capacity == HostBytes::ZERO { capacity } else { guard };
                 (level, Extent { before: guard, capacity, after: guard })",
            ),
        ],
    ),
    place(
        "crates/wrt-platform/src/backend/virtual_memory/mod.rs",
        "unsafe { erase(reservation, erased) };",
        &[
            bug(
                "F05-reset",
                "if reservation.has_image() {
                     return Ok(ResetOutcome::in_place(committed));
                 }
                 unsafe { erase(reservation, erased) };",
            ),
            bug(
                "F06-mmap",
                "if reservation.guard_before() == HostBytes::ZERO {
                     return Ok(ResetOutcome::in_place(committed));
                 }
                 unsafe { erase(reservation, erased) };",
            ),
        ],
    ),
    place(
        "crates/wrt-platform/src/backend/mapping.rs",
        "unsafe { shown.write_bytes(0, bytes.len()) };",
        &[bug("F05-discard", "")],
    ),
    place(
        "crates/wrt-platform/src/backend/pool/slot.rs",
        "unsafe { self.drop_image(base) }?;",
        &[bug(
            "F05-slot",
            "if self.image.is_some() {
                 return Ok(false);
             }",
        )],
    ),
    place(
        "crates/wrt-platform/src/backend/pool/shared.rs",
        "if self.shape().is_dense() { committed } else { slot.accessible }",
        &[bug(
            "F06-pool",
            "match self.shape().slot.before {
                 HostBytes::ZERO => HostBytes::ZERO,
                 _ => slot.accessible,
             }",
        )],
    ),
    place(
        "crates/wrt-platform/src/lifecycle/mod.rs",
        "self.renew(outcome)",
        &[
            bug(
                "F07-shown",
                "if outcome.is_err() {
                     self.unerased = false;
                     self.len = self.initial as usize;
                     return outcome.map(drop);
                 }
                 self.renew(outcome)",
            ),
            bug(
                "F07-ignored",
                "self.renew(outcome.or(Ok(ResetOutcome::in_place(self.committed))))",
            ),
        ],
    ),
    place(
        "crates/wrt-platform/src/lifecycle/mod.rs",
        "self.allocator.discard(&self.reservation, range)",
        &[bug(
            "F07-discard",
            "self.allocator.discard(&self.reservation, range).or(Ok(Discarded::Released))",
        )],
    ),
    place(
        "crates/wrt-platform/src/backend/virtual_memory/mod.rs",
        "HostRange { start: old, len: new.saturating_sub(old) }",
        &[bug("F08-commit", "HostRange { start: HostBytes::ZERO, len: new }")],
    ),
    place(
        "crates/wrt-platform/src/backend/pool/slot.rs",
        "HostRange { start, len: bytes.saturating_sub(start) }",
        &[bug("F08-slot", "HostRange { start: HostBytes::ZERO, len: bytes }")],
    ),
    place(
        "crates/wrt-platform/src/region/protection.rs",
        "unsafe { self.life.protect(all, Protection::READ_WRITE) }",
        &[bug("F08-reset", "Ok(())")],
    ),
    place(
        "crates/wrt-platform/src/backend/mte/mod.rs",
        "unsafe { granules::set(first, added.len.get()) };",
        &[bug("F08-tag", "")],
    ),
    place(
        "crates/wrt-platform/src/backend/mte/mod.rs",
        "unsafe { granules::set_and_zero(first, range.len.get()) };",
        &[bug(
            "F08-discard",
            "let _ = unsafe { drop_pages(first.map_addr(bare), range.len) };
             return Ok(Discarded::Released);",
        )],
    ),
    place(
        "crates/wrt-platform/src/region/mod.rs",
        "self.base = base;",
        &[bug(
            "F10",
            "if self.len == 0 {
                 self.base = base;
             }",
        )],
    ),
    place(
        "crates/wrt-platform/src/region/mod.rs",
        "u64::from(base != self.base || len < self.len)",
        &[
            bug("F11-growth", "u64::from(len < self.len)"),
            bug("F11-reset", "u64::from(base != self.base)"),
        ],
    ),
    place(
        "crates/wrt-platform/src/region/access.rs",
        "self.range(start, len, Protection::WRITE)?",
        &[bug(
            "F12-bytewise",
            "return (0..len).try_for_each(|index| self.store(start + index, [byte]));",
        )],
    ),
    place(
        "crates/wrt-runtime/src/memory/guest.rs",
        "self.region.fill(target, value, len)",
        &[bug(
            "F12-observer",
            "if self.region.fill(target, value, len / 2).is_ok() {
                 let half = BulkSource::Byte { value, len: len / 2 };
                 self.observer.bulk(half.operation(target));
             }
             self.region.fill(target, value, len)",
        )],
    ),
    place(
        "crates/wrt-runtime/src/memory/grow.rs",
        "current.checked_add(delta)",
        &[bug("F13-grow", "Some(current + delta)")],
    ),
    place(
        "crates/wrt-platform/src/lifecycle/checks.rs",
        "page.round_up(bytes)",
        &[bug("F13-create", "Some(page.round_down(bytes + (page.bytes() as u64 - 1)))")],
    ),
    place(
        "crates/wrt-instructions/src/bulk.rs",
        "outcome.unwrap_or(memory.index_type().minus_one())",
        &[bug("F14", "outcome.unwrap_or(memory.memory_size())")],
    ),
    place(
        "crates/wrt-platform/src/region/access.rs",
        "(self.window_len as u64).checked_sub(len)",
        &[bug("F15", "(self.window_len as u64).checked_sub(u64::from(len as u32))")],
    ),
    place(
        "crates/wrt-platform/src/region/access.rs",
        "(start as usize, len as usize)",
        &[
            bug("F15", "(start as usize, len as u32 as usize)"),
            bug(
                "F16-length",
                "if self.len == 0 {
                     return Err(Inaccessible);
                 }
                 (start as usize, len as usize)",
            ),
        ],
    ),
    place(
        "crates/wrt-platform/src/region/protection.rs",
        "self.wide_places = open.saturating_sub(WIDEST - 1);",
        &[bug("F16-places", "self.wide_places = open - (WIDEST - 1);")],
    ),
    place(
        "crates/wrt-platform/src/handler/alt_stack.rs",
        "Self::host_frame().saturating_add(bytes)",
        &[bug("F17", "bytes")],
    ),
    place(
        "crates/wrt-platform/src/lifecycle/checks.rs",
        "needed > capacity",
        &[bug("F18", "false")],
    ),
    place(
        "crates/wrt-platform/src/lifecycle/mod.rs",
        "target > self.reservation.capacity()",
        &[bug("F18", "false")],
    ),
    place(
        "crates/wrt-platform/src/backend/pool/free_slots.rs",
        "self.take_last(key)",
        &[bug("slot-missed", "None")],
    ),
    place(
        "crates/wrt-platform/src/backend/pool/free_slots.rs",
        "self.fresh.fetch_update(Relaxed, Relaxed, within).ok()",
        &[bug(
            "slot-twice",
            "let next = self.fresh.load(Relaxed);
             self.fresh.store(within(next)?, Relaxed);
             Some(next)",
        )],
    ),
    place(
        "crates/wrt-platform/src/fault/registry/entry.rs",
        "fence(Ordering::Release);",
        &[bug("entry-unreleased", "")],
    ),
    place(
        "crates/wrt-platform/src/fault/registry/entry.rs",
        "fence(Ordering::Acquire);",
        &[bug("entry-unacquired", "")],
    ),
    place(
        "crates/wrt-platform/src/fault/registry/list.rs",
        "free.returned = entry.next_free.lock().take();",
        &[bug(
            "entry-twice",
            "drop(free);
             let mut free = self.free.lock();
             free.returned = entry.next_free.lock().take();",
        )],
    ),
];
