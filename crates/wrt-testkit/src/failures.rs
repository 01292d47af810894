//! Every way in which a job can be let down by its allocator.

use crate::faulty::FaultyAllocator;

/// Runs `job` once for each call that its allocator could fail: with the first one failing, with
/// the second, and so on until a run makes fewer calls than that; then the same with all later
/// calls failing too. Returns how many runs saw a failure.
///
/// Checks after each run that the job left no reservation behind.
///
/// # Errors
///
/// The job's own, or the number of reservations that leaked.
pub fn for_each_failure<P>(
    inner: P,
    mut job: impl FnMut(&FaultyAllocator<P>) -> Result<(), String>,
) -> Result<usize, String> {
    let faulty = FaultyAllocator::new(inner);
    let mut failures = 0;
    for choose in [FaultyAllocator::fail_once, FaultyAllocator::fail_from] {
        for number in 1.. {
            choose(&faulty, number);
            job(&faulty).map_err(|detail| format!("with call {number} failing: {detail}"))?;
            if faulty.alive() > 0 {
                return Err(format!("call {number} failing leaks {} reservations", faulty.alive()));
            }
            if !faulty.has_failed() {
                break;
            }
            failures += 1;
        }
    }
    Ok(failures)
}
