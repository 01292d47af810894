//! Streams read or written by a separate thread, so that waiting for them can be interrupted.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::interrupt::Interrupt;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Time limit of output after an interrupt: if the reader reads, the program's output is delivered.
const LAST_WRITE: Duration = Duration::from_millis(200);

/// A thread that answers one request at a time.
struct Background<Request, Answer> {
    interrupt: Interrupt,
    requests: Sender<Request>,
    answer: Arc<Mutex<Option<Answer>>>,
    /// Whether a request is pending or its answer was not taken.
    busy: bool,
}

impl<Request: Send + 'static, Answer: Send + 'static> Background<Request, Answer> {
    fn new(
        name: &str,
        interrupt: Interrupt,
        mut serve: impl FnMut(Request) -> Answer + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, requests) = mpsc::channel();
        let answer = Arc::new(Mutex::new(None));
        let (place, waiting) = (Arc::clone(&answer), interrupt.clone());
        thread::Builder::new().name(name.into()).spawn(move || {
            for request in requests {
                let answer = serve(request);
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
                waiting.notify();
            }
        })?;
        Ok(Self { interrupt, requests: sender, answer, busy: false })
    }

    fn request(&mut self, request: Request) {
        let _ = self.requests.send(request);
        self.busy = true;
    }

    /// The answer to the last request. An error if the program was interrupted and no answer came
    /// within `patience` after that.
    fn wait(&mut self, patience: Duration) -> io::Result<Answer> {
        let take = || self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = self.interrupt.wait_for(patience, take);
        self.busy &= answer.is_none();
        answer.ok_or_else(|| io::Error::other("interrupted"))
    }
}

/// Input, which is never read ahead of the program.
pub(super) struct Reader {
    background: Background<(), io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    /// Number of bytes of the piece already delivered.
    taken: usize,
}

impl Reader {
    /// Reads from `source` in a new thread.
    ///
    /// # Errors
    ///
    /// When the host cannot start a thread.
    pub(super) fn new(
        mut source: impl Read + Send + 'static,
        interrupt: Interrupt,
    ) -> io::Result<Self> {
        let serve = move |()| {
            let mut bytes = vec![0; PIECE];
            let count = source.read(&mut bytes)?;
            bytes.truncate(count);
            Ok(bytes)
        };
        let background = Background::new("input", interrupt, serve)?;
        Ok(Self { background, piece: Vec::new(), taken: 0 })
    }
}

impl Read for Reader {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() && !target.is_empty() {
            if !self.background.busy {
                self.background.request(());
            }
            (self.piece, self.taken) = (self.background.wait(Duration::ZERO)??, 0);
        }
        let count = self.piece[self.taken..].as_ref().read(target)?;
        self.taken += count;
        Ok(count)
    }
}

/// Output.
pub(super) struct Writer {
    background: Background<Vec<u8>, io::Result<()>>,
}

impl Writer {
    /// Writes to `target` in a new thread.
    ///
    /// # Errors
    ///
    /// When the host cannot start a thread.
    pub(super) fn new(
        mut target: impl Write + Send + 'static,
        interrupt: Interrupt,
    ) -> io::Result<Self> {
        let serve = move |bytes: Vec<u8>| {
            target.write_all(&bytes)?;
            target.flush()
        };
        Ok(Self { background: Background::new("output", interrupt, serve)? })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What was given up has not been written, and nothing may overtake it.
        if !self.background.busy {
            self.background.request(bytes.to_vec());
            self.background.wait(LAST_WRITE)??;
            return Ok(bytes.len());
        }
        Err(io::Error::other("interrupted"))
    }

    /// Does nothing: every write is passed on at once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::Duration;

    use super::{Reader, Writer};
    use crate::interrupt::Interrupt;

    #[test]
    fn all_is_read_in_order() {
        let text: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut reader = Reader::new(io::Cursor::new(text.clone()), Interrupt::new()).unwrap();
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

    /// A stream whose operations never return.
    struct Silent;

    impl Read for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }
    }

    impl Write for Silent {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            loop {
                thread::park();
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn raise_soon(interrupt: &Interrupt) -> thread::JoinHandle<()> {
        let interrupt = interrupt.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            interrupt.raise();
        })
    }

    #[test]
    fn waiting_ends_with_the_interrupt() {
        let interrupt = Interrupt::new();
        let mut reader = Reader::new(Silent, interrupt.clone()).unwrap();
        let mut writer = Writer::new(Silent, interrupt.clone()).unwrap();
        let raiser = raise_soon(&interrupt);
        assert_eq!(reader.read(&mut [0; 8]).unwrap_err().to_string(), "interrupted");
        assert_eq!(writer.write(b"a").unwrap_err().to_string(), "interrupted");
        assert_eq!(writer.write(b"b").unwrap_err().to_string(), "interrupted");
        raiser.join().unwrap();
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_was_written_is_delivered_after_the_interrupt_too() {
        let (interrupt, sink) = (Interrupt::new(), Sink::default());
        let mut writer = Writer::new(sink.clone(), interrupt.clone()).unwrap();
        writer.write_all(b"before, ").unwrap();
        interrupt.raise();
        writer.write_all(b"after").unwrap();
        assert_eq!(*sink.0.lock().unwrap(), b"before, after");
    }
}
