//! Lifecycles of memories for benches: created, written to and dropped repeatedly, by one thread or
//! several.
//!
//! A figure is meaningful only if every side provides a truly new memory. So every user checks for
//! bytes of the former one, next to its own writes, which costs a load from a page that is present
//! anyway; and [`Life::check`] reads all bytes, untimed and from a separate source, since reading a
//! page allocates it.

use std::io::Result;
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The pages whose residency and rights the host decides on, in bytes.
pub const HOST_PAGE: usize = 4096;

/// The byte that a guest writes: neither zero nor any byte of an image.
const MARK: u8 = 0x5a;

/// Contents of a new memory.
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

/// One kind of lifecycle.
#[derive(Clone, Debug)]
pub struct Life {
    /// Its name in tables.
    pub name: String,
    /// WebAssembly pages of the memory.
    pub pages: u32,
    /// Its initial contents.
    pub contents: Contents,
    /// The limit of a pool, as a ratio to the bare operation.
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

    /// Writes the bytes of user number `turn`: one into each of its pages.
    ///
    /// # Panics
    ///
    /// When a page has bytes of the previous user.
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

    /// Takes a memory from `source` for each user, three times over, and reads all bytes of each
    /// before they are written. Measure another source afterwards: this one has had all pages
    /// touched.
    ///
    /// # Errors
    ///
    /// When a memory cannot be created.
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

/// The lives with a guaranteed limit.
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
    /// Creates a memory, lends its bytes, drops it.
    ///
    /// # Errors
    ///
    /// When the memory cannot be created, or not be erased for the next.
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) -> Result<()>;
}

/// Source of the memories of one kind of life.
pub trait Source: Sync {
    /// The worker of one more thread.
    ///
    /// # Errors
    ///
    /// When the memories cannot be created.
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
    /// When the memories cannot be created.
    pub fn new(life: &'a Life, source: &'a dyn Source, threads: usize) -> Result<Self> {
        let workers = (0..threads).map(|_| source.worker()).collect::<Result<_>>()?;
        Ok(Self { life, workers, turn: 0 })
    }

    /// Every thread creates a memory for each of the life's users, `times` over. Returns the total
    /// number of memories.
    pub fn run_users(&mut self, times: u64) -> u64 {
        let count = times * self.life.users.len() as u64;
        self.run(count);
        count * self.workers.len() as u64
    }

    /// Every thread creates `count` memories, one after the other; several threads run on separate
    /// CPUs.
    ///
    /// # Panics
    ///
    /// When a memory cannot be created or is not new, so that there is nothing to measure.
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

/// Pins this thread to a separate CPU, if there are enough. On a busy machine the system puts
/// threads that start together on the same CPU and leaves them there.
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

    /// A faulty source that reuses the same bytes and restores only the first ones.
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
