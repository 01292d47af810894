//! Models of threads that take and return slots.

use loom::sync::Arc;
use loom::thread;

use super::*;

/// The key of an image that no slot has, so that any slot is taken after the search for it.
const IMAGE: ImageKey = 0x1000;

/// A slot is free at every moment, though not always the same one: a search finds it.
#[test]
fn a_slot_that_is_free_all_the_time_is_found() {
    loom::model(|| {
        let free = Arc::new(FreeSlots::new(2).unwrap());
        let (one, two) = (free.take(0, PLAIN).unwrap().0, free.take(0, PLAIN).unwrap().0);
        free.put(1, two, PLAIN);
        let other = Arc::clone(&free);
        let other = thread::spawn(move || {
            other.put(0, one, PLAIN);
            other.take(1, PLAIN)
        });
        let mine = free.take(0, IMAGE);
        let others = other.join().unwrap();
        let (mine, others) = (mine.unwrap().0, others.unwrap().0);
        assert_ne!(mine, others, "a slot was given out twice");
    });
}

/// Unused slots are taken without a lock.
#[test]
fn a_new_slot_is_given_out_once() {
    loom::model(|| {
        let free = Arc::new(FreeSlots::new(2).unwrap());
        let other = Arc::clone(&free);
        let other = thread::spawn(move || other.take(0, PLAIN).unwrap());
        let mine = free.take(0, PLAIN).unwrap();
        let others = other.join().unwrap();
        assert_eq!((mine.1, others.1), (Match::Fresh, Match::Fresh));
        assert_ne!(mine.0, others.0, "a slot was given out twice");
        assert_eq!(free.take(0, PLAIN), None);
    });
}
