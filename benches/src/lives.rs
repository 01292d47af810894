//! What memories go through in the benches of their lives: made, written to, dropped, again and
//! again, by one thread or by several.
//!
//! A figure is only worth something if every side gives a memory that is really new. So every
//! user looks for what the former one left: after its own writes, beside them, which costs a load
//! from a page that is there anyway; and [`Life::check`] reads all bytes, without a clock and from
//! a source of its own, since to read a page is to bring it in.

use std::io::Result;
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The pages whose residency and rights the host decides on, in bytes.
pub const HOST_PAGE: usize = 4096;

/// What a guest leaves behind. Neither zero nor any byte of an image.
const MARK: u8 = 0x5a;

/// What a new memory holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contents {
    /// Zeroes.
    Zero,
    /// The bytes of [`Contents::image`].
    Image,
}

impl Contents {
    /// The byte at `index` of a new memory.
    #[must_use]
    pub const fn byte(self, index: usize) -> u8 {
        match self {
            Self::Zero => 0,
            Self::Image => (index / HOST_PAGE) as u8 | 0x80,
        }
    }

    /// The first `len` bytes of a new memory.
    #[must_use]
    pub fn image(self, len: usize) -> Vec<u8> {
        (0..len).map(|index| self.byte(index)).collect()
    }
}

/// One kind of life.
#[derive(Clone, Debug)]
pub struct Life {
    /// What it is called in tables.
    pub name: String,
    /// WebAssembly pages of the memory.
    pub pages: u32,
    /// What it holds at first.
    pub contents: Contents,
    /// What a pool guarantees: the most it takes, in times of the bare operation.
    pub pool_limit: f64,
    /// For each user in turn, the host pages it writes to; the first user follows the last.
    users: Vec<Vec<usize>>,
}

impl Life {
    /// Lives of memories of `pages` WebAssembly pages, of which every user writes to the first
    /// host page.
    #[must_use]
    pub fn plain(pages: u32) -> Self {
        let (name, pool_limit) = match pages {
            1 => ("1 page".to_owned(), 1.3),
            _ => (format!("{pages} pages"), 1.15),
        };
        Self { name, pages, contents: Contents::Zero, pool_limit, users: vec![vec![0]] }
    }

    /// Lives of memories with an image of 1 MiB, each user writing to the host pages listed. A
    /// pool that learns what is written gains most where it is always the same.
    #[must_use]
    pub fn imaged(name: &str, users: Vec<Vec<usize>>) -> Self {
        let same = users.len() == 1 && users.iter().all(|user| user.len() <= 4);
        let (contents, pool_limit) = (Contents::Image, if same { 0.5 } else { 1.05 });
        Self { name: format!("1 MiB image, {name}"), pages: 16, contents, pool_limit, users }
    }

    /// Bytes of the memory.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        (self.pages as usize) << 16
    }

    /// What user number `turn` does with its memory: a byte into each of its pages.
    ///
    /// # Panics
    ///
    /// When a page shows what the user before has written.
    #[inline]
    pub fn write(&self, turn: usize, memory: &mut [u8]) {
        // In turns at the one and the other of two places, in cache lines of their own.
        let (here, there) = if turn.is_multiple_of(2) { (0, 64) } else { (64, 0) };
        for page in &self.users[turn % self.users.len()] {
            let start = page * HOST_PAGE;
            let bytes = &mut memory[start..start + HOST_PAGE];
            bytes[here] = MARK;
            let fresh = bytes[there] == self.contents.byte(start);
            assert!(fresh, "{}: page {page} is not new", self.name);
        }
    }

    /// Takes as many memories from `source` as there are users, three times over, and reads all
    /// bytes of each before they are written. What is measured afterwards should come from
    /// another source: this one has seen all pages touched.
    ///
    /// # Errors
    ///
    /// When a memory cannot be had.
    ///
    /// # Panics
    ///
    /// When a memory is not new, or has another size.
    pub fn check(&self, source: &dyn Source) -> Result<()> {
        let mut worker = source.worker()?;
        let fresh = self.contents.image(self.bytes());
        for turn in 0..3 * self.users.len().max(8) {
            worker.live(&mut |memory| {
                assert!(memory == fresh, "{}: memory {turn} is not new", self.name);
                self.write(turn, memory);
            })?;
        }
        Ok(())
    }
}

/// The lives that have a figure to keep.
#[must_use]
pub fn lives() -> Vec<Life> {
    let all = 16 * 65_536 / HOST_PAGE;
    let mut random = Scatter(1);
    // Away from the first pages, which a system may bring in together.
    let same = |count: usize| vec![(0..count).map(|index| 37 + index * 61).collect()];
    let new = (0..all / 4).map(|turn| (turn * 4..turn * 4 + 4).collect()).collect();
    let scattered = (0..251).map(|_| random.pages(8, all)).collect();
    let growing = (1..=all).map(|count| (0..count).collect()).collect();
    vec![
        Life::plain(1),
        Life::plain(256),
        Life::imaged("the same page", same(1)),
        Life::imaged("the same 2 pages", same(2)),
        Life::imaged("the same 4 pages", same(4)),
        Life::imaged("4 other pages each time", new),
        Life::imaged("8 of 256 pages at random", scattered),
        Life::imaged("1 and 64 pages by turns", vec![vec![0], (0..64).collect()]),
        Life::imaged("1 to 256 pages, one more each time", growing),
        Life::imaged("all 256 pages", vec![(0..all).collect()]),
    ]
}

struct Scatter(u32);

impl Scatter {
    /// `count` different pages below `all`, in order.
    fn pages(&mut self, count: usize, all: usize) -> Vec<usize> {
        let mut pages = Vec::new();
        while pages.len() < count {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let page = (self.0 >> 12) as usize % all;
            if !pages.contains(&page) {
                pages.push(page);
            }
        }
        pages.sort_unstable();
        pages
    }
}

/// Makes memories for one thread.
pub trait Worker: Send {
    /// Makes a memory, lends its bytes, drops it.
    ///
    /// # Errors
    ///
    /// When the memory cannot be had, or not be made fresh for the next.
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()>;
}

/// Where the memories of one kind of life come from.
pub trait Source: Sync {
    /// What one more thread works with.
    ///
    /// # Errors
    ///
    /// When the memories cannot be had.
    fn worker(&self) -> Result<Box<dyn Worker + '_>>;
}

/// Threads that make memories of one kind.
pub struct Crew<'a> {
    life: &'a Life,
    workers: Vec<Box<dyn Worker + 'a>>,
    turn: usize,
}

impl<'a> Crew<'a> {
    /// A crew of `threads`.
    ///
    /// # Errors
    ///
    /// When the memories cannot be had.
    pub fn new(life: &'a Life, source: &'a dyn Source, threads: usize) -> Result<Self> {
        let workers = (0..threads).map(|_| source.worker()).collect::<Result<_>>()?;
        Ok(Self { life, workers, turn: 0 })
    }

    /// Every thread makes a memory for each of the life's users, `times` over. Gives how many
    /// memories that were in all.
    pub fn run_users(&mut self, times: u64) -> u64 {
        let count = times * self.life.users.len() as u64;
        self.run(count);
        count * self.workers.len() as u64
    }

    /// Every thread makes `count` memories, one after the other; several threads each on a CPU of
    /// its own.
    ///
    /// # Panics
    ///
    /// When a memory cannot be had, or is not new: nothing is left to be measured then.
    #[expect(clippy::expect_used, reason = "a bench without its memory cannot go on")]
    pub fn run(&mut self, count: u64) {
        let (life, first) = (self.life, self.turn);
        self.turn += count as usize;
        let turns = first..self.turn;
        let run = |worker: &mut dyn Worker| {
            for turn in turns.clone() {
                worker.live(&mut |memory| life.write(turn, memory)).expect("a memory");
            }
        };
        match &mut *self.workers {
            [worker] => run(&mut **worker),
            workers => thread::scope(|scope| {
                for (index, worker) in workers.iter_mut().enumerate() {
                    let run = &run;
                    scope.spawn(move || {
                        stay_on(index).expect("a CPU for each thread");
                        run(&mut **worker);
                    });
                }
            }),
        }
    }
}

/// Keeps this thread on a CPU of its own as long as there are enough of them. On a busy machine
/// the system puts threads that start together on the same one, and lets them stay there.
fn stay_on(index: usize) -> Result<()> {
    let allowed = sched_getaffinity(None)?;
    let cpus: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu)).collect();
    let mut own = CpuSet::new();
    own.set(cpus[index % cpus.len()]);
    Ok(sched_setaffinity(None, &own)?)
}

#[cfg(test)]
mod tests {
    use std::io::Result;

    use super::{Contents, Crew, Life, Source, Worker, lives};

    /// Hands out the same bytes again, with the first so many restored.
    struct Partly(Life, usize);

    impl Source for Partly {
        fn worker(&self) -> Result<Box<dyn Worker + '_>> {
            Ok(Box::new(Slot(vec![0; self.0.bytes()], self.1)))
        }
    }

    struct Slot(Vec<u8>, usize);

    impl Worker for Slot {
        fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()> {
            user(&mut self.0);
            self.0[..self.1].fill(0);
            Ok(())
        }
    }

    #[test]
    #[should_panic(expected = "page 0 is not new")]
    fn a_user_notices_what_the_one_before_has_left() {
        let life = Life::plain(1);
        let careless = Partly(life.clone(), 0);
        Crew::new(&life, &careless, 1).unwrap().run(2);
    }

    #[test]
    #[should_panic(expected = "memory 1 is not new")]
    fn a_check_reads_every_byte() {
        let life = Life { users: vec![vec![15]], ..Life::plain(1) };
        life.check(&Partly(life.clone(), 4096)).unwrap();
    }

    #[test]
    fn new_memories_pass() {
        let life = Life::plain(1);
        life.check(&Partly(life.clone(), 4096)).unwrap();
        let source = Partly(life.clone(), 4096);
        let mut crew = Crew::new(&life, &source, 2).unwrap();
        assert_eq!(crew.run_users(5), 10);
    }

    #[test]
    fn no_user_writes_twice_to_a_page_or_past_the_end() {
        for life in lives() {
            for user in &life.users {
                assert!(user.windows(2).all(|pair| pair[0] < pair[1]), "{}", life.name);
                assert!(user.iter().all(|page| page * 4096 < life.bytes()), "{}", life.name);
            }
        }
    }

    #[test]
    fn a_mark_is_in_no_image() {
        assert!(!Contents::Image.image(1 << 20).contains(&super::MARK));
    }
}
