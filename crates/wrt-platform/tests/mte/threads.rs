//! Checks are a setting of each thread: earlier threads, later ones, and forks.

use std::sync::mpsc::channel;
use std::thread;

use wrt_platform::{Corruption, MteAllocator, PageAllocator, Region, ReserveRequest, TagChecks};

use crate::probe::{
    NONE, TAG, at, expect_tagged, in_child, in_fork, load, switch_off, tag_of, with_tag,
};

fn region() -> Region<MteAllocator> {
    let request = ReserveRequest::new(8192, 65536);
    Region::new(MteAllocator::new().unwrap(), &request).unwrap()
}

fn wrong(region: &Region<MteAllocator>) -> usize {
    let own = at(region, 0);
    with_tag(own, tag_of(own) ^ 1)
}

#[test]
fn a_thread_from_before_is_checked_once_it_enters() {
    in_child("threads::a_thread_from_before_is_checked_once_it_enters", || {
        switch_off();
        let (to_old, from_main) = channel::<Region<MteAllocator>>();
        let old = thread::spawn(move || {
            let mut region = from_main.recv().unwrap();
            assert_eq!(TagChecks::on_this_thread(), None);
            assert_eq!(load(wrong(&region)), NONE, "nobody checks this thread yet");
            assert_eq!(region.verify(), Err(Corruption::TagChecks));
            let scope = region.allocator().enter().unwrap();
            assert_eq!(load(wrong(&region)), TAG);
            drop(scope);
            assert_eq!(TagChecks::on_this_thread(), None);
            for step in 0..6 {
                switch_off();
                match step {
                    0 => region.prepare_thread().unwrap(),
                    1 => region.grow_to(65536).unwrap(),
                    2 => drop(region.discard(0, 4096).unwrap()),
                    3 => region.protect(0, 4096, wrt_platform::Protection::READ_WRITE).unwrap(),
                    4 => region.reset().unwrap(),
                    _ => drop(
                        MteAllocator::new().unwrap().reserve(&ReserveRequest::new(1, 1)).unwrap(),
                    ),
                }
                assert_eq!(load(wrong(&region)), TAG, "step {step} turns checks on");
                expect_tagged(&region);
            }
        });
        to_old.send(region()).unwrap();
        old.join().unwrap();
    });
}

#[test]
fn a_later_thread_inherits_the_checks() {
    in_child("threads::a_later_thread_inherits_the_checks", || {
        let region = region();
        thread::spawn(move || {
            assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Sync));
            expect_tagged(&region);
        })
        .join()
        .unwrap();
    });
}

#[test]
fn a_fork_keeps_tags_and_checks() {
    in_child("threads::a_fork_keeps_tags_and_checks", || {
        let mut region = region();
        in_fork(|| {
            expect_tagged(&region);
            region.grow_to(65536).unwrap();
            region.data_mut().unwrap().fill(1);
            expect_tagged(&region);
            region.reset().unwrap();
            expect_tagged(&region);
        });
        expect_tagged(&region);
        assert_eq!(region.len(), 8192);
    });
}

#[test]
fn stronger_checks_stay_and_weaker_ones_go() {
    switch_off();
    let asynchronous = MteAllocator::with_checks(TagChecks::Async).unwrap();
    assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Async));
    MteAllocator::new().unwrap();
    assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Sync));
    asynchronous.prepare_thread().unwrap();
    assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Sync));
}

/// In any order of dropping scopes, a thread is checked while there is one, as strictly as the
/// strictest scope, and afterwards as before.
#[test]
fn scopes_of_one_thread_do_not_end_each_other() {
    let asynchronous = MteAllocator::with_checks(TagChecks::Async).unwrap();
    let synchronous = MteAllocator::new().unwrap();
    for before in [None, Some(TagChecks::Async)] {
        for [first, second] in [[&asynchronous, &synchronous], [&synchronous, &asynchronous]] {
            for dropped_first in [0, 1] {
                switch_off();
                if before.is_some() {
                    asynchronous.prepare_thread().unwrap();
                }
                let mut scopes = [first, second].map(|one| Some(one.enter().unwrap()));
                assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Sync));
                scopes[dropped_first] = None;
                assert_eq!(TagChecks::on_this_thread(), Some(TagChecks::Sync));
                scopes[1 - dropped_first] = None;
                assert_eq!(TagChecks::on_this_thread(), before);
            }
        }
    }
}
