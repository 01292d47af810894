//! Known bugs in guards: accesses around the base must fault.

use wrt_platform::ReserveRequest;
use wrt_testkit::{ChildTest, Ending, Fault};

use crate::host::HostAllocator;

/// Runs `test` in a child for each access; all must fault, except the control.
fn all_fault(test: &str, request: &ReserveRequest<'_>, faults: &[Fault]) {
    let child = ChildTest::new(test);
    if let Some(case) = child.case() {
        let fault = Fault::named(&case).unwrap();
        fault.provoke(&HostAllocator::new(), request).unwrap();
        return;
    }
    let (ending, output) = child.run(Fault::None.name()).unwrap();
    assert_eq!(ending, Ending::Success, "the control: {output}");
    for fault in faults {
        let (ending, output) = child.run(fault.name()).unwrap();
        assert!(ending.is_fault(), "{fault:?}: {ending:?}: {output}");
    }
}

#[test]
fn f03_guards_and_uncommitted_pages_fault() {
    let request = ReserveRequest::new(64 << 10, 256 << 10);
    all_fault("guards::f03_guards_and_uncommitted_pages_fault", &request, Fault::ALL);
}

#[test]
fn f03_unreserved_memories_have_guards_too() {
    let request = ReserveRequest::new(64 << 10, 1 << 40).reservation(0).guard(1);
    let faults = [Fault::BeforeBase, Fault::PastCapacity];
    all_fault("guards::f03_unreserved_memories_have_guards_too", &request, &faults);
}

#[test]
fn f04_memories_of_no_bytes_have_guards() {
    let request = ReserveRequest::new(0, 0);
    let faults = [Fault::BeforeBase, Fault::PastCapacity];
    all_fault("guards::f04_memories_of_no_bytes_have_guards", &request, &faults);
}

#[test]
fn f08_protected_pages_fault_after_growth_too() {
    let request = ReserveRequest::new(64 << 10, 256 << 10);
    let faults = [Fault::ReadProtectedAfterGrowth];
    all_fault("guards::f08_protected_pages_fault_after_growth_too", &request, &faults);
}
