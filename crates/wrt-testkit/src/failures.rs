//! Runs of a job under every failure of its allocator.

use crate::faulty::FaultyAllocator;

/// Runs `job` once for each call to its allocator that can fail: with the first call failing, with
/// the second, and so on until a run makes fewer calls; then again with all later calls failing
/// too. Returns the number of runs with a failure.
///
/// After each run it checks that the job has leaked no reservation.
///
/// # Errors
///
/// Those of the job, or the number of leaked reservations.
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
