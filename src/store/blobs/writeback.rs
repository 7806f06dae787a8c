//! Bringing a file to the disk while it is written.

use std::fs::File;
use std::io;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{Builder, JoinHandle};

/// After how many bytes the disk is asked for what it does not have yet. A shorter file is brought to it at the end.
const STEP: usize = 8 << 20;

/// Has what was written of a file brought to the disk from time to time, by a thread that waits for the disk, so that little is
/// left to wait for at the end.
#[derive(Default)]
pub(super) struct Writeback {
    /// Bytes written since it was asked last.
    written: usize,
    ask: Option<SyncSender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Writeback {
    /// Says that so many bytes were appended to the file, which is always the same.
    pub(super) fn wrote(&mut self, file: &File, bytes: usize) {
        self.written = self.written.saturating_add(bytes);
        if self.written < STEP {
            return;
        }
        self.written = 0;
        if self.thread.is_none()
            && let Ok(file) = file.try_clone()
        {
            let (ask, asked) = mpsc::sync_channel(1);
            let sync = move || asked.iter().try_for_each(|()| file.sync_data());
            // Where the system has no thread to give, all is brought to the disk at the end.
            self.thread = Builder::new().spawn(sync).ok();
            self.ask = Some(ask);
        }
        if let Some(ask) = &self.ask {
            // While it is busy and was asked again, what is written now comes with that.
            let _ = ask.try_send(());
        }
    }

    /// Waits for what was asked for. The system tells an error of the disk once: told here, it is not told at the end.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.ask = None;
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(done) => done.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())),
        }
    }
}

impl Drop for Writeback {
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    #[test]
    fn what_the_disk_says_meanwhile_is_told_at_the_end() {
        // A pipe is no file that can be brought to a disk.
        let (_reader, writer) = io::pipe().unwrap();
        let file = File::from(OwnedFd::from(writer));
        let mut writeback = Writeback::default();
        writeback.wrote(&file, STEP - 1);
        assert!(writeback.finish().is_ok(), "not asked yet");
        writeback.wrote(&file, 1);
        assert!(writeback.finish().is_err());
        let file = tempfile::tempfile().unwrap();
        for _ in 0..5 {
            writeback.wrote(&file, STEP);
        }
        assert!(writeback.finish().is_ok());
    }
}
