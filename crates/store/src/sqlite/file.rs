//! The database file before SQLite sees it: where it may stand, and who may read it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::StoreError;

/// File systems over a network: their locks and shared memory do not do what a write-ahead log needs
/// (<https://www.sqlite.org/wal.html>).
const NETWORK: &[&str] = &[
    "afs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.sshfs",
    "gfs2",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// Makes sure that the file is there and private, and that it stands on a local file system.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    let folder = folder(path);
    match fs::metadata(&folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(unavailable(&folder, "is not a folder")),
        Err(error) => return Err(unavailable(&folder, &error.to_string())),
    }
    if let Some(kind) = network_file_system(&folder) {
        return Err(unavailable(path, &format!("stands on a network file system ({kind}); SQLite needs a local disk")));
    }
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => keep_private(path),
        Err(error) => Err(unavailable(path, &error.to_string())),
    }
}

/// Takes the right to read from everyone outside the owner's group, who may have it from a copy or an unpacked archive.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    let found = fs::metadata(path).map_err(|error| unavailable(path, &error.to_string()))?;
    if !found.is_file() {
        return Err(unavailable(path, "is not a file"));
    }
    let mode = found.permissions().mode();
    if mode & 0o007 != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode & 0o7770)).map_err(|error| {
            unavailable(path, &format!("can be read by everyone, and that cannot be changed: {error}"))
        })?;
    }
    Ok(())
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The kind of network file system a folder is on, as far as Linux tells; `None` elsewhere.
fn network_file_system(folder: &Path) -> Option<String> {
    let folder = fs::canonicalize(folder).ok()?;
    let kind = file_system(&fs::read_to_string("/proc/self/mountinfo").ok()?, &folder)?;
    NETWORK.contains(&&*kind).then_some(kind)
}

/// The file system type of the mount that holds `folder`: the longest mount point it starts with, the last of equals
/// (proc(5), `/proc/pid/mountinfo`).
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (place, rest) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?.replace("\\040", " ");
        let kind = rest.split(' ').next()?;
        if folder.starts_with(&point) && best.is_none_or(|(length, _)| length <= point.len()) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

fn unavailable(path: &Path, what: &str) -> StoreError {
    StoreError::Unavailable(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:5 / /srv rw shared:9 - nfs4 files:/srv rw
31 30 8:2 / /srv/local\\040disk rw - xfs /dev/sdb1 rw
32 21 0:6 / /mnt rw - ext4 /dev/sdc rw
33 32 0:7 / /mnt rw - fuse.sshfs host: rw";

    #[test]
    fn the_file_system_of_a_folder_is_that_of_its_nearest_mount() {
        for (folder, expected) in [
            ("/var/lib", "ext4"),
            ("/srv", "nfs4"),
            ("/srv/countersign", "nfs4"),
            ("/srv/local disk/db", "xfs"),
            ("/srvother", "ext4"),
            ("/mnt/x", "fuse.sshfs"),
        ] {
            assert_eq!(file_system(MOUNTS, Path::new(folder)).as_deref(), Some(expected), "{folder}");
        }
    }
}
