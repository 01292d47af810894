//! Rows for the table's collector.

use crate::measure::Rounds;

/// A line that starts with `@row`; its fields are separated by tabs: group, case, ours,
/// baseline, ratio, spread, limit. An amount is in nanoseconds unless its unit follows it.
pub(crate) struct Row {
    group: &'static str,
    case: String,
    ours: String,
    baseline: String,
    ratio: f64,
    spread: String,
    limit: Option<f64>,
}

impl Row {
    /// A ratio of two amounts that are written as given, with a remark in place of the spread.
    pub(crate) fn new(
        group: &'static str,
        case: String,
        [ours, baseline]: [String; 2],
        ratio: f64,
        spread: String,
    ) -> Row {
        Row { group, case, ours, baseline, ratio, spread, limit: None }
    }

    /// One side of `rounds` beside another.
    pub(crate) fn of_times(
        group: &'static str,
        case: String,
        rounds: &Rounds,
        side: usize,
        other: usize,
    ) -> Row {
        let (low, median, high) = rounds.ratio(side, other);
        let times = [side, other].map(|side| format!("{:.0}", rounds.time(side)));
        Row::new(group, case, times, median, format!("{low:.2}..{high:.2}"))
    }

    /// The greatest ratio that is guaranteed, if any is.
    pub(crate) fn limit(self, limit: Option<f64>) -> Row {
        Row { limit, ..self }
    }

    pub(crate) fn print(&self) {
        let Row { group, case, ours, baseline, ratio, spread, limit } = self;
        let limit = limit.map_or_else(String::new, |limit| format!("{limit:.2}"));
        println!("@row\t{group}\t{case}\t{ours}\t{baseline}\t{ratio:.3}\t{spread}\t{limit}");
    }
}
