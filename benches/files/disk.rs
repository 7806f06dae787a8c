//! Content on disk: written durably, and read at places that nobody foresaw.

use super::bare::{Bare, CHUNK, PREFIX, TAG};
use super::memory::chart;
use crate::common::measure::side_by_side;
use ampoule::store::DirectoryBlobs;
use ampoule::{Chart, EntryId, FileInfo, Suite};
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;

const LEN: usize = 256 << 20;
/// Length of the file that is read: 1 GiB.
const LARGE: usize = 1 << 30;
const RANGE: usize = 64 << 10;

pub(crate) fn writing(folder: &Path) {
    let (from, to, blobs) = (folder.join("from"), folder.join("to"), folder.join("blobs"));
    fs::write(&from, vec![5; LEN]).unwrap();
    let copy = || {
        let copied = Command::new("cp").arg("--reflink=never").args([&from, &to]).status().unwrap();
        assert!(copied.success());
        File::open(&to).unwrap().sync_all().unwrap();
        fs::remove_file(&to).unwrap();
    };
    for (name, threads) in [("file_disk", 2), ("file_disk_1t", 1)] {
        let chart = chart(Suite::Aes256Gcm, threads, DirectoryBlobs::new(&blobs));
        let put = || {
            chart.put_file(&FileInfo::new("application/dicom"), File::open(&from).unwrap()).unwrap();
            fs::remove_dir_all(&blobs).unwrap();
        };
        side_by_side(9, 1, put, copy).print(name, "cp --reflink=never and fsync");
    }
}

pub(crate) fn reading(folder: &Path) {
    let chart = chart(Suite::Aes256Gcm, 1, DirectoryBlobs::new(folder.join("blobs")));
    let large = put(&chart, LARGE);
    let small = put(&chart, 1 << 20);
    let bare = Bare::aes();
    let plain = folder.join("plain");
    fs::write(&plain, bare.sealed(&vec![5; LARGE])).unwrap();
    let plain = File::open(plain).unwrap();
    let mut reader = chart.file(&large).unwrap();
    // Both walk over the file in one scattered order.
    let scattered = |step: usize| step * 736_338_717 % (LARGE - RANGE);
    let (mut mine, mut theirs) = (0, 0);
    let (mut out, mut sealed, mut chunk) = (vec![0; RANGE], vec![0; 6 * (CHUNK + TAG)], [0; CHUNK]);
    side_by_side(
        201,
        16,
        || {
            mine += 1;
            assert_eq!(reader.read_at(scattered(mine) as u64, &mut out).unwrap(), RANGE);
            black_box(&out);
        },
        || {
            theirs += 1;
            let (first, end) = (scattered(theirs) / CHUNK, (scattered(theirs) + RANGE).div_ceil(CHUNK));
            let sealed = &mut sealed[..(end - first) * (CHUNK + TAG)];
            plain.read_exact_at(sealed, (PREFIX + first * (CHUNK + TAG)) as u64).unwrap();
            bare.open(first, sealed, &mut chunk);
        },
    )
    .print("range_read_64k", "pread, cipher and keyed BLAKE3 of the chunks that the range touches");
    let first = |id: &EntryId| {
        let mut out = [0];
        assert_eq!(chart.file(id).unwrap().read_at(0, &mut out).unwrap(), 1);
        black_box(out);
    };
    side_by_side(101, 16, || first(&large), || first(&small)).print("first_byte_1g", "the same of a file of 1 MiB");
}

fn put(chart: &Chart, len: usize) -> EntryId {
    chart.put_file(&FileInfo::new("application/dicom"), &vec![5; len][..]).unwrap()
}
