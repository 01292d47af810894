//! Registry entries of regions over their lifecycle.

use crate::allocator::PageAllocator;
use crate::commit::CommitPolicy;
use crate::fault::{FaultKind, FaultReport, FaultSignal, SLOTS};
use crate::protection::Protection;
use crate::region::Region;
use crate::request::ReserveRequest;

const SIGNAL: FaultSignal = FaultSignal::Segmentation(2);

fn lifetime(allocator: impl PageAllocator) {
    let _slots = SLOTS.read();
    let request = ReserveRequest::new(64 << 10, 256 << 10).commit(CommitPolicy::Exact);
    let quiet = Region::new(&allocator, &request).unwrap();
    let base = quiet.reservation().base().as_ptr().addr();
    assert!(FaultReport::classify(base, SIGNAL).is_none(), "nobody asked for an entry");
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
