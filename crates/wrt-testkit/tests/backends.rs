//! Every guarantee of the contract, on every backend.

use std::sync::Arc;

use wrt_platform::{PageAllocator, for_each_backend};
use wrt_testkit::{Guarantee, check_backend, check_moving, check_threads};

macro_rules! checked {
    ($(($name:ident, $type:ty, $new:expr);)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn keeps_every_guarantee() {
                let allocator: $type = $new;
                check_backend(&allocator).unwrap_or_else(|broken| panic!("{broken}"));
            }

            #[test]
            fn keeps_them_behind_pointers() {
                let shared: Arc<$type> = Arc::new($new);
                check_backend(&shared).unwrap_or_else(|broken| panic!("{broken}"));
                let chosen_at_run_time: Arc<dyn PageAllocator> = shared;
                check_backend(&*chosen_at_run_time).unwrap_or_else(|broken| panic!("{broken}"));
                check_moving(chosen_at_run_time).unwrap();
            }

            #[test]
            fn threads_get_memories_of_their_own() {
                let allocator: $type = $new;
                check_threads(&allocator).unwrap();
            }

            #[test]
            fn memories_outlive_moves_of_the_allocator() {
                let allocator: $type = $new;
                check_moving(allocator).unwrap();
            }
        }
    )*};
}

for_each_backend!(checked);

#[test]
fn guarantees_have_names_of_their_own() {
    let mut names: Vec<_> = Guarantee::ALL.iter().map(|guarantee| guarantee.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Guarantee::ALL.len());
}

#[test]
fn the_guide_lists_every_guarantee() {
    let guide = include_str!("../../../docs/backends.md");
    let (_, table) = guide.split_once("| guarantee | what is guaranteed |\n|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let listed: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    let names: Vec<_> = Guarantee::ALL.iter().map(|guarantee| guarantee.name()).collect();
    assert_eq!(listed, names);
}
