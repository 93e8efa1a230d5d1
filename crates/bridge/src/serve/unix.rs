//! A Unix socket that is there only as long as somebody listens.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// A socket in the file system; its file goes with it.
pub(super) struct Socket {
    pub path: PathBuf,
    pub listener: UnixListener,
    /// Which file is ours: another program may have put its own in its place since.
    inode: u64,
}

impl Socket {
    /// Listens at `path` with the permissions `mode`. The file of a program that is gone is replaced; one that
    /// somebody listens on, or that is no socket, is left alone.
    pub async fn bind(path: &Path, mode: u32) -> io::Result<Socket> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                let message = "there is a file at the path that is no socket";
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
            }
            Ok(_) if UnixStream::connect(path).await.is_ok() => {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            _ => {}
        }
        // Under another name until its permissions are right; renaming replaces what is left of the last one.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let made = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let _ = fs::remove_file(&made);
        let listener = UnixListener::bind(&made)?;
        let placed = fs::set_permissions(&made, Permissions::from_mode(mode))
            .and_then(|()| fs::symlink_metadata(&made))
            .and_then(|there| fs::rename(&made, path).map(|()| there.ino()));
        match placed {
            Ok(inode) => Ok(Socket { path: path.to_owned(), listener, inode }),
            Err(error) => {
                let _ = fs::remove_file(&made);
                Err(error)
            }
        }
    }

    /// Takes its file away: nobody can connect any more.
    pub fn unlink(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|there| there.ino() == self.inode) {
            // Nobody is left to be told.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Closes, and gives the connections that the system accepted and nobody has taken yet.
    pub fn close(self) -> Vec<UnixStream> {
        // Asked of the system itself: tokio's listeners know only of what they were woken for.
        let copy = self.listener.as_fd().try_clone_to_owned();
        let Ok(listener) = copy.map(std::os::unix::net::UnixListener::from) else {
            return Vec::new();
        };
        let streams = std::iter::from_fn(|| listener.accept().ok()).filter_map(|(stream, _)| {
            stream.set_nonblocking(true).ok()?;
            UnixStream::from_std(stream).ok()
        });
        streams.collect()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.unlink();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_replaces_what_is_left_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let first = Socket::bind(&path, 0o640).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let taken = Socket::bind(&path, 0o600).await.err().map(|error| error.kind());
        assert_eq!(taken, Some(io::ErrorKind::AddrInUse));

        // As a program leaves it that was killed.
        let Socket { listener, .. } = &first;
        let stale = folder.path().join("b.sock");
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        assert!(stale.exists() && listener.local_addr().is_ok());
        let second = Socket::bind(&stale, 0o600).await.unwrap();
        UnixStream::connect(&stale).await.unwrap();

        // Somebody else's in its place stays.
        fs::remove_file(&stale).unwrap();
        fs::write(&stale, "mine").unwrap();
        drop(second);
        assert_eq!(fs::read_to_string(&stale).unwrap(), "mine");
        let kind = Socket::bind(&stale, 0o600).await.err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::AlreadyExists));
        drop(first);
        assert!(!path.exists(), "it goes with who listened");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
