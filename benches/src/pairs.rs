//! Interleaved samples of several sides, and the row that sums them up.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, measurement::WallTime};

use crate::neighbours::Neighbours;

/// A side of a contest: runs the operation the given number of times.
pub type Side<'a> = &'a mut dyn FnMut(u64);

/// A side that does `once` in every run.
pub fn repeat<T>(mut once: impl FnMut() -> T) -> impl FnMut(u64) {
    move |runs| {
        for _ in 0..runs {
            std::hint::black_box(once());
        }
    }
}

/// Description of a row.
#[derive(Clone, Debug)]
pub struct Case {
    /// The group of the row.
    pub group: &'static str,
    /// The name of the row.
    pub name: String,
    /// Single operations in one run of a side: times are given for one of them.
    pub operations: u64,
    /// The guaranteed limit, if any.
    pub limit: Option<Limit>,
}

/// A guaranteed limit of our time beside the baseline's.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// At most this multiple of the baseline.
    Ratio(f64),
    /// At most this number of nanoseconds more than the baseline.
    MoreNanos(f64),
}

impl Limit {
    /// The largest ratio that keeps the guarantee beside a baseline of `nanos`.
    fn ratio(self, nanos: f64) -> f64 {
        match self {
            Self::Ratio(ratio) => ratio,
            Self::MoreNanos(more) => (nanos + more) / nanos,
        }
    }
}

/// Runs sides against each other.
pub struct Contest<'c> {
    criterion: &'c mut Criterion,
    samples: usize,
    time: Duration,
    neighbours: Option<Neighbours>,
}

impl<'c> Contest<'c> {
    /// Contests with 60 samples in about one second each.
    pub fn new(criterion: &'c mut Criterion) -> Self {
        Self { criterion, samples: 60, time: Duration::from_millis(1000), neighbours: None }
    }

    /// Contests of long operations, for which a second is not enough.
    #[must_use]
    pub fn long(self, samples: usize, time: Duration) -> Self {
        Self { samples, time, ..self }
    }

    /// Contests of operations on mappings, each sample with other neighbours.
    #[must_use]
    pub fn among_neighbours(self) -> Self {
        Self { neighbours: Some(Neighbours::default()), ..self }
    }

    /// Compares `ours` with the best of `baselines`, and prints the row.
    pub fn run(&mut self, case: &Case, ours: Side<'_>, baselines: &mut [Side<'_>]) {
        let mut group: BenchmarkGroup<'_, WallTime> = self.criterion.benchmark_group(case.group);
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(self.samples)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(self.time);
        let mut samples = Vec::new();
        let neighbours = &mut self.neighbours;
        group.bench_function(case.name.as_str(), |bencher| {
            bencher.iter_custom(|runs| {
                if let Some(neighbours) = neighbours {
                    neighbours.change();
                }
                let turn = samples.len();
                let sample = take_sample(runs, turn, ours, baselines);
                let our_time = sample.times.first().copied().unwrap_or_default();
                samples.push(sample);
                our_time
            });
        });
        group.finish();
        if measures() {
            print_row(case, &samples);
        }
    }
}

/// Whether this is `cargo bench`: `cargo test --benches` runs everything once, to see that it works.
pub fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// One turn of every side, ours first in the list.
struct Sample {
    runs: u64,
    times: Vec<Duration>,
}

/// Lets every side run; who starts changes from turn to turn.
fn take_sample(runs: u64, turn: usize, ours: Side<'_>, baselines: &mut [Side<'_>]) -> Sample {
    let sides = 1 + baselines.len();
    let mut times = vec![Duration::ZERO; sides];
    for step in 0..sides {
        let side = (turn + step) % sides;
        let start = Instant::now();
        match side.checked_sub(1).and_then(|index| baselines.get_mut(index)) {
            Some(baseline) => baseline(runs),
            None => ours(runs),
        }
        if let Some(slot) = times.get_mut(side) {
            *slot = start.elapsed();
        }
    }
    Sample { runs, times }
}

/// Prints the line that `cargo xtask bench` collects: group, case, our ns, baseline ns, ratio,
/// spread, limit.
fn print_row(case: &Case, samples: &[Sample]) {
    // Warm-up takes fewer runs a sample than measurement does.
    let Some(runs) = samples.last().map(|sample| sample.runs) else { return };
    let measured = || samples.iter().filter(|sample| sample.runs == runs);
    let time_of = |side: usize| {
        let nanos = |sample: &Sample| sample.times.get(side).map_or(f64::NAN, as_nanos);
        quartiles(measured().map(nanos).collect()).1 / (runs * case.operations) as f64
    };
    let sides = samples.last().map_or(0, |sample| sample.times.len());
    let best = (1..sides).min_by(|a, b| time_of(*a).total_cmp(&time_of(*b))).unwrap_or(0);
    let ratio = |sample: &Sample| match (sample.times.first(), sample.times.get(best)) {
        (Some(ours), Some(baseline)) => as_nanos(ours) / as_nanos(baseline),
        _ => f64::NAN,
    };
    let (low, median, high) = quartiles(measured().map(ratio).collect());
    let limit = case.limit.map(|limit| format!("{:.2}", limit.ratio(time_of(best))));
    let limit = limit.unwrap_or_default();
    println!(
        "@row\t{}\t{}\t{:.3}\t{:.3}\t{median:.3}\t{low:.3}..{high:.3}\t{limit}",
        case.group,
        case.name,
        time_of(0),
        time_of(best),
    );
}

fn as_nanos(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// The first quartile, the median and the third quartile.
fn quartiles(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |fraction: f64| {
        let index = (fraction * values.len().saturating_sub(1) as f64).round() as usize;
        values.get(index).copied().unwrap_or(f64::NAN)
    };
    (at(0.25), at(0.5), at(0.75))
}
