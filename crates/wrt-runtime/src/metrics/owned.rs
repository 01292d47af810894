//! Counts of observers by owning pointer, where there is an allocator.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::sync::Arc;

use super::{AccessCounts, Counting};

count_by_pointee!(Box<O>, Rc<O>, Arc<O>);
