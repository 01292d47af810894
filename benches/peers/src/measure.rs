//! Interleaved pairs and their statistics.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::engine::{End, Engine, Job};

/// The times of one job on two engines.
pub(crate) struct Pairs {
    /// Nanoseconds of ours and of the baseline, in the order in which they were taken.
    taken: Vec<(f64, f64)>,
}

impl Pairs {
    /// Runs the job on both engines by turns, after one run of each that is not timed.
    ///
    /// # Errors
    ///
    /// One of the engines fails, or their outputs differ.
    pub(crate) fn take(
        ours: &dyn Engine,
        baseline: &dyn Engine,
        job: &Job,
        count: usize,
    ) -> Result<Pairs> {
        check_same(ours, baseline, job)?;
        let mut taken = Vec::with_capacity(count);
        for _ in 0..count {
            taken.push((time(ours, job)?, time(baseline, job)?));
        }
        Ok(Pairs { taken })
    }

    /// Median nanoseconds of ours.
    pub(crate) fn ours(&self) -> f64 {
        median(self.taken.iter().map(|(ours, _)| *ours))
    }

    /// Median nanoseconds of the baseline.
    pub(crate) fn baseline(&self) -> f64 {
        median(self.taken.iter().map(|(_, baseline)| *baseline))
    }

    /// Median of the pairs' ratios.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.ratios())
    }

    /// The least and the greatest ratio.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let least = self.ratios().fold(f64::INFINITY, f64::min);
        (least, self.ratios().fold(0.0, f64::max))
    }

    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.taken.iter().map(|(ours, baseline)| ours / baseline)
    }
}

/// The fewest rounds, however long they are.
const FEWEST: usize = 11;

/// Time after which no further rounds begin.
const LONGEST: Duration = Duration::from_secs(4);

/// The times of several sides that took turns.
pub(crate) struct Rounds {
    /// For each round, nanoseconds of one operation of each side.
    taken: Vec<Vec<f64>>,
}

impl Rounds {
    /// Runs every side in `count` rounds, often enough in each that its turn takes at least `turn`.
    /// The first side changes from round to round. `run` runs a side the given number of times and
    /// returns the number of operations. If a round takes long there are fewer, but at least
    /// [`FEWEST`].
    pub(crate) fn take<S>(
        count: usize,
        turn: Duration,
        sides: &mut [S],
        run: impl Fn(&mut S, u64) -> u64,
    ) -> Rounds {
        let times: Vec<u64> =
            sides.iter_mut().map(|side| times_to_fill(turn, side, &run)).collect();
        let mut taken = Vec::with_capacity(count);
        let begin = Instant::now();
        for round in 0..count {
            if round >= FEWEST && begin.elapsed() > LONGEST {
                break;
            }
            let mut row = vec![0.0; sides.len()];
            for step in 0..sides.len() {
                let side = (round + step) % sides.len();
                let start = Instant::now();
                let operations = run(&mut sides[side], times[side]);
                row[side] = start.elapsed().as_secs_f64() * 1e9 / operations as f64;
            }
            taken.push(row);
        }
        Rounds { taken }
    }

    /// Median nanoseconds of one operation of a side.
    pub(crate) fn time(&self, side: usize) -> f64 {
        median(self.taken.iter().map(|round| round[side]))
    }

    /// The first quartile, the median and the third quartile of the rounds' ratios.
    pub(crate) fn ratio(&self, side: usize, other: usize) -> (f64, f64, f64) {
        let mut ratios: Vec<f64> =
            self.taken.iter().map(|round| round[side] / round[other]).collect();
        ratios.sort_by(f64::total_cmp);
        let last = ratios.len().saturating_sub(1);
        (ratios[last / 4], median(ratios.iter().copied()), ratios[last - last / 4])
    }
}

/// Number of runs with which a side is busy for `turn`, even in the shortest of three tries: a
/// delayed try says nothing.
fn times_to_fill<S>(turn: Duration, side: &mut S, run: &impl Fn(&mut S, u64) -> u64) -> u64 {
    let mut times = 1;
    let mut fills = |times: u64| {
        (0..3).all(|_| {
            let start = Instant::now();
            run(side, times);
            start.elapsed() >= turn
        })
    };
    while !fills(times) {
        times *= 2;
    }
    times
}

/// The geometric mean.
pub(crate) fn geometric_mean(ratios: &[f64]) -> f64 {
    let logarithms: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    (logarithms / ratios.len() as f64).exp()
}

/// Nanoseconds of one run.
///
/// # Errors
///
/// The engine refuses the module.
pub(crate) fn time(engine: &dyn Engine, job: &Job) -> Result<f64> {
    let start = Instant::now();
    engine.run(job)?;
    Ok(start.elapsed().as_secs_f64() * 1e9)
}

/// A time is worth nothing when the answer is wrong.
fn check_same(ours: &dyn Engine, baseline: &dyn Engine, job: &Job) -> Result<()> {
    let (a, b) = (ours.run(job)?, baseline.run(job)?);
    let names = format!("{} on {} and {}", job.args.join(" "), ours.name(), baseline.name());
    ensure!(b.end == End::Exit(0), "{names}: the baseline ended with {:?}", b.end);
    ensure!(a.end == b.end, "{names}: ended with {:?} and {:?}", a.end, b.end);
    ensure!(a.stdout == b.stdout, "{names}: the outputs differ");
    ensure!(a.stderr == b.stderr, "{names}: the error outputs differ");
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => (sorted[middle - 1] + sorted[middle]) / 2.0,
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pairs, Rounds, geometric_mean, median};

    #[test]
    fn the_median_of_an_even_number_is_between() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), 2.5);
        assert_eq!(median([9.0, 1.0, 3.0].into_iter()), 3.0);
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        let pairs = Pairs { taken: vec![(10.0, 10.0), (40.0, 20.0), (30.0, 10.0)] };
        assert_eq!(pairs.ratio(), 2.0);
        assert_eq!(pairs.spread(), (1.0, 3.0));
        assert_eq!(pairs.ours(), 30.0);
        assert_eq!(pairs.baseline(), 10.0);
    }

    #[test]
    fn a_round_gives_one_ratio_of_any_two_sides() {
        let taken = [[1.0, 10.0], [2.0, 10.0], [6.0, 20.0], [4.0, 10.0], [50.0, 100.0]];
        let rounds = Rounds { taken: taken.map(Vec::from).into() };
        assert_eq!(rounds.ratio(0, 1), (0.2, 0.3, 0.4));
        assert_eq!(rounds.time(0), 4.0);
    }

    #[test]
    fn every_side_has_its_turn_in_every_round() {
        let mut sides = [0_u64, 0, 0];
        let nap = |side: &mut u64, times: u64| {
            *side += 1;
            std::thread::sleep(Duration::from_micros(200 * times));
            times
        };
        let rounds = Rounds::take(4, Duration::from_micros(300), &mut sides, nap);
        assert!(sides.iter().all(|turns| (8..=11).contains(turns)), "{sides:?}");
        assert!((0..3).all(|side| rounds.time(side) >= 200_000.0));
    }

    #[test]
    fn the_geometric_mean_cares_for_factors() {
        assert!((geometric_mean(&[0.5, 2.0]) - 1.0).abs() < 1e-12);
    }
}
