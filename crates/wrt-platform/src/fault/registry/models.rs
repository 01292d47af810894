//! Models of threads that register, change and look up memories. Loom has no signals: for a handler
//! that interrupts its own thread, the test is `a_change_that_is_half_done_is_in_nobodys_way`.

use std::boxed::Box;
use std::vec::Vec;

use loom::thread;

use super::entry::{Entry, Words};
use super::list::List;

/// A reader sees the words of one write, however often they are written during the read.
#[test]
fn a_reader_sees_one_write() {
    loom::model(|| {
        let entry: &'static Entry<2> = Box::leak(Box::new(Entry::new()));
        let writer = thread::spawn(move || {
            for change in 1..=3 {
                entry.write([change, change]);
            }
        });
        if let Some((one, two)) = entry.read(|words| Some((words.get(0), words.get(1)))) {
            assert_eq!(one, two, "words of two writes");
        }
        writer.join().unwrap();
    });
}

/// Two threads register at once, and one unregisters and registers again, so that entries are
/// taken, returned, and taken from a further chunk. No entry has two owners, and a reader finds
/// every registered memory.
#[test]
fn an_entry_has_one_owner() {
    loom::model(|| {
        let list: &'static List<1, 1> = Box::leak(Box::new(List::new()));
        let other = thread::spawn(move || {
            for _ in 0..2 {
                let entry = list.take().unwrap();
                entry.write([7]);
                assert_eq!(entry.own().get(0), 7, "two own an entry");
                entry.write([0]);
                list.give_back(entry);
            }
        });
        let entry = list.take().unwrap();
        entry.write([5]);
        let seen: Vec<_> = list.entries().filter_map(|entry| entry.read(first)).collect();
        assert!(seen.contains(&5), "a memory that is registered was not found");
        assert_eq!(entry.own().get(0), 5, "two own an entry");
        other.join().unwrap();
    });
}

fn first(words: &Words<1>) -> Option<usize> {
    Some(words.get(0))
}
