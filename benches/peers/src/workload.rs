//! What is timed: each program with an input that keeps wasmi busy for 0.3 to 0.7 s.
//!
//! Inputs are generated, always the same, by a generator of our own: a new version
//! of somebody's random numbers must not change what is measured.

use anyhow::{Context, Result};

use crate::engine::Job;
use crate::programs;

/// A program, its arguments and how to make its input.
pub(crate) struct Workload {
    /// The name in tables and on the command line.
    pub(crate) name: &'static str,
    program: &'static str,
    args: &'static [&'static str],
    input: fn() -> Vec<u8>,
}

/// All that is timed.
pub(crate) const WORKLOADS: [Workload; 5] = [
    Workload {
        name: "sha256 of 4 MiB",
        program: "sha256",
        args: &[],
        input: || random_bytes(4 << 20),
    },
    Workload {
        name: "sort 200,000 lines",
        program: "sort",
        args: &[],
        input: || random_lines(200_000),
    },
    Workload {
        name: "squeeze 2 MiB of text and back",
        program: "squeeze",
        args: &["t"],
        input: || pseudo_text(2 << 20),
    },
    Workload { name: "orbit, 150,000 steps", program: "orbit", args: &["150000"], input: Vec::new },
    Workload {
        name: "lisp, primes and fib",
        program: "lisp",
        args: &[],
        input: || LISP.as_bytes().to_vec(),
    },
];

const LISP: &str = "
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(fib 20)
(define (prime-from? d n)
  (cond ((> (* d d) n) #t)
        ((= 0 (remainder n d)) #f)
        (#t (prime-from? (+ d 1) n))))
(define (count-primes n to count)
  (cond ((= n to) count)
        ((prime-from? 2 n) (count-primes (+ n 1) to (+ count 1)))
        (#t (count-primes (+ n 1) to count))))
(count-primes 2 5000 0)
(define (newton x guess times)
  (if (= times 0) guess (newton x (/ (+ guess (/ x guess)) 2) (- times 1))))
(newton 2.0 100.0 10000)
";

impl Workload {
    /// The workload made ready: program read, input generated.
    pub(crate) fn job(&self) -> Result<Job> {
        let args = self.args.iter().map(|arg| (*arg).to_owned());
        let mut job = programs::job(self.program, args)?;
        job.stdin = self.input().into();
        Ok(job)
    }

    /// The generated standard input.
    pub(crate) fn input(&self) -> Vec<u8> {
        (self.input)()
    }
}

/// The first workload whose name starts with `name`.
pub(crate) fn find(name: &str) -> Result<&'static Workload> {
    let found = WORKLOADS.iter().find(|workload| workload.name.starts_with(name));
    found.with_context(|| format!("no workload called {name}"))
}

/// Xorshift (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`; the bias is of no importance here.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn random_bytes(len: usize) -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    (0..len).map(|_| random.next() as u8).collect()
}

/// Lines of 1 to 40 characters, many of them with a common beginning.
fn random_lines(count: usize) -> Vec<u8> {
    let mut random = Random(0x0123_4567_89ab_cdef);
    let mut text = Vec::new();
    for _ in 0..count {
        if random.below(2) == 0 {
            text.extend_from_slice(b"record ");
        }
        let len = 1 + random.below(32);
        text.extend((0..len).map(|_| b"abcdefghijklmnopqrstuvwxyz 012345"[random.below(32)]));
        text.push(b'\n');
    }
    text
}

/// Sentences of made-up words, common ones more often: about as compressible as prose.
fn pseudo_text(len: usize) -> Vec<u8> {
    let mut random = Random(0xfeed_f00d_dead_beef);
    let syllables = ["ka", "to", "mer", "in", "al", "os", "tu", "ben", "ri", "sha", "e", "lo"];
    let word = |random: &mut Random| {
        let count = 1 + random.below(4);
        (0..count).map(|_| syllables[random.below(syllables.len())]).collect::<String>()
    };
    let words: Vec<String> = (0..4000).map(|_| word(&mut random)).collect();
    let mut text = Vec::with_capacity(len + 16);
    while text.len() < len {
        let spread = 1 + random.below(words.len());
        text.extend_from_slice(words[random.below(spread)].as_bytes());
        text.extend_from_slice(if random.below(12) == 0 { b".\n" } else { b" " });
    }
    text.truncate(len);
    text
}
