//! Copies by the host are checked: no code suspends checks, before, during or after them.

use wrt_platform::{MteAllocator, Region, ReserveRequest};
use wrt_testkit::{ChildTest, Ending};

use crate::probe::{at, checks_suspended, copy, tag_of, with_tag};

/// Yields bytes while a memory is written, and checks the flag each time.
struct Watching(u8);

impl Iterator for Watching {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        assert!(!checks_suspended(), "checks are suspended during a copy");
        self.0 = self.0.wrapping_add(1);
        Some(self.0)
    }
}

#[test]
fn no_copy_suspends_checks() {
    let request = ReserveRequest::new(65536, 131_072);
    let mut region = Region::new(MteAllocator::new().unwrap(), &request).unwrap();
    let mut host = vec![7; 40000];
    for _ in 0..3 {
        assert!(!checks_suspended());
        region.slice_mut(100, 40000).unwrap().copy_from_slice(&host);
        assert!(!checks_suspended());
        region.copy_within(200, 100, 40000).unwrap();
        region.fill(0, 0, 50000).unwrap();
        for (byte, new) in region.data_mut().unwrap().iter_mut().zip(Watching(0)) {
            *byte = new;
        }
        host.copy_from_slice(region.slice(100, 40000).unwrap());
        region.grow_to(131_072).unwrap();
        region.discard(0, 65536).unwrap();
        region.reset().unwrap();
        assert!(!checks_suspended());
    }
}

/// `memmove` and `memset` of the host through a base with a wrong tag end the process.
#[test]
fn a_copy_with_a_wrong_tag_ends_the_process() {
    let child = ChildTest::new("copies::a_copy_with_a_wrong_tag_ends_the_process");
    let Some(case) = child.case() else {
        for (case, ending) in [("right", Ending::Success), ("read", SEGV), ("write", SEGV)] {
            let (found, text) = child.run(case).unwrap();
            assert_eq!(found, ending, "{case}: {text}");
        }
        return;
    };
    let request = ReserveRequest::new(65536, 65536);
    let region = Region::new(MteAllocator::new().unwrap(), &request).unwrap();
    let own = at(&region, 0);
    let wrong = with_tag(own, tag_of(own) % 15 + 1);
    let mut host = [0; 4096];
    match case.as_str() {
        "right" => copy(own, host.as_mut_ptr().addr(), 4096),
        "read" => copy(wrong, host.as_mut_ptr().addr(), 4096),
        _ => copy(host.as_mut_ptr().expose_provenance(), wrong, 4096),
    }
}

const SEGV: Ending = Ending::Signal(11);
