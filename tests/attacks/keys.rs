//! Keys and identities.

use crate::common::{Member, assert_unlock_failed, assert_unopenable, frames, member, record, send};
use ampoule::store::Table;
use ampoule::{ContactStatus, Cursor, Error, Grant, Label, UnlockError};

const STATE: &[u8] = b"state";

/// Where a clinic has shared a chart with Lee.
fn clinic_and_lee() -> (Member, Member, ampoule::Chart, ampoule::Contact) {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let contact = clinic.meet(&lee);
    lee.meet(&clinic);
    let chart = clinic.vault.create_chart().unwrap();
    chart.put(&record("blood pressure")).unwrap();
    chart.share(&contact, &Grant::read()).unwrap();
    (clinic, lee, chart, contact)
}

#[test]
fn a01_recipients_key_swapped_while_sharing() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);

    let eve = member("Eve", 66);
    let of_eve = clinic.meet(&eve);
    let (lee_id, eve_id) = (of_lee.id(), of_eve.id());
    clinic.store.swap(Table::Contacts, (b"", lee_id.as_bytes()), (b"", eve_id.as_bytes())).unwrap();
    assert_unopenable(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())));
    clinic.store.tell_the_truth();
    let len = clinic.row(Table::Contacts, b"", lee_id.as_bytes()).len();
    for at in (0..len).step_by(97) {
        clinic.store.rewrite(Table::Contacts, b"", lee_id.as_bytes(), move |row| row[at] ^= 1);
        assert_unopenable(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())));
    }
    clinic.store.tell_the_truth();

    // A revocation grants anew to all who stay, by the cards that stand with the chart.
    let kim = member("Dr. Kim", 3);
    let of_kim = clinic.meet(&kim);
    chart.share(&of_kim, &Grant::read()).unwrap();
    let rows = clinic.store.rows().unwrap();
    let part = chart.id();
    let cards: Vec<_> = rows
        .keys()
        .filter(|(table, in_part, _)| *table == Table::Cards && in_part == part.as_bytes())
        .map(|(_, _, key)| key.clone())
        .collect();
    // Of the clinic's device, Lee and Kim.
    assert_eq!(cards.len(), 3);
    let eves = eve.vault.card().unwrap().to_bytes();
    // Neither another's card under these hashes nor none at all.
    for instead in [Some([&[1][..], &eves].concat()), None] {
        for card in &cards {
            match &instead {
                Some(row) => clinic.store.answer(Table::Cards, part.as_bytes(), card, row.clone()),
                None => clinic.store.hide(Table::Cards, part.as_bytes(), card),
            }
        }
        let again = clinic.reopen().unwrap();
        let chart_again = again.chart(&part).unwrap();
        let of_kim_again = again.contacts().get(of_kim.id()).unwrap();
        assert_unopenable(clinic.unchanged(|| chart_again.revoke(&of_kim_again)));
    }
    clinic.store.tell_the_truth();
    chart.revoke(&of_kim).unwrap();
}

#[test]
fn a02_contacts_key_silently_changed() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);
    let impostor = member("Dr. Lee", 66);
    let card = impostor.vault.card().unwrap();
    clinic.vault.contacts().replace(&of_lee, &card.to_bytes()).unwrap();
    assert_eq!(of_lee.status().unwrap(), ContactStatus::Changed);
    for grant in [Grant::read(), Grant::write(), Grant::custodian()] {
        assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &grant)), Err(Error::ChangedContact));
    }
    // What was read out for the old key does not make the new one good.
    let old = lee.vault.card().unwrap().fingerprint().digits();
    assert_eq!(clinic.unchanged(|| of_lee.verify(&old)), Err(Error::FingerprintMismatch));
    assert_eq!(clinic.unchanged(|| chart.share(&of_lee, &Grant::read())), Err(Error::ChangedContact));
    of_lee.verify(&card.fingerprint().digits()).unwrap();
    chart.share(&of_lee, &Grant::read()).unwrap();
}

#[test]
fn a03_vault_identity_or_chart_key_overwritten() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, other) = (clinic.vault.create_chart().unwrap(), clinic.vault.create_chart().unwrap());
    let id = chart.put(&record("blood pressure")).unwrap();
    assert!(clinic.reopen().is_ok());

    // The whole state is an attacker's, or one half of it.
    let eve = member("Riverside Clinic", 66);
    let (honest, evil) = (clinic.row(Table::Vault, b"", STATE), eve.row(Table::Vault, b"", STATE));
    let half = honest.len() / 2;
    for state in [evil.clone(), [&honest[..half], &evil[half..]].concat(), [&evil[..half], &honest[half..]].concat()] {
        clinic.store.answer(Table::Vault, b"", STATE, state);
        assert_unlock_failed(clinic.unchanged(|| clinic.reopen()));
    }
    clinic.store.tell_the_truth();

    // A chart's keys are another chart's, or another vault's.
    let eves_chart = eve.vault.create_chart().unwrap();
    let evil_ring = eve.row(Table::Keyring, b"", eves_chart.id().as_bytes());
    let other_ring = clinic.row(Table::Keyring, b"", other.id().as_bytes());
    for ring in [evil_ring, other_ring] {
        clinic.store.answer(Table::Keyring, b"", chart.id().as_bytes(), ring);
        assert_unopenable(clinic.unchanged(|| chart.get(&id)));
        assert_unopenable(clinic.unchanged(|| chart.put(&record("more"))));
        let again = clinic.reopen().unwrap();
        assert_unopenable(clinic.unchanged(|| again.chart(&chart.id())));
        assert!(again.chart(&other.id()).is_ok());
    }
    clinic.store.tell_the_truth();
    assert_eq!(chart.get(&id).unwrap().content(), b"blood pressure");
}

#[test]
fn a04_wrapped_keys_flipped_or_spliced() {
    let clinic = member("Riverside Clinic", 1);
    assert!(clinic.reopen().is_ok());
    let state = clinic.row(Table::Vault, b"", STATE);
    let mut newer = 0;
    for at in (0..state.len()).step_by(3).chain([1]) {
        let (mut flipped, mut cut) = (state.clone(), state.clone());
        flipped[at] ^= 1 << (at % 8);
        cut.truncate(at);
        for damaged in [flipped, cut] {
            clinic.store.answer(Table::Vault, b"", STATE, damaged);
            match clinic.reopen().map(drop) {
                Err(Error::Unlock(UnlockError::UnlockFailed)) => {}
                // Only what claims to be of a later version differs, and it lies in the clear.
                Err(Error::Unlock(UnlockError::NewerFormat)) if state[at] == 1 => newer += 1,
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
    assert!(newer <= 3);
    clinic.store.tell_the_truth();

    let chart = clinic.vault.create_chart().unwrap();
    let ring = clinic.row(Table::Keyring, b"", chart.id().as_bytes());
    let again = clinic.reopen().unwrap();
    for at in (0..ring.len()).step_by(7) {
        clinic.store.rewrite(Table::Keyring, b"", chart.id().as_bytes(), move |row| row[at] ^= 1 << (at % 8));
        assert_unopenable(clinic.unchanged(|| again.chart(&chart.id())));
    }
    clinic.store.tell_the_truth();
    assert!(again.chart(&chart.id()).is_ok());
}

/// A slot that is planted is refused in `keys::unlock::tests`.
#[test]
fn a05_grantee_or_device_that_nobody_signed_for() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);
    let eve = member("Eve", 66);
    let eves_chart = eve.vault.create_chart().unwrap();
    let (part, eves_part) = (chart.id(), eves_chart.id());
    let last = 2_u64;
    let next = (last + 1).to_be_bytes();

    // A ledger entry of an attacker, one of before again, or an honest one without the home's receipt.
    let own = |seq: u64| {
        let key = seq.to_be_bytes();
        (clinic.row(Table::Ledger, part.as_bytes(), &key), clinic.row(Table::Receipts, part.as_bytes(), &key))
    };
    let eves_key = 1_u64.to_be_bytes();
    let eves = (
        eve.row(Table::Ledger, eves_part.as_bytes(), &eves_key),
        eve.row(Table::Receipts, eves_part.as_bytes(), &eves_key),
    );
    for (entry, receipt) in [eves, own(last), own(1), (own(last).0, Vec::new())] {
        clinic.store.answer(Table::Ledger, part.as_bytes(), &next, entry);
        clinic.store.answer(Table::Receipts, part.as_bytes(), &next, receipt);
        assert_unopenable(clinic.unchanged(|| chart.shares()));
        assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
    }
    clinic.store.tell_the_truth();
    // The last one without its receipt.
    clinic.store.hide(Table::Receipts, part.as_bytes(), &last.to_be_bytes());
    assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
    clinic.store.tell_the_truth();

    // Cards and grants that no ledger entry names give nobody anything.
    let shares = chart.shares().unwrap();
    let card = eve.vault.card().unwrap().to_bytes();
    clinic.store.answer(Table::Cards, part.as_bytes(), &[7; 32], [&[1][..], &card].concat());
    clinic.store.answer(Table::Grants, part.as_bytes(), &[7; 16], card);
    let again = clinic.reopen().unwrap();
    assert_eq!(clinic.unchanged(|| again.chart(&part).unwrap().shares()).unwrap(), shares);
    let of_eve = clinic.meet(&eve);
    assert_eq!(chart.export(&of_eve, Cursor::START), Err(Error::NoSuchMember));
}

/// Ids of cards and charts are hashes of what they name, so nobody chooses them; keys on two cards are in
/// `keys::contacts::tests`.
#[test]
fn a06_crafted_ids() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    assert_eq!(send(&chart, &of_lee, &lee.vault).unwrap().added, 1);
    let (eve, part) = (member("Dr. Lee", 66), chart.id());
    // A contact under the id of another.
    let of_eve = clinic.meet(&eve);
    let eves = clinic.row(Table::Contacts, b"", of_eve.id().as_bytes());
    clinic.store.answer(Table::Contacts, b"", of_lee.id().as_bytes(), eves);
    assert_unopenable(clinic.unchanged(|| of_lee.fingerprint()));
    clinic.store.tell_the_truth();

    // A chart under the id of another: all its rows stand where those of the first are looked for.
    let decoy = clinic.vault.create_chart().unwrap();
    decoy.put(&record("of another patient")).unwrap();
    let rows = clinic.store.rows().unwrap();
    for (table, in_part, key) in rows.keys().filter(|(_, in_part, _)| in_part == part.as_bytes()) {
        clinic.store.hide(*table, in_part, key);
    }
    for ((table, in_part, key), value) in &rows {
        if in_part == decoy.id().as_bytes() {
            clinic.store.answer(*table, part.as_bytes(), key, value.clone());
        }
    }
    assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
    let ring = rows[&(Table::Keyring, Vec::new(), decoy.id().as_bytes().to_vec())].clone();
    clinic.store.answer(Table::Keyring, b"", part.as_bytes(), ring);
    assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));

    // A card of an attacker that claims a name is another card, and not verified.
    let stranger = member("Riverside Clinic", 67);
    let met = lee.vault.contacts().add(&stranger.vault.card().unwrap().to_bytes()).unwrap();
    assert!(!met.imitates().unwrap().is_empty());
    let lees = lee.vault.create_chart().unwrap();
    assert_eq!(lee.unchanged(|| lees.share(&met, &Grant::read())), Err(Error::UnverifiedContact));
}

/// Cards with such keys need their owner's signature, so they are in `keys::card::tests`.
#[test]
fn a07_low_order_points_and_malformed_keys() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let honest = chart.export(&of_lee, Cursor::START).unwrap();
    let rows = clinic.store.rows().unwrap();
    let (_, _, grant) = rows.keys().find(|(table, ..)| *table == Table::Grants).unwrap();
    // Encapsulation and ciphertext are the last bytes of the row, before the empty list of extensions.
    let row = clinic.row(Table::Grants, chart.id().as_bytes(), grant);
    // A string of 32 bytes, and one that ends with them: what is drawn at random has hardly the heads of both.
    let ends = |at: usize| {
        row[at..].starts_with(&[0x59])
            && at + 3 + usize::from(row[at + 1]) * 256 + usize::from(row[at + 2]) == row.len() - 1
    };
    let start =
        (0..row.len() - 37).rfind(|at| row[*at..].starts_with(&[0x58, 0x20]) && ends(at + 34)).unwrap() + 2 + 32 + 3;
    let share = start + 1120 - 32;
    let mut one = [0; 32];
    one[0] = 1;
    for point in [[0; 32], one] {
        clinic.store.rewrite(Table::Grants, chart.id().as_bytes(), grant, move |row| {
            row[share..share + 32].copy_from_slice(&point);
        });
        let bundle = chart.export(&of_lee, Cursor::START).unwrap();
        assert_eq!(frames(&bundle).len(), frames(&honest).len());
        assert_eq!(lee.unchanged(|| lee.vault.import(&bundle)), Err(Error::DamagedBundle));
    }
    assert_eq!(lee.vault.import(&honest).unwrap().added, 1);

    // The slot of a way in.
    let state = lee.row(Table::Vault, b"", STATE);
    let sealed = state.windows(3).position(|bytes| bytes == [0x59, 0x04, 0x90]).unwrap() + 3;
    lee.store.rewrite(Table::Vault, b"", STATE, move |row| row[sealed + 1120 - 32..sealed + 1120].fill(0));
    assert_unlock_failed(lee.unchanged(|| lee.reopen()));
}

/// A grant that claims another granter is in `keys::chart::chart_keys::attacks`.
#[test]
fn a08_unknown_key_share() {
    let (clinic, lee, chart, of_lee) = clinic_and_lee();
    let kim = member("Dr. Kim", 3);
    let of_kim = clinic.meet(&kim);
    kim.meet(&clinic);
    chart.share(&of_kim, &Grant::read().label(Label::general())).unwrap();
    let for_lee = chart.export(&of_lee, Cursor::START).unwrap();
    assert_eq!(kim.unchanged(|| kim.vault.import(&for_lee)), Err(Error::ForeignBundle));
    assert_eq!(lee.vault.import(&for_lee).unwrap().added, 1);

    // Her bundle carries his grant under her grant's id.
    let rows = clinic.store.rows().unwrap();
    let grants: Vec<_> = rows.keys().filter(|(table, ..)| *table == Table::Grants).collect();
    assert_eq!(grants.len(), 2);
    let part = chart.id();
    clinic.store.swap(Table::Grants, (part.as_bytes(), &grants[0].2), (part.as_bytes(), &grants[1].2)).unwrap();
    let bundle = chart.export(&of_kim, Cursor::START).unwrap();
    assert_eq!(kim.unchanged(|| kim.vault.import(&bundle)), Err(Error::DamagedBundle));
    clinic.store.tell_the_truth();
    assert_eq!(send(&chart, &of_kim, &kim.vault).unwrap().added, 1);

    // Whom nobody verified gives no chart, whatever it holds.
    let eve = member("Eve", 66);
    let eves = eve.vault.create_chart().unwrap();
    let victim = eve.meet(&lee);
    eves.share(&victim, &Grant::read()).unwrap();
    let bundle = eves.export(&victim, Cursor::START).unwrap();
    assert_eq!(lee.unchanged(|| lee.vault.import(&bundle)), Err(Error::UnknownContact));
    let met = lee.vault.contacts().add(&eve.vault.card().unwrap().to_bytes()).unwrap();
    assert_eq!(lee.unchanged(|| lee.vault.import(&bundle)), Err(Error::UnverifiedContact));
    met.verify(&eve.vault.card().unwrap().fingerprint().words()).unwrap();
    assert_eq!(lee.vault.import(&bundle).unwrap().rejected, 0);
}
