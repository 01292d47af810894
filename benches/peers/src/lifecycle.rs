//! Memories created, written to and dropped: ours and the engines' beside the bare operation.
//!
//! All sides take turns. A side whose memories have old contents ends the program, before or during
//! the measurement.

use std::time::Duration;

use anyhow::{Context, Result};
use wrt_benches::{Bare, Crew, Life, Source, lives};

use crate::measure::Rounds;
use crate::memories::{BARE, MAKERS, Maker};
use crate::row::Row;

const GROUP: &str = "create, write, drop";
/// Two threads beside one.
const GROUP_OF_TWO: &str = "two threads / one";
/// The limit of an operation's time with two threads, relative to one thread.
const TWO_THREADS: f64 = 1.0 / 1.5;
const ROUNDS: usize = 201;

/// The rows of every life whose name contains `filter`.
pub(crate) fn compare(filter: &str) -> Result<()> {
    for life in lives().iter().filter(|life| life.name.contains(filter)) {
        let makers = [BARE].into_iter().chain(MAKERS);
        let mut sides = Vec::new();
        for maker in makers {
            // One source to read all bytes of, and one to measure.
            match (maker.source(life), maker.source(life)) {
                (Ok(checked), Ok(measured)) => {
                    life.check(&*checked)
                        .with_context(|| format!("{}: {}", life.name, maker.name))?;
                    sides.push((maker, measured));
                }
                (Err(error), _) | (_, Err(error)) => {
                    eprintln!("{}: not measured: {error}", maker.name);
                }
            }
        }
        let kept = one_thread(life, &sides)?;
        for index in kept {
            two_threads(life, &sides[index])?;
        }
    }
    Ok(())
}

type Sides<'a> = (Maker, Box<dyn Source + 'a>);

/// Prints what each side takes beside the first, and ours beside the engines; gives the sides
/// worth a look with two threads: all but the slower settings of an engine.
fn one_thread(life: &Life, sides: &[Sides<'_>]) -> Result<Vec<usize>> {
    let mut crews = crews(life, sides, 1)?;
    // Shorter than what a scheduler gives: most turns are not interrupted.
    let turn = Duration::from_micros(500);
    let rounds = Rounds::take(ROUNDS, turn, &mut crews, Crew::run_users);
    let name = |side: usize| sides[side].0.name;
    for (side, (maker, _)) in sides.iter().enumerate().skip(1) {
        let case = format!("{}: {} / {}", life.name, maker.name, Bare::name(life));
        let limit = maker.pooled.then_some(life.pool_limit);
        Row::of_times(GROUP, case, &rounds, side, 0).limit(limit).print();
    }
    let engine = |side: usize| name(side).split(',').next().unwrap_or_default();
    let best = |side: &usize| {
        let rivals = (0..sides.len()).filter(|&other| engine(other) == engine(*side));
        rivals.min_by(|a, b| rounds.time(*a).total_cmp(&rounds.time(*b))) == Some(*side)
    };
    let ours = |side: &usize| sides[*side].0.ours;
    let kept: Vec<usize> = (0..sides.len()).filter(|side| ours(side) || best(side)).collect();
    for &our in kept.iter().filter(|side| ours(side)) {
        for &other in kept.iter().filter(|side| !ours(side) && **side != 0) {
            let case = format!("{}: {} / {}", life.name, name(our), name(other));
            Row::of_times(GROUP, case, &rounds, our, other).print();
        }
    }
    Ok(kept)
}

/// Prints what an operation takes with two threads at work beside one: a half where the threads
/// do not disturb each other.
fn two_threads(life: &Life, side: &Sides<'_>) -> Result<()> {
    let (maker, source) = side;
    let failed = || format!("{}, {}", maker.name, life.name);
    let crew = |threads| Crew::new(life, &**source, threads).with_context(failed);
    // Long turns: that a CPU takes up a thread is part of them.
    let turn = Duration::from_millis(100);
    let rounds = Rounds::take(ROUNDS, turn, &mut [crew(2)?, crew(1)?], Crew::run_users);
    let case = format!("{}: {}", life.name, maker.name);
    let limit = (maker.pooled && life.pages == 1).then_some(TWO_THREADS);
    Row::of_times(GROUP_OF_TWO, case, &rounds, 0, 1).limit(limit).print();
    Ok(())
}

fn crews<'a>(life: &'a Life, sides: &'a [Sides<'a>], threads: usize) -> Result<Vec<Crew<'a>>> {
    let crew = |(maker, source): &'a Sides<'a>| {
        let crew = Crew::new(life, &**source, threads);
        crew.with_context(|| format!("{}, {}", maker.name, life.name))
    };
    sides.iter().map(crew).collect()
}
