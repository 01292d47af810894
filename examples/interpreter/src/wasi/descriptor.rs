//! Descriptors of a program, by number.

use std::fs::{File, Metadata};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::errno::Errno;

/// An open object and its flags.
pub(super) struct Descriptor {
    pub(super) object: Object,
    pub(super) flags: u16,
}

/// Kinds of open objects.
pub(super) enum Object {
    Input(Input),
    Output(Output),
    File(OpenFile),
    Directory(OpenDirectory),
}

/// Standard input, or its replacement by the host.
pub(super) struct Input {
    pub(super) reader: BufReader<Box<dyn Read>>,
    pub(super) terminal: bool,
}

/// Standard output or standard error.
pub(super) struct Output {
    pub(super) writer: BufWriter<Box<dyn Write>>,
    /// Whether it is a terminal, where output must not be delayed.
    pub(super) terminal: bool,
}

/// A file, open for reading.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

/// A directory, with the paths below it.
pub(super) struct OpenDirectory {
    /// Its path on the host, free of symbolic links.
    pub(super) path: PathBuf,
    /// Its name for the program, if it was preopened.
    pub(super) preopened_as: Option<String>,
    /// Its entries, read when the program began to list them.
    pub(super) entries: Vec<Entry>,
}

/// One entry of a directory.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: FileKind,
    pub(super) inode: u64,
}

/// The kinds of files of preview 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum FileKind {
    Unknown = 0,
    CharacterDevice = 2,
    Directory = 3,
    Regular = 4,
    SymbolicLink = 7,
}

impl FileKind {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        if kind.is_file() {
            Self::Regular
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::SymbolicLink
        } else {
            Self::Unknown
        }
    }
}

impl Object {
    pub(super) fn kind(&self) -> FileKind {
        match self {
            Self::Input(Input { terminal: true, .. })
            | Self::Output(Output { terminal: true, .. }) => FileKind::CharacterDevice,
            Self::Input(_) | Self::Output(_) => FileKind::Unknown,
            Self::File(_) => FileKind::Regular,
            Self::Directory(_) => FileKind::Directory,
        }
    }
}

impl OpenDirectory {
    pub(super) fn new(path: PathBuf, preopened_as: Option<String>) -> Self {
        Self { path, preopened_as, entries: Vec::new() }
    }
}

/// A number that is equal for equal paths. Not every host numbers its files, and programs only
/// compare these numbers.
pub(super) fn inode(path: &Path) -> u64 {
    // FNV-1a.
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, hash)
}

/// All open descriptors.
pub(super) struct Descriptors {
    open: Vec<Option<Descriptor>>,
}

/// The most open descriptors: more than well-behaved programs need, and few enough for the host.
const MAX_OPEN: usize = 1000;

impl Descriptors {
    /// Descriptors that are open from the start, numbered from 0.
    pub(super) fn new(objects: Vec<Object>) -> Self {
        let open = objects.into_iter().map(|object| Some(Descriptor { object, flags: 0 }));
        Self { open: open.collect() }
    }

    /// Adds an object under the lowest free number.
    pub(super) fn insert(&mut self, object: Object) -> Result<u32, Errno> {
        let free = self.open.iter().position(Option::is_none).unwrap_or(self.open.len());
        if free >= MAX_OPEN {
            return Err(Errno::TooManyFiles);
        }
        if free == self.open.len() {
            self.open.push(None);
        }
        if let Some(place) = self.open.get_mut(free) {
            *place = Some(Descriptor { object, flags: 0 });
        }
        Ok(free as u32)
    }

    pub(super) fn get(&self, number: u32) -> Result<&Descriptor, Errno> {
        self.open.get(number as usize).and_then(Option::as_ref).ok_or(Errno::BadDescriptor)
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Result<&mut Descriptor, Errno> {
        self.open.get_mut(number as usize).and_then(Option::as_mut).ok_or(Errno::BadDescriptor)
    }

    /// Removes a descriptor and frees its number.
    pub(super) fn remove(&mut self, number: u32) -> Result<Descriptor, Errno> {
        self.open.get_mut(number as usize).and_then(Option::take).ok_or(Errno::BadDescriptor)
    }

    /// Gives an open descriptor the number of another open one, which is closed.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let moved = self.remove(from)?;
        if let Some(place) = self.open.get_mut(to as usize) {
            *place = Some(moved);
        }
        Ok(())
    }

    pub(super) fn directory(&self, number: u32) -> Result<&OpenDirectory, Errno> {
        match &self.get(number)?.object {
            Object::Directory(directory) => Ok(directory),
            _ => Err(Errno::NotDirectory),
        }
    }

    pub(super) fn directory_mut(&mut self, number: u32) -> Result<&mut OpenDirectory, Errno> {
        match &mut self.get_mut(number)?.object {
            Object::Directory(directory) => Ok(directory),
            _ => Err(Errno::NotDirectory),
        }
    }

    /// An open file, for operations that streams and directories lack.
    pub(super) fn file(&mut self, number: u32) -> Result<&mut OpenFile, Errno> {
        match &mut self.get_mut(number)?.object {
            Object::File(file) => Ok(file),
            Object::Directory(_) => Err(Errno::IsDirectory),
            _ => Err(Errno::NotSeekable),
        }
    }

    /// Writes buffered output.
    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        let mut result = Ok(());
        for descriptor in self.open.iter_mut().flatten() {
            if let Object::Output(output) = &mut descriptor.object {
                result = result.and(output.writer.flush());
            }
        }
        result
    }
}
