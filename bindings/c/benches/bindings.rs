//! What the C door costs: the same work through it and without it, side by side.
//!
//! The exports are called as C calls them, from the same program, so that nothing but the door differs.

#![allow(missing_docs, reason = "a benchmark has no users")]
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "as above"
)]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the pointers are to values of this function")]

#[allow(dead_code, unreachable_pub, reason = "shared with the benchmarks of the core")]
#[path = "../../../benches/common/measure.rs"]
mod measure;

use ampoule::{Chart, FileInfo, Record, Recovery, SqliteStore, Unlock, Vault};
use ampoule_c::chart::{ampoule_chart, ampoule_chart_get, ampoule_chart_get_id, ampoule_chart_put};
use ampoule_c::entry::{ampoule_entry, ampoule_entry_content};
use ampoule_c::file::{
    ampoule_chart_create_file, ampoule_chart_file, ampoule_chart_put_path, ampoule_file, ampoule_file_export,
    ampoule_file_read_at, ampoule_file_writer, ampoule_file_writer_finish, ampoule_file_writer_update,
};
use ampoule_c::record::{ampoule_record, ampoule_record_new};
use ampoule_c::status::ampoule_status;
use ampoule_c::store::{ampoule_store, ampoule_store_memory, ampoule_store_sqlite};
use ampoule_c::unlock::{ampoule_unlock, ampoule_unlock_add_device_key, ampoule_unlock_new};
use ampoule_c::vault::{ampoule_recovery, ampoule_vault, ampoule_vault_create, ampoule_vault_create_chart};
use ampoule_c::{buffer::ampoule_close, ids::ampoule_chart_id, ids::ampoule_entry_id};
use measure::{figure, in_turns, timed};
use std::fs;
use std::path::Path;
use std::ptr::{null, null_mut};

fn ok(status: ampoule_status) {
    assert_eq!(status, ampoule_status::Ok);
}

fn chart_in_rust(vault: &Vault) -> Chart {
    vault.create_chart().unwrap()
}

fn chart_in_c(store: *mut ampoule_store) -> *mut ampoule_chart {
    let (mut way, mut vault, mut chart) = (null_mut::<ampoule_unlock>(), null_mut::<ampoule_vault>(), null_mut());
    let none = ampoule_recovery::NoneDataWillBeLost as u32;
    unsafe {
        ok(ampoule_unlock_new(&raw mut way));
        ok(ampoule_unlock_add_device_key(way, [1_u8; 32].as_ptr(), 32));
        ok(ampoule_vault_create(store, null(), c"Clinic".as_ptr(), 6, way, none, null(), &raw mut vault, null_mut()));
        ok(ampoule_vault_create_chart(vault, &raw mut chart));
    }
    chart
}

/// Puts and gets records of 2 kB, in memory: a disk would hide what the door costs.
fn record_2k() {
    const RECORDS: usize = 200;
    let content = [b'x'; 2000];
    let (way, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let pair = in_turns(
        31,
        || {
            let mut store = null_mut();
            ok(unsafe { ampoule_store_memory(&raw mut store) });
            let chart = chart_in_c(store);
            timed(RECORDS, || unsafe {
                let (mut record, mut entry) = (null_mut::<ampoule_record>(), null_mut::<ampoule_entry>());
                let (mut id, mut data, mut len) = (ampoule_entry_id { bytes: [0; 16] }, null(), 0);
                ok(ampoule_record_new(c"text/plain".as_ptr(), 10, content.as_ptr(), content.len(), &raw mut record));
                ok(ampoule_chart_put(chart, record, &raw mut id));
                ok(ampoule_chart_get(chart, &raw const id, &raw mut entry));
                ok(ampoule_entry_content(entry, &raw mut data, &raw mut len));
                assert_eq!(len, content.len());
                ok(ampoule_close(entry.cast()));
                ok(ampoule_close(record.cast()));
            })
        },
        || {
            let (vault, _) = Vault::create(ampoule::MemoryStore::new(), "Clinic", &way, &none).unwrap();
            let chart = chart_in_rust(&vault);
            timed(RECORDS, || {
                let id = chart.put(&Record::opaque("text/plain", content)).unwrap();
                assert_eq!(chart.get(&id).unwrap().content().len(), content.len());
            })
        },
    );
    pair.print("c_record_2k", "Rust");
}

/// Pushes a file in pieces of 256 KiB, and reads it in such pieces.
fn file_256m_chunks(folder: &Path) {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 1024;
    let (way, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let database = folder.join("vault.db");
    let fresh = || {
        fs::remove_dir_all(folder).unwrap();
        fs::create_dir(folder).unwrap();
    };
    let pair = in_turns(
        5,
        || {
            fresh();
            let text = database.to_str().unwrap();
            let (mut store, mut info) = (null_mut(), null_mut());
            ok(unsafe { ampoule_store_sqlite(text.as_ptr().cast(), text.len(), &raw mut store) });
            ok(unsafe { ampoule_record_new(c"a/b".as_ptr(), 3, null(), 0, &raw mut info) });
            let chart = chart_in_c(store);
            let mut piece = vec![7; PIECE];
            timed(1, || unsafe {
                let (mut id, mut writer) = (ampoule_entry_id { bytes: [0; 16] }, null_mut::<ampoule_file_writer>());
                let (mut file, mut read) = (null_mut::<ampoule_file>(), 0);
                ok(ampoule_chart_create_file(chart, info, &raw mut writer));
                for _ in 0..PIECES {
                    ok(ampoule_file_writer_update(writer, piece.as_ptr(), piece.len()));
                }
                ok(ampoule_file_writer_finish(writer, &raw mut id, null_mut()));
                ok(ampoule_close(writer.cast()));
                ok(ampoule_chart_file(chart, &raw const id, &raw mut file));
                for place in 0..PIECES {
                    let offset = (place * PIECE) as u64;
                    ok(ampoule_file_read_at(file, offset, piece.as_mut_ptr(), piece.len(), &raw mut read));
                    assert_eq!(read, PIECE);
                }
                ok(ampoule_close(file.cast()));
            })
        },
        || {
            fresh();
            let (vault, _) = Vault::create(SqliteStore::open(&database).unwrap(), "Clinic", &way, &none).unwrap();
            let chart = chart_in_rust(&vault);
            let mut piece = vec![7; PIECE];
            timed(1, || {
                let mut writer = chart.create_file(&FileInfo::new("a/b")).unwrap();
                for _ in 0..PIECES {
                    writer.update(&piece).unwrap();
                }
                let mut file = chart.file(&writer.finish().unwrap().0).unwrap();
                for place in 0..PIECES {
                    assert_eq!(file.read_at((place * PIECE) as u64, &mut piece).unwrap(), PIECE);
                }
            })
        },
    );
    pair.print("c_file_256m_chunks", "Rust");
}

/// Takes a file from a path and writes it to another.
fn file_256m(folder: &Path) {
    let (from, to) = (folder.join("from"), folder.join("to"));
    fs::write(&from, vec![7; 256 << 20]).unwrap();
    let (way, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let mut number = 0;
    let mut place = |side: &str| {
        number += 1;
        let place = folder.join(format!("{side}{number}"));
        fs::create_dir(&place).unwrap();
        place
    };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (path, out) = (text(&from), text(&to));
    let places = std::cell::RefCell::new(&mut place);
    let pair = in_turns(
        5,
        || {
            let place = (places.borrow_mut())("c");
            let database = text(&place.join("vault.db"));
            let (mut store, mut info) = (null_mut(), null_mut());
            ok(unsafe { ampoule_store_sqlite(database.as_ptr().cast(), database.len(), &raw mut store) });
            ok(unsafe { ampoule_record_new(c"a/b".as_ptr(), 3, null(), 0, &raw mut info) });
            let chart = chart_in_c(store);
            let took = timed(1, || unsafe {
                let (mut id, mut file) = (ampoule_entry_id { bytes: [0; 16] }, null_mut::<ampoule_file>());
                ok(ampoule_chart_put_path(
                    chart,
                    info,
                    path.as_ptr().cast(),
                    path.len(),
                    None,
                    null_mut(),
                    &raw mut id,
                ));
                ok(ampoule_chart_file(chart, &raw const id, &raw mut file));
                ok(ampoule_file_export(file, out.as_ptr().cast(), out.len(), None, null_mut()));
                ok(ampoule_close(file.cast()));
            });
            fs::remove_dir_all(place).unwrap();
            took
        },
        || {
            let place = (places.borrow_mut())("rust");
            let store = SqliteStore::open(place.join("vault.db")).unwrap();
            let (vault, _) = Vault::create(store, "Clinic", &way, &none).unwrap();
            let chart = chart_in_rust(&vault);
            let took = timed(1, || {
                let id = chart.put_file(&FileInfo::new("a/b"), fs::File::open(&from).unwrap()).unwrap();
                chart.file(&id).unwrap().export_to(&to).unwrap();
            });
            fs::remove_dir_all(place).unwrap();
            took
        },
    );
    pair.print("c_file_256m", "Rust");
}

/// A call that looks a handle up, passes the boundary, and does nothing.
fn call_overhead() {
    let mut store = null_mut();
    ok(unsafe { ampoule_store_memory(&raw mut store) });
    let chart = chart_in_c(store);
    let mut id = ampoule_chart_id { bytes: [0; 32] };
    let took =
        measure::median((0..31).map(|_| timed(100_000, || ok(unsafe { ampoule_chart_get_id(chart, &raw mut id) }))));
    figure("call_overhead", took, "ns", "-");
}

fn main() {
    let parts: Vec<String> = std::env::args().skip(1).filter(|part| !part.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    if wanted("call") {
        call_overhead();
    }
    if wanted("record") {
        record_2k();
    }
    if wanted("file") {
        let folder = std::env::temp_dir().join(format!("ampoule-bindings-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        file_256m(&folder);
        file_256m_chunks(&folder);
        fs::remove_dir_all(&folder).unwrap();
    }
}
