//! Devices of a member.

use crate::common::{assert_unlock_failed, assert_unopenable, member, record};
use ampoule::store::Table;
use ampoule::{DeviceId, Unlock, Vault};

/// Secrets of devices that are put under other ways in are in `keys::unlock::tests`.
#[test]
fn a05_device_that_nobody_signed_for() {
    let (clinic, eve) = (member("Riverside Clinic", 1), member("Eve", 66));
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    let second = clinic.vault.add_device(&Unlock::device_key(&[2; 32])).unwrap();
    assert_eq!(clinic.vault.devices().unwrap().len(), 2);
    let with_two = clinic.row(Table::Vault, b"", b"state");
    clinic.vault.retire_device(second, "lost").unwrap();
    let row = clinic.row(Table::Cards, b"", second.as_bytes());
    assert_eq!(clinic.vault.retired_devices().unwrap().len(), 1);

    // A device of eve's among the retired, the true one under another id, and one that is changed.
    let eves = eve.vault.add_device(&Unlock::device_key(&[67; 32])).unwrap();
    eve.vault.retire_device(eves, "").unwrap();
    let eves_row = eve.row(Table::Cards, b"", eves.as_bytes());
    for (at, planted) in [(eves, eves_row.clone()), (second, eves_row), (DeviceId::from_bytes([7; 32]), row.clone())] {
        clinic.store.answer(Table::Cards, b"", at.as_bytes(), planted);
        assert_unopenable(clinic.unchanged(|| clinic.vault.retired_devices()));
        clinic.store.tell_the_truth();
    }
    for at in (0..row.len()).step_by(13) {
        clinic.store.rewrite(Table::Cards, b"", second.as_bytes(), move |row| row[at] ^= 1);
        assert_unopenable(clinic.unchanged(|| clinic.vault.retired_devices()));
    }
    clinic.store.tell_the_truth();

    // The state of before lists a device that was retired. It is of another key, and the way in of that device opens
    // nothing that is written now.
    clinic.store.answer(Table::Vault, b"", b"state", with_two);
    assert_unlock_failed(clinic.unchanged(|| clinic.vault.devices()));
    let old = Vault::open(clinic.store.clone(), &Unlock::device_key(&[2; 32])).unwrap();
    assert_unopenable(clinic.unchanged(|| old.chart(&chart.id())));
    clinic.store.tell_the_truth();
    assert_eq!(clinic.vault.devices().unwrap().len(), 1);
    assert_eq!(clinic.vault.chart(&chart.id()).unwrap().get(&id).unwrap().content(), b"blood pressure");
}
