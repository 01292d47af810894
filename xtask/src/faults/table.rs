//! Known bugs of other runtimes: the injected bugs of each, and the tests that must catch them.

/// A known bug of other runtimes.
pub(crate) struct Row {
    /// Its number, `F01` and so on.
    pub(crate) fault: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) proof: Proof,
}

/// Proof that a row is caught.
pub(crate) enum Proof {
    /// These bugs, each with the test that must fail.
    Bugs(&'static [Bug]),
    /// None yet; the text names what it needs.
    Later(&'static str),
}

/// An injected bug by its name in the table of places, and the full name of a test in
/// `wrt-testkit`'s `faults`.
pub(crate) struct Bug {
    pub(crate) name: &'static str,
    pub(crate) test: &'static str,
    pub(crate) machine: Machine,
}

/// Machine on which a bug and its test run.
#[derive(Clone, Copy)]
pub(crate) enum Machine {
    /// This machine.
    Here,
    /// An emulated machine with memory tags.
    Tagged,
}

/// Number of rows.
pub(crate) const COUNT: usize = 18;

const fn row(fault: &'static str, cause: &'static str, bugs: &'static [Bug]) -> Row {
    Row { fault, cause, proof: Proof::Bugs(bugs) }
}

const fn bug(name: &'static str, test: &'static str) -> Bug {
    Bug { name, test, machine: Machine::Here }
}

const fn tagged(name: &'static str, test: &'static str) -> Bug {
    Bug { name, test, machine: Machine::Tagged }
}

pub(crate) const ROWS: [Row; COUNT] = [
    row(
        "F01",
        "an effective address of other than 33 bits",
        &[
            bug("F01-wrap", "addresses::mmap::f01_f02_addresses_of_32_bit_memories"),
            bug("F01-wrap", "addresses::mmap::f01_f02_addresses_of_64_bit_memories"),
            bug("F01-wrap", "large::f01_the_whole_32_bit_range"),
            bug("F01-wide", "large::f01_the_whole_32_bit_range"),
        ],
    ),
    row(
        "F02",
        "the address checked is not the address accessed",
        &[
            bug("F02", "addresses::mmap::f01_f02_addresses_of_32_bit_memories"),
            bug("F02", "addresses::mmap::f01_f02_addresses_of_64_bit_memories"),
        ],
    ),
    row(
        "F03",
        "access before the base",
        &[
            bug("F03", "guards::f03_guards_and_uncommitted_pages_fault"),
            bug("F03", "guards::f03_unreserved_memories_have_guards_too"),
        ],
    ),
    row(
        "F04",
        "no guard where the maximum is 0 pages",
        &[bug("F04", "guards::f04_memories_of_no_bytes_have_guards")],
    ),
    row(
        "F05",
        "a stale copy-on-write image on reuse",
        &[
            bug("F05-reset", "reuse::mmap::f05_images_leave_nothing_behind"),
            bug("F05-discard", "reuse::mmap::f05_images_leave_nothing_behind"),
            bug("F05-slot", "reuse::one_slot::f05_images_leave_nothing_behind"),
        ],
    ),
    row(
        "F06",
        "another rule for reset where the guard is 0",
        &[
            bug("F06-mmap", "reuse::mmap::f06_zeros_forget_like_others"),
            bug("F06-pool", "reuse::one_slot::f06_zeros_forget_like_others"),
            bug("F06-pool", "reuse::dense_pool::f06_zeros_forget_like_others"),
        ],
    ),
    row(
        "F07",
        "a reset or discard that failed unnoticed",
        &[
            bug("F07-ignored", "contents::mmap::f07_a_failed_reset_shows_nothing"),
            bug("F07-shown", "contents::mmap::f07_a_failed_reset_shows_nothing"),
            bug("F07-discard", "contents::mmap::f07_a_failed_discard_changes_nothing"),
        ],
    ),
    row(
        "F08",
        "a mapping operation that forgets rights or tags",
        &[
            bug("F08-commit", "rights::mmap::f08_rights_outlast_other_operations"),
            bug("F08-commit", "guards::f08_protected_pages_fault_after_growth_too"),
            bug("F08-slot", "rights::pool::f08_rights_outlast_other_operations"),
            bug("F08-reset", "rights::mmap::f08_rights_outlast_other_operations"),
            tagged("F08-tag", "rights::mte::f08_rights_outlast_other_operations"),
            tagged("F08-discard", "rights::mte::f08_rights_outlast_other_operations"),
        ],
    ),
    Row {
        fault: "F09",
        cause: "shared memory lent as a slice of bytes",
        proof: Proof::Later("needs shared memories"),
    },
    row(
        "F10",
        "use after free on growth",
        &[bug("F10", "bases::heap::f10_growth_leaves_nothing_behind")],
    ),
    row(
        "F11",
        "a stale base after a host call that grew",
        &[
            bug("F11-growth", "bases::heap::f11_a_host_call_that_grows_tells_the_caller"),
            bug("F11-reset", "bases::mmap::f11_a_host_call_that_grows_tells_the_caller"),
        ],
    ),
    row(
        "F12",
        "half a bulk operation can be seen",
        &[
            bug("F12-bytewise", "contents::mmap::f12_bounds_come_before_writes"),
            bug("F12-observer", "contents::mmap::f12_panics_leave_all_or_nothing"),
        ],
    ),
    row(
        "F13",
        "a size beyond the address space panics",
        &[
            bug("F13-grow", "sizes::mmap::f13_sizes_beyond_the_address_space"),
            bug("F13-create", "sizes::mmap::f13_sizes_beyond_the_address_space"),
        ],
    ),
    row(
        "F14",
        "a failed growth's -1 is lost",
        &[bug("F14", "addresses::mmap::f14_a_failed_growth_is_no_address")],
    ),
    row(
        "F15",
        "a length cut to 32 bits",
        &[
            bug("F15", "addresses::mmap::f15_lengths_keep_their_high_half"),
            bug("F15", "large::f15_memories_above_4_gib"),
            bug("F15", "large::f15_discarding_more_than_4_gib"),
        ],
    ),
    row(
        "F16",
        "memories of no pages crash",
        &[
            bug("F16-places", "sizes::mmap::f16_memories_of_no_pages"),
            bug("F16-length", "sizes::mmap::f16_memories_of_no_pages"),
        ],
    ),
    row(
        "F17",
        "a signal stack of the wrong size",
        &[bug("F17", "signals::f17_the_signal_stack_keeps_its_reserve")],
    ),
    row(
        "F18",
        "growth past the reservation",
        &[bug("F18", "sizes::mmap::f18_the_region_itself_refuses")],
    ),
];
