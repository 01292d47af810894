//! Arguments, environment, streams, clocks and waiting.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wrt_interpreter::wasi::WasiContext;

use crate::files::tree;
use crate::program::{Program, Sink, errno};

#[test]
fn arguments_and_environment_lie_one_after_another() {
    let builder = WasiContext::builder().arg("program").args(["", "two"]).env("A", "b=c");
    let mut program = Program::new(builder);
    assert_eq!(program.call("args_sizes_get", &[0, 4]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (3, 13));
    assert_eq!(program.call("args_get", &[100, 200]), 0);
    assert_eq!([program.u32(100), program.u32(104), program.u32(108)], [200, 208, 209]);
    assert_eq!(program.bytes(200, 13), b"program\0\0two\0");
    assert_eq!(program.call("environ_sizes_get", &[0, 4]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (1, 6));
    assert_eq!(program.call("environ_get", &[100, 200]), 0);
    assert_eq!(program.bytes(200, 6), b"A=b=c\0");
}

#[test]
fn output_is_gathered_and_flushed() {
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let builder = WasiContext::builder().stdout(stdout.clone()).stderr(stderr.clone());
    let mut program = Program::new(builder);
    program.write(0, b"hello, world");
    program.vectors(100, &[(0, 5), (7, 0), (5, 7)]);
    assert_eq!(program.call("fd_write", &[1, 100, 3, 8]), 0);
    assert_eq!(program.u32(8), 12);
    assert_eq!(stdout.text(), "");
    program.vectors(100, &[(0, 5)]);
    assert_eq!(program.call("fd_write", &[2, 100, 1, 8]), 0);
    assert_eq!(stderr.text(), "hello");
    program.context.flush().unwrap();
    assert_eq!(stdout.text().len(), 12);
    assert_eq!(program.call("fd_write", &[0, 100, 1, 8]), errno::NOTCAPABLE);
    assert_eq!(program.call("fd_read", &[1, 100, 1, 8]), errno::NOTCAPABLE);
    assert_eq!(program.call("fd_write", &[9, 100, 1, 8]), errno::BADF);
    assert_eq!(program.call("fd_write", &[1, 100, 1025, 8]), errno::INVAL);
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_that_nobody_takes_is_an_error() {
    let mut program = Program::new(WasiContext::builder().stdout(Closed).stderr(Closed));
    program.vectors(100, &[(0, 5)]);
    assert_eq!(program.call("fd_write", &[2, 100, 1, 8]), errno::PIPE);
    assert_eq!(program.call("fd_write", &[1, 100, 1, 8]), 0);
    assert_eq!(program.call("fd_sync", &[1]), errno::PIPE);
    assert!(program.context.flush().is_err());
}

/// Gives one piece a call, as a terminal or a pipe does.
struct Pieces(Vec<&'static [u8]>);

impl Read for Pieces {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = (!self.0.is_empty()).then(|| self.0.remove(0)) else { return Ok(0) };
        target[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

#[test]
fn input_is_handed_on_as_it_comes() {
    let mut program = Program::new(WasiContext::builder().stdin(Pieces(vec![b"abcd", b"ef"])));
    program.vectors(100, &[(0, 0), (0, 3), (16, 64)]);
    assert_eq!(program.call("fd_read", &[0, 100, 3, 8]), 0);
    assert_eq!(
        (program.u32(8), program.bytes(0, 3), program.bytes(16, 1)),
        (4, b"abc".to_vec(), b"d".to_vec())
    );
    assert_eq!(program.call("fd_read", &[0, 100, 3, 8]), 0);
    assert_eq!((program.u32(8), program.bytes(0, 2)), (2, b"ef".to_vec()));
    assert_eq!(program.call("fd_read", &[0, 100, 3, 8]), 0);
    assert_eq!(program.u32(8), 0);
}

#[test]
fn streams_have_a_status_and_no_position() {
    let mut program = Program::new(WasiContext::builder());
    assert_eq!(program.call("fd_fdstat_set_flags", &[1, 4]), 0);
    assert_eq!(program.call("fd_fdstat_get", &[1, 0]), 0);
    assert_eq!((program.bytes(0, 1), program.u16(2)), (vec![0], 4));
    assert_ne!(program.u64(8) & 1 << 6, 0, "the right to write");
    assert_eq!(program.call("fd_fdstat_set_flags", &[1, 0x100]), errno::INVAL);
    assert_eq!(program.call("fd_seek", &[1, 0, 0, 8]), errno::SPIPE);
    assert_eq!(program.call("fd_tell", &[0, 8]), errno::SPIPE);
    assert_eq!(program.call("fd_filestat_get", &[0, 0]), 0);
    assert_eq!(program.bytes(0, 64), vec![0; 64]);
    assert_eq!(program.call("fd_close", &[0]), 0);
    assert_eq!(program.call("fd_close", &[0]), errno::BADF);
}

#[test]
fn descriptors_can_be_renumbered() {
    let stdout = Sink::default();
    let builder =
        WasiContext::builder().stdout(stdout.clone()).preopen(tree("renumber"), "directory");
    let mut program = Program::new(builder);
    assert_eq!(program.call("fd_renumber", &[1, 2]), 0);
    program.write(0, b"moved");
    program.vectors(100, &[(0, 5)]);
    assert_eq!(program.call("fd_write", &[1, 100, 1, 8]), errno::BADF);
    assert_eq!(program.call("fd_write", &[2, 100, 1, 8]), 0);
    assert_eq!(program.call("fd_renumber", &[2, 77]), errno::BADF);
    program.context.flush().unwrap();
    assert_eq!(stdout.text(), "moved");
}

#[test]
fn clocks_go_forward() {
    let mut program = Program::new(WasiContext::builder());
    assert_eq!(program.call("clock_res_get", &[1, 0]), 0);
    assert_eq!(program.u64(0), 1);
    assert_eq!(program.call("clock_time_get", &[0, 0, 0]), 0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    assert!(program.u64(0).abs_diff(now) < 10_000_000_000);
    for clock in 1..=3 {
        assert_eq!(program.call("clock_time_get", &[clock, 0, 0]), 0);
        let first = program.u64(0);
        assert_eq!(program.call("clock_time_get", &[clock, 0, 0]), 0);
        assert!(program.u64(0) >= first);
    }
    assert_eq!(program.call("clock_time_get", &[4, 0, 0]), errno::INVAL);
    assert_eq!(program.call("clock_res_get", &[4, 0]), errno::INVAL);
    assert_eq!(program.call("sched_yield", &[]), 0);
}

/// A subscription to a clock, at `address`.
fn subscribe(program: &mut Program, address: u64, userdata: u64, nanoseconds: u64) {
    program.write(address, &[0; 48]);
    program.write(address, &userdata.to_le_bytes());
    program.write(address + 16, &1_u32.to_le_bytes());
    program.write(address + 24, &nanoseconds.to_le_bytes());
}

#[test]
fn waiting_takes_as_long_as_the_first_clock() {
    let mut program = Program::new(WasiContext::builder());
    subscribe(&mut program, 0, 11, 3_600_000_000_000);
    subscribe(&mut program, 48, 22, 20_000_000);
    let start = Instant::now();
    assert_eq!(program.call("poll_oneoff", &[0, 1000, 2, 2000]), 0);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!((program.u32(2000), program.u64(1000)), (1, 22));
    assert_eq!((program.u16(1008), program.bytes(1010, 1)), (0, vec![0]));
}

#[test]
fn streams_are_ready_and_clocks_that_are_none_say_so() {
    let mut program = Program::new(WasiContext::builder());
    subscribe(&mut program, 0, 1, 3_600_000_000_000);
    program.write(48, &[0; 96]);
    program.write(48, &2_u64.to_le_bytes());
    program.write(56, &[1]);
    subscribe(&mut program, 96, 3, 0);
    program.write(112, &9_u32.to_le_bytes());
    assert_eq!(program.call("poll_oneoff", &[0, 1000, 3, 2000]), 0);
    assert_eq!(program.u32(2000), 2);
    assert_eq!((program.u64(1000), program.u16(1008), program.bytes(1010, 1)), (2, 0, vec![1]));
    assert_eq!((program.u64(1032), i32::from(program.u16(1040))), (3, errno::INVAL));
    assert_eq!(program.call("poll_oneoff", &[0, 1000, 0, 2000]), errno::INVAL);
}

#[test]
fn random_bytes_fill_the_range_and_no_more() {
    let mut program = Program::new(WasiContext::builder());
    assert_eq!(program.call("random_get", &[16, 64]), 0);
    assert_ne!(program.bytes(16, 64), vec![0; 64]);
    assert_eq!((program.bytes(0, 16), program.bytes(80, 16)), (vec![0; 16], vec![0; 16]));
    assert_eq!(program.call("random_get", &[65536, 0]), 0);
}
