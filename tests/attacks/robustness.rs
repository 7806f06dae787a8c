//! Bombs. Dishonest members (61 to 63) are in `keys::chart::chart_keys::attacks`; here is what they need no crafted
//! software for.

use crate::common::{assert_unlock_failed, assert_unopenable, member, record, send};
use ampoule::store::Table;
use ampoule::{Cursor, Error, Grant, Standing};

/// Encodings that claim to be huge or nested without end: of a few bytes each, or deep.
fn bombs() -> Vec<Vec<u8>> {
    let mut bombs = Vec::new();
    for lead in [0x5A, 0x7A, 0x9A, 0xBA] {
        bombs.push(vec![lead, 0xFF, 0xFF, 0xFF, 0xFF]);
        bombs.push([&[0x84, 0x01, lead][..], &[0xFF; 4]].concat());
        bombs.push([&[0x84, 0x01, lead + 1][..], &[0xFF; 8]].concat());
    }
    for nested in [0x81, 0xA1, 0xC1, 0x9F, 0x5F] {
        bombs.push(vec![nested; 1 << 20]);
        bombs.push([&[0x84, 0x01][..], &vec![nested; 60_000]].concat());
    }
    bombs.push(vec![0; 1 << 22]);
    bombs
}

#[test]
fn h55_bombs() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    let bundle = chart.export(&of_lee, Cursor::START).unwrap();
    let part = chart.id();

    for (number, bomb) in bombs().into_iter().enumerate() {
        let added = lee.unchanged(|| lee.vault.contacts().add(&bomb).map(drop));
        assert_eq!(added, Err(Error::InvalidCard), "bomb {number}");
        assert_eq!(lee.unchanged(|| lee.vault.import(&bomb)), Err(Error::DamagedBundle), "bomb {number}");
        clinic.store.answer(Table::Vault, b"", b"state", bomb.clone());
        assert_unlock_failed(clinic.unchanged(|| clinic.reopen()));
        clinic.store.tell_the_truth();
        for table in [Table::Ledger, Table::Receipts] {
            clinic.store.answer(table, part.as_bytes(), &0_u64.to_be_bytes(), [&[0; 4][..], &bomb].concat());
            assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
            clinic.store.tell_the_truth();
        }
        clinic.store.answer(Table::Keyring, b"", part.as_bytes(), bomb.clone());
        assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
        clinic.store.tell_the_truth();
        clinic.store.answer(Table::Entries, part.as_bytes(), &1_u64.to_be_bytes(), bomb.clone());
        assert_unopenable(clinic.unchanged(|| chart.get(&id)));
        clinic.store.tell_the_truth();
    }
    // A frame that claims four gigabytes, and one that claims more than there is.
    for len in [[0xFF; 4], [0, 0xFF, 0xFF, 0xFF]] {
        let mut bomb = bundle.clone();
        bomb[6..10].copy_from_slice(&len);
        assert_eq!(lee.unchanged(|| lee.vault.import(&bomb)), Err(Error::DamagedBundle));
    }
    // An entry whose number would have the index filled up to it.
    for number in [70_000, u64::MAX] {
        clinic.store.answer(Table::Entries, part.as_bytes(), &number.to_be_bytes(), vec![0; 600]);
        let far = clinic.unchanged(|| clinic.reopen().unwrap().chart(&part).map(drop));
        assert!(matches!(far, Err(Error::Store(_) | Error::Unopenable { .. })), "{number}: {far:?}");
        clinic.store.tell_the_truth();
    }
    assert_eq!(chart.get(&id).unwrap().content(), b"blood pressure");
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);
}

/// Whoever may only read neither writes, shares nor revokes, and a co-custodian elsewhere changes nothing by himself.
#[test]
fn h62_rights_are_not_widened() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let of_lee = clinic.meet(&lee);
    let of_clinic = lee.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    let id = chart.put(&record("blood pressure")).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert!(copy.get(&id).is_ok());
    assert_eq!(lee.unchanged(|| copy.put(&record("x"))), Err(Error::NotGranted));
    assert_eq!(lee.unchanged(|| copy.update(&id, &record("x"))), Err(Error::NotGranted));
    assert_eq!(lee.unchanged(|| copy.delete(&id)), Err(Error::NotGranted));
    assert_eq!(lee.unchanged(|| copy.share(&of_clinic, &Grant::read())), Err(Error::NotCustodian));
    assert_eq!(lee.unchanged(|| copy.revoke(&of_clinic)), Err(Error::NotCustodian));
    chart.share(&of_lee, &Grant::custodian()).unwrap();
    send(&chart, &of_lee, &lee.vault).unwrap();
    // A custodian elsewhere proposes, and that is all.
    assert_eq!(copy.share(&of_clinic, &Grant::read()), Ok(Standing::Proposed));
    assert_eq!(copy.shares().unwrap(), chart.shares().unwrap());
    assert!(copy.put(&record("x")).is_ok());
}
