//! Resolution of a program's paths to host paths.
//!
//! A path is walked name by name from the directory it is relative to. `..` above that directory,
//! an absolute path and a symbolic link that leads to either are refused. The walk checks the
//! host's directory before the file is opened, so a concurrent rename there can mislead it: preopen
//! only directories whose writers are trusted.

use std::collections::VecDeque;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::errno::Errno;

/// The most symbolic links to follow, as on other hosts.
const MAX_LINKS: usize = 40;

/// Target of a path.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// `None` if there is no such file in an existing directory.
    pub(super) metadata: Option<Metadata>,
}

/// Resolves `path` below `root`. A symbolic link at the end is followed if `follow` is set.
pub(super) fn resolve(root: &Path, path: &str, follow: bool) -> Result<Place, Errno> {
    let mut walk = Walk { current: root.to_owned(), depth: 0, rest: VecDeque::new(), links: 0 };
    walk.push(path)?;
    let must_be_directory = path.ends_with('/') || path.ends_with("/.");
    let place = walk.finish(follow || must_be_directory)?;
    match &place.metadata {
        Some(metadata) if must_be_directory && !metadata.is_dir() => Err(Errno::NotDirectory),
        _ => Ok(place),
    }
}

struct Walk {
    /// Free of symbolic links, so that `..` is its parent.
    current: PathBuf,
    /// Depth of `current` below the root.
    depth: usize,
    rest: VecDeque<String>,
    links: usize,
}

impl Walk {
    /// Prepends the names of a relative path to the rest of the walk.
    fn push(&mut self, path: &str) -> Result<(), Errno> {
        if path.is_empty() {
            return Err(Errno::NoEntry);
        }
        if path.starts_with('/') {
            return Err(Errno::NotCapable);
        }
        for name in path.rsplit('/').filter(|name| !matches!(*name, "" | ".")) {
            self.rest.push_front(name.to_owned());
        }
        Ok(())
    }

    fn finish(mut self, follow: bool) -> Result<Place, Errno> {
        while let Some(name) = self.rest.pop_front() {
            if name == ".." {
                self.up()?;
                continue;
            }
            let next = self.current.join(plain(&name)?);
            let last = self.rest.is_empty();
            match fs::symlink_metadata(&next) {
                Ok(metadata) if metadata.is_symlink() && (follow || !last) => self.follow(&next)?,
                Ok(metadata) if last => return Ok(Place { path: next, metadata: Some(metadata) }),
                Ok(metadata) if metadata.is_dir() => {
                    self.current = next;
                    self.depth += 1;
                }
                Ok(_) => return Err(Errno::NotDirectory),
                Err(error) if error.kind() == io::ErrorKind::NotFound && last => {
                    return Ok(Place { path: next, metadata: None });
                }
                Err(error) => return Err(error.into()),
            }
        }
        let metadata = fs::symlink_metadata(&self.current)?;
        Ok(Place { path: self.current, metadata: Some(metadata) })
    }

    fn up(&mut self) -> Result<(), Errno> {
        self.depth = self.depth.checked_sub(1).ok_or(Errno::NotCapable)?;
        self.current.pop();
        Ok(())
    }

    fn follow(&mut self, link: &Path) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::Loop);
        }
        let target = fs::read_link(link)?;
        self.push(target.to_str().ok_or(Errno::IllegalSequence)?)
    }
}

/// The name, if it is a plain name on the host: other hosts than Unix treat `C:` and `a\b` as
/// paths.
fn plain(name: &str) -> Result<&Path, Errno> {
    let path = Path::new(name);
    let mut components = path.components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(path),
        _ => Err(Errno::NotCapable),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Errno, resolve};

    fn tree(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("wrt-sandbox-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("in/deep")).unwrap();
        fs::write(root.join("secret"), "s").unwrap();
        fs::write(root.join("in/file"), "f").unwrap();
        fs::canonicalize(root.join("in")).unwrap()
    }

    fn outcome(root: &std::path::Path, path: &str) -> Result<(PathBuf, bool), Errno> {
        let place = resolve(root, path, true)?;
        let relative = place.path.strip_prefix(root).unwrap().to_owned();
        Ok((relative, place.metadata.is_some()))
    }

    #[test]
    fn paths_inside_are_found() {
        let root = tree("inside");
        assert_eq!(outcome(&root, "file"), Ok(("file".into(), true)));
        assert_eq!(outcome(&root, "./deep/../file"), Ok(("file".into(), true)));
        assert_eq!(outcome(&root, "deep//"), Ok(("deep".into(), true)));
        assert_eq!(outcome(&root, "."), Ok(("".into(), true)));
        assert_eq!(outcome(&root, "deep/new"), Ok(("deep/new".into(), false)));
    }

    #[test]
    fn paths_that_are_not_there_say_why() {
        let root = tree("missing");
        assert_eq!(outcome(&root, ""), Err(Errno::NoEntry));
        assert_eq!(outcome(&root, "no/file"), Err(Errno::NoEntry));
        assert_eq!(outcome(&root, "file/x"), Err(Errno::NotDirectory));
        assert_eq!(outcome(&root, "file/"), Err(Errno::NotDirectory));
    }

    #[test]
    fn no_path_leads_out() {
        let root = tree("outside");
        let secret = root.parent().unwrap().join("secret");
        for path in ["..", "../secret", "deep/../../secret", "/etc", secret.to_str().unwrap()] {
            assert_eq!(outcome(&root, path), Err(Errno::NotCapable), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        use std::os::unix::fs::symlink;
        let root = tree("links");
        symlink("../secret", root.join("up")).unwrap();
        symlink("/etc", root.join("absolute")).unwrap();
        symlink("deep/../file", root.join("fine")).unwrap();
        symlink("round", root.join("round")).unwrap();
        symlink("../..", root.join("deep/twice")).unwrap();
        assert_eq!(outcome(&root, "up"), Err(Errno::NotCapable));
        assert_eq!(outcome(&root, "absolute/passwd"), Err(Errno::NotCapable));
        assert_eq!(outcome(&root, "deep/twice/secret"), Err(Errno::NotCapable));
        assert_eq!(outcome(&root, "fine"), Ok(("file".into(), true)));
        assert_eq!(outcome(&root, "round"), Err(Errno::Loop));
        let link = resolve(&root, "up", false).unwrap();
        assert!(link.metadata.unwrap().is_symlink());
    }
}
