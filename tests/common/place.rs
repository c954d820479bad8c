//! A folder of its own for every test, and programs that are stopped in it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use tempfile::TempDir;

/// A folder to run in.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.path(name), content).expect("written");
        self
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.write(name, content).path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("written, as text")
    }

    /// The names of what is in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }

    /// Whether there is anything in a file that is none of `known`.
    pub(crate) fn has_half_file(&self, known: &[String]) -> bool {
        let new = self.files().into_iter().filter(|name| !known.contains(name));
        // It may be gone by now.
        new.into_iter().any(|name| self.path(&name).metadata().is_ok_and(|file| file.len() > 0))
    }

    /// A program that runs in the folder and heeds signals. Whoever runs the tests in the background (nohup) may have told their children to ignore them;
    /// then the program leaves them ignored.
    pub(crate) fn stoppable(&self, program: &Path) -> Command {
        let mut command = super::command("env", self.folder());
        command.arg("--default-signal=INT,TERM,HUP").arg(program);
        command
    }

    /// Sends the program a signal (`-INT` is Ctrl-C) once the folder looks so, and returns its exit code.
    pub(crate) fn stop_when(&self, mut program: Child, signal: &str, is_time: impl Fn(&Self) -> bool) -> Option<i32> {
        while !is_time(self) {
            assert!(program.try_wait().expect("running").is_none(), "it ended by itself");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(Command::new("kill").args([signal, &program.id().to_string()]).status().expect("runs").success());
        program.wait().expect("ends").code()
    }
}
