//! Files and directories, of which a program sees those it was given and no others.

use std::fs;
use std::path::{Path, PathBuf};

use wrt_interpreter::wasi::WasiContext;

use crate::program::{Program, errno};

/// A folder of its own for a test: `root/file`, `root/sub/deep`, and `secret` outside of it.
pub(crate) fn tree(test: &str) -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wasi-{test}"));
    let _ = fs::remove_dir_all(&base);
    fs::create_dir_all(base.join("root/sub")).unwrap();
    fs::write(base.join("root/file"), "0123456789").unwrap();
    fs::write(base.join("root/sub/deep"), "deep").unwrap();
    fs::write(base.join("secret"), "secret").unwrap();
    base.join("root")
}

fn program(test: &str) -> Program {
    Program::new(WasiContext::builder().preopen(tree(test), "given"))
}

const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;
const CREATE: u64 = 1;
const DIRECTORY: u64 = 2;
const EXCLUSIVE: u64 = 4;
const TRUNCATE: u64 = 8;

/// Opens a path below a directory; the number, or the error number.
fn open(program: &mut Program, dir: u64, path: &str, flags: u64, rights: u64) -> Result<u64, i32> {
    program.write(5000, path.as_bytes());
    let args = [dir, 1, 5000, path.len() as u64, flags, rights, 0, 0, 4000];
    match program.call("path_open", &args) {
        0 => Ok(program.u32(4000).into()),
        errno => Err(errno),
    }
}

#[test]
fn preopened_directories_have_names() {
    let mut program = program("preopened");
    assert_eq!(program.call("fd_prestat_get", &[3, 0]), 0);
    assert_eq!((program.u32(0), program.u32(4)), (0, 5));
    assert_eq!(program.call("fd_prestat_dir_name", &[3, 100, 5]), 0);
    assert_eq!(program.bytes(100, 6), b"given\0");
    assert_eq!(program.call("fd_prestat_dir_name", &[3, 100, 4]), errno::NAMETOOLONG);
    assert_eq!(program.call("fd_prestat_get", &[4, 0]), errno::BADF);
    assert_eq!(program.call("fd_prestat_get", &[1, 0]), errno::BADF);
}

#[test]
fn files_are_read_from_where_one_wants() {
    let mut program = program("read");
    let file = open(&mut program, 3, "file", 0, READ).unwrap();
    program.vectors(100, &[(0, 3), (10, 4)]);
    assert_eq!(program.call("fd_read", &[file, 100, 2, 200]), 0);
    assert_eq!(
        (program.u32(200), program.bytes(0, 3), program.bytes(10, 4)),
        (7, b"012".to_vec(), b"3456".to_vec())
    );
    assert_eq!((program.call("fd_tell", &[file, 200]), program.u64(200)), (0, 7));
    let back = (-2_i64).cast_unsigned();
    assert_eq!((program.call("fd_seek", &[file, back, 2, 200]), program.u64(200)), (0, 8));
    assert_eq!((program.call("fd_seek", &[file, back, 1, 200]), program.u64(200)), (0, 6));
    assert_eq!(program.call("fd_seek", &[file, back, 0, 200]), errno::INVAL);
    assert_eq!(program.call("fd_seek", &[file, 0, 3, 200]), errno::INVAL);
    program.vectors(100, &[(0, 100)]);
    assert_eq!(program.call("fd_pread", &[file, 100, 1, 9, 200]), 0);
    assert_eq!((program.u32(200), program.bytes(0, 1)), (1, b"9".to_vec()));
    assert_eq!((program.call("fd_tell", &[file, 200]), program.u64(200)), (0, 6));
    assert_eq!(program.call("fd_write", &[file, 100, 1, 200]), errno::NOTCAPABLE);
    assert_eq!(program.call("fd_advise", &[file, 0, 0, 5]), 0);
    assert_eq!(program.call("fd_advise", &[file, 0, 0, 6]), errno::INVAL);
}

#[test]
fn attributes_tell_kind_and_size() {
    let mut program = program("attributes");
    let file = open(&mut program, 3, "sub/deep", 0, READ).unwrap();
    assert_eq!(program.call("fd_filestat_get", &[file, 0]), 0);
    assert_eq!((program.bytes(16, 1), program.u64(32)), (vec![4], 4));
    assert_ne!(program.u64(48), 0, "when it was written");
    let inode = program.u64(8);
    program.write(5000, b"./sub//../sub/deep");
    assert_eq!(program.call("path_filestat_get", &[3, 1, 5000, 18, 0]), 0);
    assert_eq!(program.u64(8), inode);
    program.write(5000, b"sub");
    assert_eq!(program.call("path_filestat_get", &[3, 1, 5000, 3, 0]), 0);
    assert_eq!(program.bytes(16, 1), [3]);
    assert_eq!(program.call("path_filestat_get", &[3, 1, 5000, 2, 0]), errno::NOENT);
    program.write(5000, b"\xff\xfe");
    assert_eq!(program.call("path_filestat_get", &[3, 1, 5000, 2, 0]), errno::ILSEQ);
}

#[test]
fn nothing_can_be_written() {
    let mut program = program("write");
    for (path, flags, rights, expected) in [
        ("file", 0, READ | WRITE, errno::ROFS),
        ("file", TRUNCATE, READ, errno::ROFS),
        ("file", CREATE | EXCLUSIVE, READ, errno::EXIST),
        ("new", CREATE, READ, errno::ROFS),
        ("new", CREATE, WRITE, errno::ROFS),
        ("new", 0, READ, errno::NOENT),
        ("sub", 0, WRITE, errno::ISDIR),
        ("file", DIRECTORY, READ, errno::NOTDIR),
        ("file/", 0, READ, errno::NOTDIR),
        ("", 0, READ, errno::NOENT),
    ] {
        assert_eq!(open(&mut program, 3, path, flags, rights), Err(expected), "{path} {flags}");
    }
    assert_eq!(open(&mut program, 3, "file", CREATE, READ), Ok(4));
    assert_eq!(open(&mut program, 4, "file", 0, READ), Err(errno::NOTDIR));
    assert_eq!(open(&mut program, 99, "file", 0, READ), Err(errno::BADF));
}

#[test]
fn nothing_outside_can_be_reached() {
    let mut program = program("outside");
    let secret = tree("outside-too").parent().unwrap().join("secret");
    for path in ["../secret", "sub/../../secret", "..", "/etc/passwd", secret.to_str().unwrap()] {
        assert_eq!(open(&mut program, 3, path, 0, READ), Err(errno::NOTCAPABLE), "{path}");
    }
    let sub = open(&mut program, 3, "sub", DIRECTORY, 0).unwrap();
    assert_eq!(open(&mut program, sub, "../file", 0, READ), Err(errno::NOTCAPABLE));
    assert!(open(&mut program, sub, "deep", 0, READ).is_ok());
}

#[cfg(unix)]
#[test]
fn no_link_leads_outside() {
    use std::os::unix::fs::symlink;
    let root = tree("links");
    symlink("../secret", root.join("up")).unwrap();
    symlink("/etc/passwd", root.join("away")).unwrap();
    symlink("sub/deep", root.join("inside")).unwrap();
    symlink("circle", root.join("circle")).unwrap();
    let mut program = Program::new(WasiContext::builder().preopen(&root, "given"));
    assert_eq!(open(&mut program, 3, "up", 0, READ), Err(errno::NOTCAPABLE));
    assert_eq!(open(&mut program, 3, "away", 0, READ), Err(errno::NOTCAPABLE));
    assert_eq!(open(&mut program, 3, "circle", 0, READ), Err(errno::LOOP));
    assert!(open(&mut program, 3, "inside", 0, READ).is_ok());
    program.write(5000, b"inside");
    assert_eq!(program.call("path_open", &[3, 0, 5000, 6, 0, READ, 0, 0, 0]), errno::LOOP);
    assert_eq!(program.call("path_readlink", &[3, 5000, 6, 100, 5, 200]), 0);
    assert_eq!((program.u32(200), program.bytes(100, 6)), (5, b"sub/d\0".to_vec()));
    program.write(5000, b"away");
    assert_eq!(program.call("path_readlink", &[3, 5000, 4, 100, 50, 200]), errno::NOTCAPABLE);
    program.write(5000, b"file");
    assert_eq!(program.call("path_readlink", &[3, 5000, 4, 100, 50, 200]), errno::INVAL);
    assert_eq!(program.call("path_filestat_get", &[3, 0, 5000, 4, 100]), 0);
}

/// The names a listing shows from a cookie on, and the cookie after the last.
fn listed(program: &mut Program, room: u64, cookie: u64) -> (Vec<String>, u64) {
    assert_eq!(program.call("fd_readdir", &[3, 1000, room, cookie, 0]), 0);
    let used = u64::from(program.u32(0));
    let (mut at, mut next, mut names) = (0, cookie, Vec::new());
    while at + 24 <= used {
        let len = u64::from(program.u32(1000 + at + 16));
        if at + 24 + len > used {
            break;
        }
        names.push(String::from_utf8(program.bytes(1000 + at + 24, len as usize)).unwrap());
        next = program.u64(1000 + at);
        at += 24 + len;
    }
    (names, next)
}

#[test]
fn directories_are_listed_in_order_and_in_pieces() {
    let mut program = program("list");
    let (all, end) = listed(&mut program, 4096, 0);
    assert_eq!(all, [".", "..", "file", "sub"]);
    assert_eq!(listed(&mut program, 4096, end), (Vec::new(), end));
    let (first, next) = listed(&mut program, 60, 0);
    assert_eq!((first, next), (vec![".".to_owned(), "..".to_owned()], 2));
    let (rest, _) = listed(&mut program, 4096, next);
    assert_eq!(rest, ["file", "sub"]);
    assert_eq!(program.call("fd_readdir", &[3, 1000, 64, u64::MAX, 0]), 0);
    assert_eq!(program.u32(0), 0);
    assert_eq!(program.call("fd_readdir", &[1, 1000, 64, 0, 0]), errno::NOTDIR);
}

#[test]
fn descriptors_run_out_and_are_used_again() {
    let mut program = program("many");
    let mut opened = Vec::new();
    let refused = loop {
        match open(&mut program, 3, "file", 0, READ) {
            Ok(number) => opened.push(number),
            Err(errno) => break errno,
        }
    };
    assert_eq!((refused, opened.len()), (errno::MFILE, 996));
    assert_eq!(program.call("fd_close", &[opened[5]]), 0);
    assert_eq!(open(&mut program, 3, "file", 0, READ), Ok(opened[5]));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let path = tree("absent").join("nowhere");
    let error = WasiContext::builder().preopen(&path, "x").build().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot open directory {}: ", path.display())), "{text}");
}
