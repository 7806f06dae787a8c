//! The speed of files against that of age and libsodium: the same content, in the same pieces, on one thread, to nowhere.
//!
//! A figure says how many times as fast we are. `docs/BENCH.md` says what is measured against what.

#[path = "../../files/bare.rs"]
#[allow(dead_code)]
mod bare;
#[path = "../../common/measure.rs"]
#[allow(dead_code)]
mod measure;
mod ours;
#[cfg(feature = "libsodium")]
mod sodium;

use age::{Decryptor, Encryptor, x25519};
use bare::{Bare, CHUNK, PREFIX};
use measure::side_by_side;
use ours::Ours;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read as _, Write as _, sink};
use std::iter::once;
use std::process::{Command, Stdio};

const LEN: usize = 256 << 20;
const PIECE: usize = 64 << 10;
const SAMPLES: usize = 5;
/// Length of the file for programs, which have to start first: 1 GiB.
const FILE: usize = 1 << 30;

fn main() {
    let (content, mut ours) = (vec![5; LEN], Ours::new());
    ours.keep(&content);
    against_age(&content, &ours);
    #[cfg(feature = "libsodium")]
    against_libsodium(&content, &ours);
    #[cfg(not(feature = "libsodium"))]
    println!("  not measured: libsodium is not on this machine, or its header package is not");
    drop(content);
    against_programs(&ours);
}

fn against_age(content: &[u8], ours: &Ours) {
    let identity = x25519::Identity::generate();
    let recipient = identity.to_public();
    let seal = |out: &mut dyn std::io::Write| {
        let encryptor = Encryptor::with_recipients(once(&recipient as &dyn age::Recipient)).unwrap();
        let mut writer = encryptor.wrap_output(out).unwrap();
        content.chunks(PIECE).for_each(|piece| writer.write_all(piece).unwrap());
        writer.finish().unwrap();
    };
    let mut sealed = Vec::with_capacity(LEN + (LEN >> 10));
    seal(&mut sealed);
    side_by_side(SAMPLES, 1, || ours.seal(content), || seal(&mut sink()))
        .print_times_as_fast("vs_age", "the crate age 0.11, one recipient");
    let (bare, mut in_place) = (Bare::aes(), content.to_vec());
    side_by_side(SAMPLES, 1, || bare.seal(0, &mut in_place), || seal(&mut sink()))
        .print_times_as_fast("bare_vs_age", "the crate age 0.11, against the bare primitives of a file");
    drop(in_place);
    let open = || {
        let decryptor = Decryptor::new_buffered(&sealed[..]).unwrap();
        let mut reader = decryptor.decrypt(once(&identity as &dyn age::Identity)).unwrap();
        let mut piece = vec![0; PIECE];
        while reader.read(&mut piece).unwrap() > 0 {
            black_box(&piece);
        }
    };
    side_by_side(SAMPLES, 1, || ours.open(), open).print_times_as_fast("vs_age_open", "the crate age 0.11, opening");
    let bare_sealed = bare.sealed(content);
    let mut chunk = [0; CHUNK];
    side_by_side(SAMPLES, 1, || bare.open(0, &bare_sealed[PREFIX..], &mut chunk), open)
        .print_times_as_fast("bare_vs_age_open", "the crate age 0.11, opening, against the bare primitives of a file");
}

#[cfg(feature = "libsodium")]
fn against_libsodium(content: &[u8], ours: &Ours) {
    println!("  libsodium {}", sodium::version());
    let mut sealed = Vec::with_capacity(LEN + (LEN >> 10));
    sodium::seal(content, PIECE, |message| sealed.extend_from_slice(message));
    let seal = || sodium::seal(content, PIECE, |message| _ = black_box(message));
    side_by_side(SAMPLES, 1, || ours.seal(content), seal)
        .print_times_as_fast("vs_libsodium", "secretstream, messages of 64 KiB");
    let (bare, mut in_place) = (Bare::aes(), content.to_vec());
    side_by_side(SAMPLES, 1, || bare.seal(0, &mut in_place), seal)
        .print_times_as_fast("bare_vs_libsodium", "secretstream, against the bare primitives of a file");
    drop(in_place);
    let open = || sodium::open(&sealed, PIECE, |piece| _ = black_box(piece));
    side_by_side(SAMPLES, 1, || ours.open(), open).print_times_as_fast("vs_libsodium_open", "secretstream, opening");
}

/// Programs that seal a file, to nowhere.
fn against_programs(ours: &Ours) {
    let recipient = x25519::Identity::generate().to_public().to_string();
    let path = std::env::temp_dir().join(format!("ampoule-peers-{}", std::process::id()));
    fs::write(&path, vec![5; FILE]).unwrap();
    for program in ["age", "rage"] {
        let Ok(version) = Command::new(program).arg("--version").output() else {
            println!("  not measured: there is no program {program}");
            continue;
        };
        println!("  {program} {}", String::from_utf8_lossy(&version.stdout).trim());
        let theirs = || {
            let mut command = Command::new(program);
            let status = command.args(["-r", &recipient, "-o", "/dev/null"]).arg(&path).stdin(Stdio::null()).status();
            assert!(status.unwrap().success());
        };
        side_by_side(3, 1, || ours.seal_file(File::open(&path).unwrap()), theirs)
            .print_times_as_fast(&format!("vs_{program}_cli"), "the program, a file of 1 GiB to /dev/null");
    }
    fs::remove_file(&path).unwrap();
}
