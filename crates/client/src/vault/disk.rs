//! Private files: directory 0700, files 0600, links never followed, replaced in one step and flushed to disk before that.
//! What is killed between any two steps leaves the old content or the new one, never half of either.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

/// What a killed process left behind is removed when it is this much older than a new file.
const STALE: Duration = Duration::from_secs(60);

/// The steps of a replacement, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Create,
    Write,
    Flush,
    Rename,
    FlushDirectory,
    Sweep,
}

/// Why a private file is not read.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// Others can read it too.
    Exposed,
    Io(io::Error),
    /// It is no file, or no text.
    NotText,
}

/// The text of a file, if there is one. `most` is far more than an honest one has.
pub(super) fn read(path: &Path, most: u64) -> Result<Option<Zeroizing<String>>, Unreadable> {
    let file = match private(OpenOptions::new().read(true)).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(Unreadable::Io)?,
    };
    let metadata = file.metadata().map_err(Unreadable::Io)?;
    if !metadata.is_file() {
        return Err(Unreadable::NotText);
    }
    if is_exposed(&metadata) {
        return Err(Unreadable::Exposed);
    }
    // Large enough from the start: a string that grows leaves copies of what it held.
    let room = usize::try_from(metadata.len().min(most)).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    match file.take(most).read_to_string(&mut text) {
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Unreadable::NotText),
        Err(error) => Err(Unreadable::Io(error)),
    }
}

/// Replaces a file, in a directory that is made where there is none.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_while(path, bytes, &mut |_| true)
}

/// The same, as far as `goes_on`: where it stops, the process might have been killed, and nothing is tidied up.
pub(super) fn replace_while(path: &Path, bytes: &[u8], goes_on: &mut dyn FnMut(Step) -> bool) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_directory(directory)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let new = temporary(directory, &stem);
    let killed = || io::Error::from(io::ErrorKind::Interrupted);
    let mut step = |step| if goes_on(step) { Ok(()) } else { Err(killed()) };
    let mut attempt = || {
        step(Step::Create)?;
        let mut file = create(&new)?;
        step(Step::Write)?;
        file.write_all(bytes)?;
        step(Step::Flush)?;
        file.sync_all()?;
        step(Step::Rename)?;
        fs::rename(&new, path)
    };
    if let Err(error) = attempt() {
        if error.kind() != io::ErrorKind::Interrupted {
            // The half-written copy holds secrets. That it may not exist is fine.
            drop(fs::remove_file(&new));
        }
        return Err(error);
    }
    step(Step::FlushDirectory)?;
    sync_directory(directory)?;
    step(Step::Sweep)?;
    sweep(path, &stem);
    Ok(())
}

/// Removes what processes that were killed left of this file.
fn sweep(path: &Path, stem: &str) {
    let modified = |path: &Path| fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    let (Some(directory), Ok(now)) = (path.parent(), modified(path)) else { return };
    let (start, end) = (format!(".{stem}."), ".tmp");
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&start) && name.ends_with(end));
        let age = modified(&entry.path()).ok().and_then(|then| now.duration_since(then).ok());
        if is_ours && age.is_some_and(|age| age > STALE) {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// A name no other save uses, in the same directory so that renaming is one step.
pub(super) fn temporary(directory: &Path, stem: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    directory.join(format!(".{stem}.{}.{count}.tmp", std::process::id()))
}

fn create(path: &Path) -> io::Result<File> {
    // Left behind by a process of the same number that was killed here.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
}

#[cfg(unix)]
fn is_exposed(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(unix)]
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

// Elsewhere the user's own directory is private already, and a directory cannot be flushed.

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn is_exposed(_: &fs::Metadata) -> bool {
    false
}

#[cfg(not(unix))]
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const STEPS: [Step; 6] = [Step::Create, Step::Write, Step::Flush, Step::Rename, Step::FlushDirectory, Step::Sweep];

    #[test]
    fn killed_between_any_two_steps_leaves_the_old_or_the_new_and_the_next_save_works() {
        for last in STEPS {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("d/s.json");
            replace(&path, b"old").unwrap();
            let killed = replace_while(&path, b"new", &mut |step| step != last);
            assert_eq!(killed.unwrap_err().kind(), io::ErrorKind::Interrupted);
            let found = read(&path, 100).unwrap().unwrap();
            let is_renamed = matches!(last, Step::FlushDirectory | Step::Sweep);
            assert_eq!(found.as_str(), if is_renamed { "new" } else { "old" }, "{last:?}");
            replace(&path, b"next").unwrap();
            assert_eq!(read(&path, 100).unwrap().unwrap().as_str(), "next", "{last:?}");
        }
    }

    #[test]
    fn what_the_killed_left_behind_is_private_and_goes_with_a_later_save() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s.json");
        drop(replace_while(&path, b"secret", &mut |step| step != Step::Rename));
        let left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [left] = left.as_slice() else { panic!("{left:?}") };
        assert_eq!(fs::metadata(left).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&path, b"a").unwrap();
        assert!(left.exists(), "another process may be writing it");
        let old = fs::metadata(&path).unwrap().modified().unwrap() - STALE * 2;
        File::options().write(true).open(left).unwrap().set_times(FileTimes::new().set_modified(old)).unwrap();
        replace(&path, b"b").unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn links_directories_and_exposed_files_are_not_read() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("s.json");
        assert!(read(&path, 10).unwrap().is_none());
        fs::create_dir(&path).unwrap();
        assert!(matches!(read(&path, 10), Err(Unreadable::NotText)));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, "x").unwrap();
        assert!(matches!(read(&path, 10), Err(Unreadable::Exposed)));
        fs::rename(&path, root.path().join("t")).unwrap();
        symlink(root.path().join("t"), &path).unwrap();
        assert!(matches!(read(&path, 10), Err(Unreadable::Io(_))));
    }
}
