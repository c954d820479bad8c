//! Files that are there whole or not at all.

use std::io::Write;
use std::path::Path;

/// Writes beside the file and then renames, so that what was there is replaced by the whole or not at all.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), thinktwice::Error> {
    let error = |cause| thinktwice::Error::Write { path: path.to_owned(), cause };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // A temporary file is its owner's alone; this one becomes an ordinary file, for whom the umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(error)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(error)?;
    file.persist(path).map_err(|failed| error(failed.error))?;
    Ok(())
}
