//! Files that are there whole or not at all.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::NamedTempFile;

use crate::error::Error;

/// A file that is written beside its place and put there once it is complete. Dropped before [`WholeFile::commit`], it leaves what was
/// there before, and nothing else.
///
/// A new file has the mode that the umask gives; one that replaces another keeps that one's. A link is followed, and a device or a pipe,
/// which nothing could replace, is written straight through.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    file: Kind,
}

#[derive(Debug)]
enum Kind {
    Temporary(Unfinished),
    Special(File),
}

/// The files of this process that stand beside their places: nothing is dropped when a signal ends it.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The exit code of a program that was stopped from the keyboard, by the shells' convention.
#[cfg(feature = "cli")]
const STOPPED: i32 = 130;

/// From now on, where the user or the system stops the program, what is half written goes before the program does. Where the signals are ignored
/// (`nohup`), they stay so.
#[cfg(feature = "cli")]
pub fn remove_unfinished_when_stopped() {
    let stop = || {
        // Held until the end, so that nothing new begins.
        let unfinished = unfinished();
        for path in unfinished.iter() {
            // What cannot be removed is left: there is nobody to hand the error to.
            drop(std::fs::remove_file(path));
        }
        std::process::exit(STOPPED);
    };
    drop(ctrlc::try_set_handler(stop));
}

/// A temporary file that is known to be one.
#[derive(Debug)]
struct Unfinished(Option<NamedTempFile>);

impl Unfinished {
    fn create(builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<Self> {
        let mut unfinished = unfinished();
        let file = builder.tempfile_in(folder)?;
        unfinished.insert(file.path().to_owned());
        Ok(Self(Some(file)))
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.0.as_mut().map(NamedTempFile::as_file_mut).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn persist(mut self, path: &Path) -> io::Result<()> {
        self.file()?.sync_all()?;
        let Some(file) = self.0.take() else { return Ok(()) };
        let mut unfinished = unfinished();
        unfinished.remove(file.path());
        file.persist(path).map(drop).map_err(|failed| failed.error)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(file) = self.0.take() {
            let mut unfinished = unfinished();
            unfinished.remove(file.path());
            drop(file);
        }
    }
}

impl WholeFile {
    /// Begins a file that will stand at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where the folder cannot be written to, or `path` is a folder.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let error = |cause| Error::Write { path: path.to_owned(), cause };
        let there = std::fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = File::options().write(true).open(path).map_err(error)?;
            return Ok(Self { path: path.to_owned(), file: Kind::Special(file) });
        }
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // A temporary file is its owner's alone; this one becomes an ordinary file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = Unfinished::create(&builder, folder).map_err(error)?;
        if let Some(there) = there {
            file.file().and_then(|file| file.set_permissions(there.permissions())).map_err(error)?;
        }
        Ok(Self { path, file: Kind::Temporary(file) })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Write`] where it cannot be completed; what was there before then stays.
    pub fn commit(self) -> Result<(), Error> {
        let path = self.path;
        match self.file {
            Kind::Temporary(file) => file.persist(&path),
            Kind::Special(mut file) => file.flush(),
        }
        .map_err(|cause| Error::Write { path, cause })
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Kind::Temporary(file) => file.file()?.write(bytes),
            Kind::Special(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a file whole or not at all.
///
/// # Errors
///
/// As [`WholeFile::create`] and [`WholeFile::commit`].
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).map_err(|cause| Error::Write { path: path.to_owned(), cause })?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_file_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        write(&path, b"old").expect("written");
        let mut file = WholeFile::create(&path).expect("begun");
        file.write_all(b"half").expect("written");
        let half = || unfinished().iter().filter(|half| half.starts_with(folder.path())).count();
        assert_eq!((half(), std::fs::read_dir(folder.path()).expect("the folder").count()), (1, 2));
        drop(file);
        assert_eq!(half(), 0);
        assert_eq!(std::fs::read(&path).expect("there"), b"old");
        write(&path, b"new").expect("written");
        assert_eq!(std::fs::read(&path).expect("there"), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing else is left");
        assert!(WholeFile::create(folder.path()).expect_err("a folder").to_string().contains("cannot write"));
    }

    #[cfg(unix)]
    #[test]
    fn modes_links_and_devices_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let [path, link, plain] = ["out", "link", "plain"].map(|name| folder.path().join(name));
        write(&path, b"old").expect("written");
        File::create(&plain).expect("created");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&plain), "as any new file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
        std::os::unix::fs::symlink(&path, &link).expect("linked");
        write(&link, b"new").expect("written");
        assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!((std::fs::read(&path).expect("there"), mode(&path)), (b"new".to_vec(), 0o600));
        write(Path::new("/dev/null"), b"gone").expect("written");
        assert!(!std::fs::metadata("/dev/null").expect("there").is_file());
    }
}
