//! Entries and what is inside them.

use crate::common::{HEADER, Member, STUB, WRAP, assert_unlock_failed, assert_unopenable, hiv, member, record, send};
use ampoule::store::Table;
use ampoule::{Chart, Cursor, EntryId, Error, Finding, Grant, Label, Query, Record, UnlockError};

/// A chart with a general record, one labelled HIV, and another version of the first, in this order.
fn chart_of(clinic: &Member) -> (Chart, EntryId, EntryId) {
    let chart = clinic.vault.create_chart().unwrap();
    let general = chart.put(&record("first value").named("a name")).unwrap();
    let sensitive = chart.put(&hiv("viral load")).unwrap();
    chart.update(&general, &record("second value").named("b name")).unwrap();
    (chart, general, sensitive)
}

/// The current version of an entry is refused and named; the rest stays readable.
fn assert_lost(clinic: &Member, chart: &Chart, lost: &EntryId, kept: &EntryId) {
    clinic.unchanged(|| {
        assert_unopenable(chart.get(lost));
        assert!(chart.get(kept).is_ok());
        let findings = clinic.vault.verify().unwrap().findings;
        let named = |finding: &Finding| matches!(finding, Finding::Entry { entry, .. } if entry == lost);
        assert!(!findings.is_empty() && findings.iter().all(named), "{findings:?}");
    });
}

#[test]
fn b09_ciphertexts_swapped() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, general, sensitive) = chart_of(&clinic);
    let (other, of_other, _) = chart_of(&clinic);
    assert_eq!(clinic.vault.verify().unwrap().findings, []);
    let (part, other_part) = (chart.id(), other.id());
    let key = |seq: u64| seq.to_be_bytes();
    let at = |seq| (Table::Entries, part.as_bytes().to_vec(), Vec::from(key(seq)));
    let rows = clinic.store.rows().unwrap();

    // Between compartments and entries, versions, charts.
    clinic.store.answer(Table::Entries, part.as_bytes(), &key(3), rows[&at(2)].clone());
    assert_lost(&clinic, &chart, &general, &sensitive);
    clinic.store.answer(Table::Entries, part.as_bytes(), &key(3), rows[&at(1)].clone());
    assert_lost(&clinic, &chart, &general, &sensitive);
    let foreign = (other_part.as_bytes().to_vec(), Vec::from(key(3)));
    let foreign = rows[&(Table::Entries, foreign.0, foreign.1)].clone();
    clinic.store.answer(Table::Entries, part.as_bytes(), &key(3), foreign.clone());
    assert_lost(&clinic, &chart, &general, &sensitive);
    clinic.store.answer(Table::Entries, part.as_bytes(), &key(3), foreign[..WRAP].to_vec());
    assert_lost(&clinic, &chart, &general, &sensitive);
    clinic.store.tell_the_truth();

    // Chart, entry, version and kind in the header are another's.
    let second = rows[&at(2)].clone();
    for range in [8..40, 40..56, 56..72, 6..7] {
        let from = match range.start {
            8 => foreign.clone(),
            6 => vec![2; HEADER + WRAP],
            _ => second.clone(),
        };
        let places = WRAP + range.start..WRAP + range.end;
        clinic.rewrite_entry(&chart, 3, move |row| row[places.clone()].copy_from_slice(&from[places.clone()]));
        assert_lost(&clinic, &chart, &general, &sensitive);
        clinic.store.tell_the_truth();
    }
    assert_eq!(chart.get(&general).unwrap().content(), b"second value");
    assert_eq!(other.get(&of_other).unwrap().content(), b"second value");
}

/// What a row says of its version beside it is damaged: the version is read, and named before an index that is derived
/// again would lose it.
#[test]
fn b09_what_a_row_says_of_its_version() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, general, sensitive) = chart_of(&clinic);
    for at in [0, 31, 32, 39] {
        clinic.rewrite_entry(&chart, 3, move |row| {
            let stub = row.len() - STUB;
            row[stub + at] ^= 1;
        });
        assert_eq!(chart.get(&general).unwrap().content(), b"second value");
        assert!(chart.get(&sensitive).is_ok());
        let findings = clinic.vault.verify().unwrap().findings;
        assert!(matches!(findings[..], [Finding::Entry { entry, .. }] if entry == general), "{findings:?}");
        clinic.store.tell_the_truth();
    }
}

/// The newest rows are in no index yet, and the marks of the logs are over their ids and what stands beside them. Where that is
/// damaged, the log tells what it was: the entry is lost at most, and no other.
#[test]
fn b09_one_of_the_newest_rows_is_damaged_where_the_marks_look() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, general, sensitive) = chart_of(&clinic);
    let (honest, ids) = (clinic.entry(&chart, 3), WRAP + 40..WRAP + HEADER);
    let stub = honest.len() - STUB..honest.len();
    let flipped = |at: usize| honest.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == at)).collect();
    let mut damaged: Vec<(Vec<u8>, bool)> = ids.map(|at| (flipped(at), false)).collect();
    damaged.extend(stub.map(|at| (flipped(at), true)));
    damaged.extend([1, 2].map(|other| (clinic.entry(&chart, other), false)));
    damaged.extend([0, WRAP, honest.len() / 2, honest.len() - 1].map(|len| (honest[..len].to_vec(), false)));
    for (row, opens) in damaged {
        clinic.rewrite_entry(&chart, 3, move |stored| stored.clone_from(&row));
        let vault = clinic.reopen().unwrap();
        let again = vault.chart(&chart.id()).unwrap();
        assert!(again.get(&sensitive).is_ok());
        if opens {
            assert_eq!(again.get(&general).unwrap().content(), b"second value");
        } else {
            assert_unopenable(again.get(&general));
            assert_eq!((again.list().unwrap().is_complete(), again.list().unwrap().damaged()), (false, 1));
        }
        let findings = vault.verify().unwrap().findings;
        assert!(matches!(findings[..], [Finding::Entry { entry, .. }] if entry == general), "{findings:?}");
        clinic.store.tell_the_truth();
    }
    // What is written meanwhile stays, and who has the chart open sees it as well.
    clinic.rewrite_entry(&chart, 3, |row| row[WRAP + 40] ^= 1);
    let other = clinic.reopen().unwrap().chart(&chart.id()).unwrap();
    let added: Vec<_> = (0..20).map(|n| other.put(&record(&format!("note {n}"))).unwrap()).collect();
    assert!(added.iter().all(|id| other.get(id).is_ok() && chart.get(id).is_ok()));
    assert_unopenable(other.get(&general));
    clinic.store.tell_the_truth();
    let honest = clinic.reopen().unwrap().chart(&chart.id()).unwrap();
    assert_eq!(honest.get(&general).unwrap().content(), b"second value");
    assert!(added.iter().all(|id| honest.get(id).is_ok()));
    assert_eq!(clinic.reopen().unwrap().verify().unwrap().findings, []);
}

#[test]
fn b10_name_type_time_or_size_swapped() {
    let clinic = member("Riverside Clinic", 1);
    let chart = clinic.vault.create_chart().unwrap();
    let put = |name: &str, media: &str, text: &str| {
        let id = chart.put(&Record::opaque(media, text.as_bytes()).named(name)).unwrap();
        (id, name.to_owned(), media.to_owned(), text.to_owned())
    };
    let two = [put("scan.pdf", "application/pdf", "one"), put("note.txt", "text/plain", "three")];
    for (id, name, media, text) in &two {
        let entry = chart.get(id).unwrap();
        assert_eq!((entry.record().name(), entry.record().media_type()), (Some(&name[..]), &media[..]));
        assert_eq!(entry.content(), text.as_bytes());
    }
    // They stand in one authenticated interior, so only bytes of the whole can be exchanged.
    let (one, two_row) = (clinic.entry(&chart, 1), clinic.entry(&chart, 2));
    assert_eq!(one.len(), two_row.len());
    for at in (0..one.len() - STUB).step_by(5) {
        if one[at] == two_row[at] {
            continue;
        }
        let byte = two_row[at];
        clinic.rewrite_entry(&chart, 1, move |row| row[at] = byte);
        let read = clinic.unchanged(|| chart.get(&two[0].0));
        // A wrap that names an epoch we do not hold opens nothing either.
        assert_unopenable(read);
    }
    assert_eq!(chart.get(&two[1].0).unwrap().content(), b"three");
}

#[test]
fn b11_sealed_parts_swapped_inside_one_object() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, general, sensitive) = chart_of(&clinic);
    let (old, new) = (clinic.entry(&chart, 1), clinic.entry(&chart, 3));
    assert_eq!(old.len(), new.len());
    let start = WRAP + HEADER;
    // Wrap, header, salt, commitment, chunk, tag: any part, and any two neighbours, of the older version.
    let end = old.len() - STUB;
    let parts = [0, WRAP, start, start + 24, start + 56, end - 16, end];
    for first in 0..parts.len() - 1 {
        for last in first + 1..parts.len().min(first + 3) {
            let (from, to) = (parts[first], parts[last]);
            if (from, to) == (0, end) {
                continue;
            }
            let old = old.clone();
            clinic.rewrite_entry(&chart, 3, move |row| row[from..to].copy_from_slice(&old[from..to]));
            assert_lost(&clinic, &chart, &general, &sensitive);
        }
    }
    clinic.store.tell_the_truth();
    assert_eq!(chart.get(&general).unwrap().content(), b"second value");
}

/// The compartment is not in the header at all; what an insider could wrap anew is in `envelope::attacks`.
#[test]
fn b12_label_lowered() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (chart, general, sensitive) = chart_of(&clinic);
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    chart.share(&of_lee, &Grant::read().label(Label::general())).unwrap();
    // Nothing in the clear differs between labels but ids.
    let (one, two) = (clinic.entry(&chart, 1), clinic.entry(&chart, 2));
    assert_eq!(one[..4], two[..4]);
    assert_eq!(one[WRAP..WRAP + 40], two[WRAP..WRAP + 40]);
    // Every byte of the header that is no id.
    for at in 0..8 {
        clinic.rewrite_entry(&chart, 2, move |row| row[WRAP + at] ^= 1);
        let read = clinic.unchanged(|| chart.get(&sensitive));
        assert!(matches!(read, Err(Error::Unopenable { .. } | Error::NewerFormat)), "{at}: {read:?}");
    }
    clinic.store.tell_the_truth();
    // The store sends the sensitive one along, in the place of one that was granted, with its own wrap or that one's.
    for range in [0..one.len(), WRAP..one.len()] {
        let two = two.clone();
        clinic.rewrite_entry(&chart, 1, move |row| row[range.clone()].copy_from_slice(&two[range.clone()]));
        let bundle = chart.export(&of_lee, Cursor::START).unwrap();
        let fresh = member("Dr. Lee", 2);
        assert_eq!(fresh.unchanged(|| fresh.vault.import(&bundle)), Err(Error::ForeignBundle));
        let applied = lee.vault.import(&bundle).unwrap();
        assert_eq!((applied.rejected, applied.withheld), (0, 1));
        let copy = lee.vault.chart(&chart.id()).unwrap();
        assert_eq!(copy.get(&sensitive).unwrap_err(), Error::UnknownEntry);
    }
    clinic.store.tell_the_truth();
    send(&chart, &of_lee, &lee.vault).unwrap();
    let copy = lee.vault.chart(&chart.id()).unwrap();
    assert_eq!(copy.get(&general).unwrap().content(), b"second value");
    assert_eq!(copy.find(&Query::all().words("viral")).unwrap().entries(), []);
    assert_eq!(chart.get(&sensitive).unwrap().content(), b"viral load");
}

/// Chat and audit come later; every type of statement that there is, is in `keys::chart::chart_keys::attacks`.
#[test]
fn b13_cross_protocol_reuse() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (chart, general, sensitive) = chart_of(&clinic);
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    chart.share(&of_lee, &Grant::read()).unwrap();
    let part = chart.id();
    let bundle = chart.export(&of_lee, Cursor::START).unwrap();
    let card = clinic.vault.card().unwrap().to_bytes();
    let rows = clinic.store.rows().unwrap();
    let grant = rows.keys().find(|(table, ..)| *table == Table::Grants).unwrap().2.clone();

    // Everything that is stored, as everything else that is stored. Sealed rows begin with random bytes, and those can look
    // like something of a newer version.
    for ((table, _, _), value) in &rows {
        let added = clinic.vault.contacts().add(value).map(drop);
        assert!(matches!(added, Err(Error::InvalidCard | Error::NewerFormat)), "{table:?}: {added:?}");
        assert_eq!(lee.vault.import(value), Err(Error::DamagedBundle), "{table:?}");
        if *table != Table::Grants {
            clinic.store.answer(Table::Grants, part.as_bytes(), &grant, value.clone());
            let crossed = chart.export(&of_lee, Cursor::START).unwrap();
            assert_eq!(lee.unchanged(|| lee.vault.import(&crossed)), Err(Error::DamagedBundle), "{table:?}");
            clinic.store.tell_the_truth();
        }
        if *table != Table::Entries {
            clinic.store.answer(Table::Entries, part.as_bytes(), &3_u64.to_be_bytes(), value.clone());
            assert_lost(&clinic, &chart, &general, &sensitive);
            clinic.store.tell_the_truth();
        }
        if *table != Table::Receipts {
            clinic.store.answer(Table::Receipts, part.as_bytes(), &1_u64.to_be_bytes(), value.clone());
            assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
            clinic.store.tell_the_truth();
        }
        if *table != Table::Vault {
            clinic.store.answer(Table::Vault, b"", b"state", value.clone());
            let opened = clinic.unchanged(|| clinic.reopen()).map(drop);
            let refused = matches!(opened, Err(Error::Unlock(UnlockError::UnlockFailed | UnlockError::NewerFormat)));
            assert!(refused, "{table:?}: {opened:?}");
            clinic.store.tell_the_truth();
        }
    }
    assert_eq!(clinic.vault.import(&card), Err(Error::DamagedBundle));
    assert_eq!(clinic.vault.contacts().add(&bundle).map(drop), Err(Error::InvalidCard));
    assert_eq!(lee.vault.import(&bundle).unwrap().added, 3);
}

/// Neighbouring fields inside the seal are in `envelope::attacks`; here those in the clear.
#[test]
fn b14_bytes_shifted_between_neighbouring_fields() {
    let clinic = member("Riverside Clinic", 1);
    let (chart, general, sensitive) = chart_of(&clinic);
    let row = clinic.entry(&chart, 3);
    let start = WRAP + HEADER;
    for boundary in [WRAP, WRAP + 8, WRAP + 40, WRAP + 56, start, start + 24, start + 56] {
        // One byte leaves a field for its neighbour, in either direction; the whole stays as long as it was.
        let mut left = row.clone();
        let byte = left.remove(boundary);
        left.insert(0, byte);
        let mut right = row.clone();
        let byte = right.remove(boundary - 1);
        right.push(byte);
        for shifted in [left, right] {
            clinic.store.answer(Table::Entries, chart.id().as_bytes(), &3_u64.to_be_bytes(), shifted);
            assert_lost(&clinic, &chart, &general, &sensitive);
        }
    }
    clinic.store.tell_the_truth();
    // Values that run together are told apart.
    for (media, name) in [("text/pla", "inname"), ("text/plain", "name"), ("text/plainname", "")] {
        let id = chart.put(&Record::opaque(media, *b"x").named(name)).unwrap();
        let entry = chart.get(&id).unwrap();
        assert_eq!((entry.record().media_type(), entry.record().name()), (media, Some(name)));
    }
}

/// Other encodings of single values are in `codec`.
#[test]
fn b18_malleability() {
    let (clinic, lee) = (member("Riverside Clinic", 1), member("Dr. Lee", 2));
    let (chart, general, sensitive) = chart_of(&clinic);
    let of_lee = clinic.meet(&lee);
    lee.meet(&clinic);
    chart.share(&of_lee, &Grant::read()).unwrap();
    let part = chart.id();
    let bundle = chart.export(&of_lee, Cursor::START).unwrap();
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();

    clinic.rewrite_entry(&chart, 3, |row| row.push(0));
    assert_lost(&clinic, &chart, &general, &sensitive);
    clinic.store.tell_the_truth();
    for table in [Table::Ledger, Table::Receipts] {
        clinic.store.rewrite(table, part.as_bytes(), &1_u64.to_be_bytes(), |row| row.push(0));
        assert_unopenable(clinic.unchanged(|| clinic.reopen().unwrap().chart(&part)));
        clinic.store.tell_the_truth();
    }
    clinic.store.rewrite(Table::Vault, b"", b"state", |row| row.push(0));
    assert_unlock_failed(clinic.unchanged(|| clinic.reopen()));
    clinic.store.tell_the_truth();
    clinic.store.rewrite(Table::Contacts, b"", of_lee.id().as_bytes(), |row| row.push(0));
    assert_unopenable(clinic.unchanged(|| of_lee.name()));
    clinic.store.tell_the_truth();
    assert_eq!(lee.unchanged(|| lee.vault.import(&longer(&bundle))), Err(Error::DamagedBundle));

    // A card with a longer integer, a longer length, a duplicate field, and a tag around it.
    let card = clinic.vault.card().unwrap().to_bytes();
    assert_eq!(card[..2], [0x84, 0x01]);
    for other in [
        longer(&card),
        [&[0x84, 0x18, 0x01][..], &card[2..]].concat(),
        [&[0x98, 0x04, 0x01][..], &card[2..]].concat(),
        [&[0x9F, 0x01][..], &card[2..], &[0xFF]].concat(),
        [&[0x85, 0x01, 0x01][..], &card[2..]].concat(),
        [&[0xC1][..], &card].concat(),
    ] {
        assert_eq!(lee.unchanged(|| lee.vault.contacts().add(&other).map(drop)), Err(Error::InvalidCard));
    }
    assert_eq!(lee.vault.import(&bundle).unwrap().added, 3);
}
