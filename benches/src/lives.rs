//! What memories go through in the benches of their lives: made, written to, dropped, again and
//! again, by one thread or by several.
//!
//! A figure is only worth something if every side gives a memory that is really new. So every
//! user looks for what the former one left: after its own writes, beside them, which costs a load
//! from a page that is there anyway; and [`Life::check`] reads all bytes, without a clock.

use std::io::Result;
use std::thread;

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
    /// For each user in turn, the host pages it writes to; the first user follows the last.
    users: Vec<Vec<usize>>,
}

impl Life {
    /// Lives of memories of `pages` WebAssembly pages, of which every user writes to the first
    /// host page.
    #[must_use]
    pub fn plain(pages: u32) -> Self {
        let users = vec![vec![0]];
        Self { name: format!("{pages} pages"), pages, contents: Contents::Zero, users }
    }

    /// Lives of memories with an image of 1 MiB, each user writing to the host pages listed.
    #[must_use]
    pub fn imaged(name: &str, users: Vec<Vec<usize>>) -> Self {
        let name = format!("1 MiB image, {name}");
        Self { name, pages: 16, contents: Contents::Image, users }
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

    /// Lets `worker` make as many memories as there are users, three times over, and reads all
    /// bytes of each before they are written.
    ///
    /// # Panics
    ///
    /// When a memory is not new, or has another size.
    pub fn check(&self, worker: &mut dyn Worker) {
        let fresh = self.contents.image(self.bytes());
        for turn in 0..3 * self.users.len().max(8) {
            worker.live(&mut |memory| {
                assert!(memory == fresh, "{}: memory {turn} is not new", self.name);
                self.write(turn, memory);
            });
        }
    }
}

/// The lives with an image that have a figure to keep, and whether they are few pages and the
/// same ones each time.
#[must_use]
pub fn imaged_lives() -> Vec<(Life, bool)> {
    let all = 16 * 65_536 / HOST_PAGE;
    let mut random = Scatter(1);
    // Away from the first pages, which a system may bring in together.
    let same = |count: usize| vec![(0..count).map(|index| 37 + index * 61).collect()];
    let new = (0..all / 4).map(|turn| (turn * 4..turn * 4 + 4).collect()).collect();
    let scattered = (0..251).map(|_| random.pages(8, all)).collect();
    let growing = (1..=all).map(|count| (0..count).collect()).collect();
    vec![
        (Life::imaged("the same page", same(1)), true),
        (Life::imaged("the same 2 pages", same(2)), true),
        (Life::imaged("the same 4 pages", same(4)), true),
        (Life::imaged("4 other pages each time", new), false),
        (Life::imaged("8 of 256 pages at random", scattered), false),
        (Life::imaged("1 and 64 pages by turns", vec![vec![0], (0..64).collect()]), false),
        (Life::imaged("1 to 256 pages, one more each time", growing), false),
        (Life::imaged("all 256 pages", vec![(0..all).collect()]), false),
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
    fn live(&mut self, user: &mut dyn FnMut(&mut [u8]));
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
    /// A crew of `threads`, whose memories were seen to be new.
    ///
    /// # Errors
    ///
    /// When the memories cannot be had.
    pub fn new(life: &'a Life, source: &'a dyn Source, threads: usize) -> Result<Self> {
        let mut workers = Vec::new();
        for _ in 0..threads {
            let mut worker = source.worker()?;
            life.check(&mut *worker);
            workers.push(worker);
        }
        Ok(Self { life, workers, turn: 0 })
    }

    /// Every thread makes `count` memories, one after the other.
    pub fn run(&mut self, count: u64) {
        let (life, first) = (self.life, self.turn);
        let turns = first..first + count as usize;
        self.turn = turns.end;
        match &mut *self.workers {
            [worker] => run(&mut **worker, life, turns),
            workers => thread::scope(|scope| {
                for worker in workers {
                    let turns = turns.clone();
                    scope.spawn(move || run(&mut **worker, life, turns));
                }
            }),
        }
    }
}

fn run(worker: &mut dyn Worker, life: &Life, turns: std::ops::Range<usize>) {
    for turn in turns {
        worker.live(&mut |memory| life.write(turn, memory));
    }
}

#[cfg(test)]
mod tests {
    use super::{Contents, Life, Worker, imaged_lives};

    /// Forgets to restore every memory but the first.
    struct Careless(Vec<u8>);

    impl Worker for Careless {
        fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) {
            user(&mut self.0);
        }
    }

    /// Restores the page a user is known to write to, and no other.
    struct OnePage(Vec<u8>);

    impl Worker for OnePage {
        fn live(&mut self, user: &mut dyn FnMut(&mut [u8])) {
            user(&mut self.0);
            self.0[..4096].fill(0);
        }
    }

    #[test]
    #[should_panic(expected = "page 0 is not new")]
    fn a_user_notices_what_the_one_before_has_left() {
        let life = Life::plain(1);
        let mut worker = Careless(vec![0; life.bytes()]);
        for turn in 0..2 {
            worker.live(&mut |memory| life.write(turn, memory));
        }
    }

    #[test]
    #[should_panic(expected = "memory 1 is not new")]
    fn a_check_reads_every_byte() {
        let life = Life { users: vec![vec![15]], ..Life::plain(1) };
        life.check(&mut OnePage(vec![0; life.bytes()]));
    }

    #[test]
    fn a_correct_worker_passes() {
        let life = Life::plain(1);
        life.check(&mut OnePage(vec![0; life.bytes()]));
    }

    #[test]
    fn no_user_writes_twice_to_a_page_or_past_the_end() {
        for (life, few) in imaged_lives() {
            let longest = life.users.iter().map(Vec::len).max().unwrap();
            assert_eq!(few, longest <= 4 && life.users.len() == 1, "{}", life.name);
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
