//! Location of addresses in and around one memory.

use super::kind::{FaultKind, FaultSignal};

/// The address space of one memory. Sizes are bytes.
///
/// These are plain numbers: the fault registry compares them with addresses and never dereferences
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct MemoryExtent {
    /// The address of the first byte.
    pub base: usize,
    /// Accessible bytes.
    pub len: usize,
    /// Reserved bytes, which start with the accessible ones.
    pub capacity: usize,
    /// Bytes of guard before the base.
    pub guard_before: usize,
    /// Bytes of guard behind the capacity.
    pub guard_after: usize,
}

/// Location of an address relative to one memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Location {
    pub(super) wasm_address: i64,
    pub(super) distance: u64,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Before,
    Accessible,
    Reserved,
    After,
}

impl MemoryExtent {
    /// Distance of `address` from the reservation, or `None` beyond its guards. The numbers may be
    /// torn; this panics for none.
    pub(super) fn reach(&self, address: usize) -> Option<usize> {
        let above = address.wrapping_sub(self.base);
        if address >= self.base && above < self.capacity {
            return Some(0);
        }
        let below = self.base.wrapping_sub(address);
        if address < self.base && below <= self.guard_before {
            return Some(below);
        }
        let past = above.wrapping_sub(self.capacity);
        (address >= self.base && past < self.guard_after).then_some(past)
    }

    /// Location of `address`, if the memory or its guards cover it.
    pub(super) fn locate(&self, address: usize) -> Option<Location> {
        self.reach(address)?;
        let wasm_address = address.wrapping_sub(self.base) as isize as i64;
        let Ok(offset) = u64::try_from(wasm_address) else {
            let distance = wasm_address.unsigned_abs();
            return Some(Location { wasm_address, distance, part: Part::Before });
        };
        let part = match offset {
            _ if offset < self.len as u64 => Part::Accessible,
            _ if offset < self.capacity as u64 => Part::Reserved,
            _ => Part::After,
        };
        let distance = match part {
            Part::Accessible => 0,
            _ => offset - self.len as u64,
        };
        Some(Location { wasm_address, distance, part })
    }
}

impl Location {
    /// Kind of a fault here. Outside of the memory the location alone decides, also where a host
    /// raises `SIGBUS` for it (macOS does).
    pub(super) fn kind(&self, signal: FaultSignal, protected: bool) -> FaultKind {
        if signal.is_tag_mismatch() {
            return FaultKind::TagMismatch;
        }
        match (self.part, signal) {
            (Part::Before, _) => FaultKind::GuardBefore,
            (Part::Reserved, _) => FaultKind::BeyondLength,
            (Part::After, _) => FaultKind::GuardAfter,
            (Part::Accessible, _) if protected => FaultKind::Protected,
            (Part::Accessible, FaultSignal::Bus(_)) => FaultKind::BusError,
            (Part::Accessible, FaultSignal::Segmentation(_)) => FaultKind::Accessible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: MemoryExtent = MemoryExtent {
        base: 0x10_0000,
        len: 0x1_0000,
        capacity: 0x4_0000,
        guard_before: 0x1000,
        guard_after: 0x2000,
    };
    const SEGV: FaultSignal = FaultSignal::Segmentation(2);

    #[test]
    fn every_edge_is_told_apart() {
        use FaultKind::{Accessible, BeyondLength, GuardAfter, GuardBefore};
        for (offset, expected) in [
            (-0x1001, None),
            (-0x1000, Some((GuardBefore, 0x1000))),
            (-1, Some((GuardBefore, 1))),
            (0, Some((Accessible, 0))),
            (0xffff, Some((Accessible, 0))),
            (0x1_0000, Some((BeyondLength, 0))),
            (0x3_ffff, Some((BeyondLength, 0x2_ffff))),
            (0x4_0000, Some((GuardAfter, 0x3_0000))),
            (0x4_1fff, Some((GuardAfter, 0x3_1fff))),
            (0x4_2000, None),
        ] {
            let found = EXTENT.locate(EXTENT.base.wrapping_add_signed(offset));
            let kind = found.map(|place| (place.kind(SEGV, false), place.distance));
            assert_eq!(kind, expected, "{offset:#x}");
            assert!(found.is_none_or(|place| place.wasm_address == offset as i64));
        }
    }

    #[test]
    fn the_signal_and_the_rights_tell_the_rest() {
        let inside = EXTENT.locate(EXTENT.base).unwrap();
        let bus = FaultSignal::Bus(2);
        let tag = FaultSignal::Segmentation(FaultSignal::SYNCHRONOUS_TAG);
        assert_eq!(inside.kind(SEGV, true), FaultKind::Protected);
        assert_eq!(inside.kind(bus, true), FaultKind::Protected);
        assert_eq!(inside.kind(bus, false), FaultKind::BusError);
        assert_eq!(inside.kind(tag, false), FaultKind::TagMismatch);
        let outside = EXTENT.locate(EXTENT.base - 1).unwrap();
        assert_eq!(outside.kind(bus, false), FaultKind::GuardBefore);
    }

    #[test]
    fn no_numbers_make_it_panic() {
        let corners = [0, 1, 0x1000, usize::MAX / 2, usize::MAX - 1, usize::MAX];
        for (base, len) in corners.into_iter().flat_map(|a| corners.map(|b| (a, b))) {
            for (capacity, guard) in corners.into_iter().flat_map(|a| corners.map(|b| (a, b))) {
                let guards = (guard, guard);
                let (guard_before, guard_after) = guards;
                let extent = MemoryExtent { base, len, capacity, guard_before, guard_after };
                for address in corners {
                    let place = extent.locate(address);
                    assert_eq!(place.is_some(), extent.reach(address).is_some());
                }
            }
        }
        assert_eq!(MemoryExtent::default().reach(0), None, "an empty extent covers nothing");
    }
}
