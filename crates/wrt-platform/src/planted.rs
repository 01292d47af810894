//! Bugs planted on purpose, one at a time, to see that a test catches each.
//!
//! Only a build with `--cfg wrt_planted` has them, which no feature turns on; `cargo xtask faults`
//! makes one. In every other build `planted_none.rs` stands here and the bugs compile to nothing.

use std::string::String;
use std::sync::OnceLock;

/// Names the bug that this process has.
const CHOICE: &str = "WRT_PLANT";

/// Whether this process has the bug of this name.
pub fn planted(bug: &str) -> bool {
    static CHOSEN: OnceLock<Option<String>> = OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var(CHOICE).ok()).as_deref() == Some(bug)
}
