//! What the registry of faults is told of a region that asked to be in it.

use super::Region;
use super::rights::RightsTable;
use crate::allocator::PageAllocator;
use crate::capabilities::Capabilities;
use crate::error::AllocError;
use crate::fault::{FaultRegistration, MemoryExtent};
use crate::request::ReserveRequest;

impl<P: PageAllocator> Region<P> {
    /// Registers the region if the request says so.
    pub(super) fn register(&mut self, request: &ReserveRequest<'_>) -> Result<(), AllocError> {
        if request.classifies_faults() {
            let name = request.display_name();
            self.faults = Some(FaultRegistration::new(name, self.extent())?);
        }
        Ok(())
    }

    /// Before an operation that may move the memory: its addresses may be another's before we
    /// hear of it.
    pub(super) fn hide_if_it_may_move(&mut self) {
        let Some(faults) = &mut self.faults else { return };
        if !self.allocator.capabilities().contains(Capabilities::STABLE_BASE) {
            faults.set_extent(MemoryExtent::default());
        }
    }

    /// After that operation.
    pub(super) fn show_where_it_is(&mut self) {
        let extent = self.extent();
        if let Some(faults) = &mut self.faults {
            faults.set_extent(extent);
        }
    }

    /// After a change of rights.
    pub(super) fn tell_rights(&mut self) {
        let rights = self.rights.get().unwrap_or(RightsTable::EMPTY);
        if let Some(faults) = &mut self.faults {
            faults.set_protected(rights.iter().map(|range| range.start..range.end));
        }
    }

    fn extent(&self) -> MemoryExtent {
        MemoryExtent {
            base: self.base.as_ptr().addr(),
            len: self.len,
            capacity: self.reservation.capacity().get(),
            guard_before: self.reservation.guard_before().get(),
            guard_after: self.reservation.guard_after().get(),
        }
    }
}

/// As many ranges as a region can restrict are told apart.
const _: () = assert!(FaultRegistration::PROTECTED_RANGES >= RightsTable::MOST);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::CommitPolicy;
    use crate::fault::{FaultKind, FaultReport, FaultSignal, SLOTS};
    use crate::protection::Protection;

    const SIGNAL: FaultSignal = FaultSignal::Segmentation(2);

    fn lifetime(allocator: impl PageAllocator) {
        let _slots = SLOTS.read();
        let request = ReserveRequest::new(64 << 10, 256 << 10).commit(CommitPolicy::Exact);
        let quiet = Region::new(&allocator, &request).unwrap();
        assert!(quiet.faults.is_none());
        drop(quiet);
        let request = request.name("heap").classify_faults();
        let mut region = Region::new(&allocator, &request).unwrap();
        let mut base = region.view().base.as_ptr().addr();
        for len in [64 << 10, 192 << 10, 256 << 10] {
            region.grow_to(len).unwrap();
            if region.view().base.as_ptr().addr() != base {
                assert!(FaultReport::classify(base + 1, SIGNAL).is_none(), "it has left");
                base = region.view().base.as_ptr().addr();
            }
            let last = FaultReport::classify(base + len as usize - 1, SIGNAL).unwrap();
            assert_eq!((last.kind, last.len), (FaultKind::Accessible, len));
            assert_eq!(last.name.as_str(), "heap");
            let past = FaultReport::classify(base + len as usize, SIGNAL);
            let expected = [FaultKind::BeyondLength, FaultKind::GuardAfter];
            assert!(past.is_none_or(|past| expected.contains(&past.kind) && past.distance == 0));
        }
        let kind = |address| FaultReport::classify(address, SIGNAL).map(|report| report.kind);
        region.protect(64 << 10, 64 << 10, Protection::READ).unwrap();
        assert_eq!(kind(base + (64 << 10)), Some(FaultKind::Protected));
        assert_eq!(kind(base + (128 << 10)), Some(FaultKind::Accessible));
        region.protect(64 << 10, 4096, Protection::READ_WRITE).unwrap();
        assert_eq!(kind(base + (64 << 10)), Some(FaultKind::Accessible));
        assert_eq!(kind(base + (68 << 10)), Some(FaultKind::Protected));
        region.reset().unwrap();
        assert_ne!(kind(base + (68 << 10)), Some(FaultKind::Protected));
        assert_eq!(FaultReport::classify(base, SIGNAL).unwrap().len, 64 << 10);
        drop(region);
        assert_eq!(FaultReport::classify(base, SIGNAL), None);
    }

    macro_rules! on_backends {
        ($(($name:ident, $type:ty, $new:expr);)*) => {$(
            #[test]
            fn $name() {
                lifetime($new);
            }
        )*};
    }

    crate::for_each_backend!(on_backends);
}

/// Without an allocator the registry can be full.
#[cfg(all(test, not(feature = "alloc")))]
mod full {
    use super::*;
    use crate::backend::StaticArena;
    use crate::fault::SLOTS;

    #[test]
    fn a_region_that_could_not_be_registered_is_released() {
        static ARENA: StaticArena<4096> = StaticArena::new();
        let _all_slots = SLOTS.write();
        let request = ReserveRequest::new(4096, 4096).classify_faults();
        let mut held = std::vec::Vec::new();
        while let Ok(one) = FaultRegistration::new(None, MemoryExtent::default()) {
            held.push(one);
        }
        assert!(Region::new(&ARENA, &request).is_err());
        held.clear();
        assert!(Region::new(&ARENA, &request).is_ok(), "the arena is free again");
    }
}
