//! Input that is read by a thread of its own, so that waiting for it can be given up.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::interrupt::Interrupt;

/// Bytes that are asked for at a time.
const PIECE: usize = 64 << 10;

/// What was read, or that it failed.
type Piece = io::Result<Vec<u8>>;

/// A reader that ends with an error once its interrupt is raised. It never reads ahead of who reads
/// from it.
pub(super) struct Background {
    interrupt: Interrupt,
    /// Asks the thread for a piece.
    request: Sender<()>,
    /// Whether it was asked and has not answered.
    asked: bool,
    answer: Arc<Mutex<Option<Piece>>>,
    piece: Vec<u8>,
    /// How much of the piece was handed on.
    taken: usize,
}

impl Background {
    /// Reads from `source` in a new thread.
    ///
    /// # Errors
    ///
    /// When the host has no thread.
    pub(super) fn new(
        source: impl Read + Send + 'static,
        interrupt: Interrupt,
    ) -> io::Result<Self> {
        let (request, requests) = mpsc::channel();
        let answer = Arc::new(Mutex::new(None));
        let worker =
            Worker { source, requests, answer: Arc::clone(&answer), interrupt: interrupt.clone() };
        thread::Builder::new().name("input".into()).spawn(|| worker.run())?;
        Ok(Self { interrupt, request, asked: false, answer, piece: Vec::new(), taken: 0 })
    }

    /// Waits for the next piece.
    fn fetch(&mut self) -> io::Result<()> {
        if !self.asked {
            let _ = self.request.send(());
            self.asked = true;
        }
        let take = || self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let piece = self.interrupt.wait_for(take);
        let piece = piece.ok_or_else(|| io::Error::other("interrupted"))?;
        self.asked = false;
        (self.piece, self.taken) = (piece?, 0);
        Ok(())
    }
}

impl Read for Background {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() && !target.is_empty() {
            self.fetch()?;
        }
        let count = self.piece[self.taken..].as_ref().read(target)?;
        self.taken += count;
        Ok(count)
    }
}

/// The thread's part.
struct Worker<R> {
    source: R,
    requests: Receiver<()>,
    answer: Arc<Mutex<Option<Piece>>>,
    interrupt: Interrupt,
}

impl<R: Read> Worker<R> {
    /// Answers requests until nobody can make one.
    fn run(mut self) {
        while self.requests.recv().is_ok() {
            let mut bytes = vec![0; PIECE];
            let piece = self.source.read(&mut bytes).map(|count| {
                bytes.truncate(count);
                bytes
            });
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(piece);
            self.interrupt.notify();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};
    use std::time::Duration;

    use super::Background;
    use crate::interrupt::Interrupt;

    #[test]
    fn all_is_read_in_order() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut reader = Background::new(io::Cursor::new(text.clone()), Interrupt::new()).unwrap();
        let (mut found, mut part) = (Vec::new(), [0; 1000]);
        loop {
            match reader.read(&mut part).unwrap() {
                0 => break,
                count => found.extend_from_slice(&part[..count]),
            }
        }
        assert_eq!(found, text);
        assert_eq!(reader.read(&mut part).unwrap(), 0, "the end stays the end");
    }

    /// Never gives anything.
    struct Silent;

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            loop {
                std::thread::park();
            }
        }
    }

    #[test]
    fn waiting_ends_with_the_interrupt() {
        let interrupt = Interrupt::new();
        let mut reader = Background::new(Silent, interrupt.clone()).unwrap();
        let raiser = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            interrupt.raise();
        });
        assert_eq!(reader.read(&mut [0; 8]).unwrap_err().to_string(), "interrupted");
        raiser.join().unwrap();
    }
}
