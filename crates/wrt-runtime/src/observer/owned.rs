//! Observers by owning pointer, for builds with an allocator.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::sync::Arc;

use super::Observer;
use crate::bulk::BulkOperation;
use crate::growth::{GrowEvent, GrowRequest, ReleaseEvent};
use crate::trap::{Access, Trap};
use crate::veto::GrowVeto;

forward_to_pointee!(Box<O>, Rc<O>, Arc<O>);
