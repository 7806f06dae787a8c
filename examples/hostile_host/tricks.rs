//! What the host tries, and what the clinic then sees.

use crate::clinic::{CORRECTED, Clinic, NEWEST, note};
use crate::host::{Place, Rows};
use crate::{Result, expect};
use ampoule::store::Table;
use ampoule::{Chart, EntryId, Error, Finding, Freshness, Grant, UnlockError, Vault};

/// Something that the host does to the stored rows, and the look at the vault after it.
pub(crate) struct Trick {
    pub(crate) name: &'static str,
    pub(crate) act: fn(&Clinic, &mut Rows),
    pub(crate) look: fn(&Clinic) -> Result<Seen>,
}

/// How it ended.
pub(crate) enum Seen {
    /// With an error, which says this.
    Refused(String),
    /// With the true answer all the same.
    True(&'static str),
    /// With what cannot be known, said as such.
    Unknowable(&'static str),
}

pub(crate) const TRICKS: [Trick; 23] = [
    Trick {
        name: "hides the newest entry",
        act: |clinic, rows| drop(last(rows, Table::Entries, &clinic.ana).and_then(|place| rows.remove(&place))),
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.newest()), missing),
    },
    Trick {
        name: "shows an entry as it was before it was corrected",
        act: |clinic, rows| {
            let places = places(rows, Table::Entries, &clinic.ana);
            if let [first, .., corrected, _newest] = &places[..] {
                copy(rows, first, corrected);
            }
        },
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.first()), missing),
    },
    Trick {
        name: "swaps two entries of a chart",
        act: |clinic, rows| {
            if let [_, second, third, ..] = &places(rows, Table::Entries, &clinic.ana)[..] {
                swap(rows, second, third);
            }
        },
        look: |clinic| {
            let second = clinic.notes.get(1).copied().ok_or("there is no second note")?;
            refused(clinic, |vault| read(clinic, vault, second), missing)
        },
    },
    Trick {
        name: "swaps the entries of two patients",
        act: |clinic, rows| {
            let ana = last(rows, Table::Entries, &clinic.ana);
            if let (Some(ana), Some(ben)) = (ana, last(rows, Table::Entries, &clinic.ben)) {
                swap(rows, &ana, &ben);
            }
        },
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.newest()), missing),
    },
    Trick {
        name: "flips one bit of an entry",
        act: |clinic, rows| flip(rows, last(rows, Table::Entries, &clinic.ana)),
        look: |clinic| {
            expect(read(clinic, &clinic.vault, clinic.first())? == CORRECTED.as_bytes(), "other entries can be read")?;
            let newest = clinic.newest();
            let names = |finding: &Finding| matches!(finding, Finding::Entry { entry, .. } if *entry == newest);
            let findings = clinic.vault.verify()?.findings;
            expect(findings.len() == 1 && findings.iter().all(names), "`verify` names this entry and no other")?;
            refused(clinic, |vault| read(clinic, vault, newest), missing)
        },
    },
    Trick {
        name: "flips one bit of the search index",
        act: |clinic, rows| flip(rows, last(rows, Table::Index, &clinic.ana)),
        look: index_is_derived,
    },
    Trick {
        name: "deletes the search index",
        act: |_, rows| rows.retain(|(table, ..), _| *table != Table::Index),
        look: index_is_derived,
    },
    Trick {
        name: "flips one bit of a step of sharing",
        act: |clinic, rows| flip(rows, last(rows, Table::Ledger, &clinic.ana)),
        look: |clinic| {
            // What an open vault has verified stays as it is; one that is opened anew refuses.
            refused_anew(clinic.again(), |vault| read(clinic, vault, clinic.newest()), unopenable)
        },
    },
    Trick {
        name: "flips one bit of Dr. Lee's grant",
        act: |clinic, rows| flip(rows, last(rows, Table::Grants, &clinic.ana)),
        look: |clinic| {
            let seen = refusal(clinic.send(), |error| *error == Error::DamagedBundle)?;
            expect(clinic.lee.charts()?.is_empty(), "nothing is taken in")?;
            Ok(Seen::Refused(seen))
        },
    },
    Trick {
        name: "flips one bit of the chart's keys",
        act: |clinic, rows| flip(rows, Some((Table::Keyring, Vec::new(), clinic.ana.id().as_bytes().to_vec()))),
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.newest()), unopenable),
    },
    Trick {
        name: "flips one bit of the vault's state",
        act: |_, rows| flip(rows, Some((Table::Vault, Vec::new(), b"state".to_vec()))),
        look: |clinic| {
            let fits = |error: &Error| *error == Error::Unlock(UnlockError::UnlockFailed);
            refused(clinic, |vault| read(clinic, vault, clinic.newest()), fits)
        },
    },
    Trick {
        name: "puts a vault of its own in the place of the state",
        act: |clinic, rows| plant(clinic, rows, Table::Vault),
        look: |clinic| {
            let fits = |error: &Error| *error == Error::Unlock(UnlockError::UnlockFailed);
            refused(clinic, |vault| read(clinic, vault, clinic.newest()), fits)
        },
    },
    Trick {
        name: "plants a device's card in the chart",
        act: |clinic, rows| plant(clinic, rows, Table::Cards),
        look: |clinic| {
            let vault = clinic.again()?;
            let chart = vault.chart(&clinic.ana.id())?;
            expect(vault.devices()?.len() == 1, "the vault has its own device only")?;
            expect(chart.shares()?.len() == 2, "the chart is shared with Dr. Lee only")?;
            expect(chart.get(&clinic.newest())?.content() == NEWEST.as_bytes(), "the newest entry is read")?;
            Ok(Seen::True("nobody has access by it, and every entry is as it was"))
        },
    },
    Trick {
        name: "hides a contact",
        act: |_, rows| rows.retain(|(table, ..), _| *table != Table::Contacts),
        look: |clinic| refused(clinic, |vault| vault.contacts().list(), withheld),
    },
    Trick {
        name: "shows a contact as it was before it was verified",
        act: |clinic, rows| restore(rows, &clinic.unverified, |(table, ..)| *table == Table::Contacts),
        look: |clinic| {
            let damaged = Finding::Contact { contact: clinic.to_lee.id() };
            expect(clinic.vault.verify()?.findings == [damaged], "`verify` names the contact")?;
            let share = |vault: &Vault| {
                vault.chart(&clinic.ben.id())?.share(&vault.contacts().get(clinic.to_lee.id())?, &Grant::read())
            };
            refused(clinic, share, unopenable)
        },
    },
    Trick {
        name: "hides that the chart was shared",
        act: |clinic, rows| {
            let of_share = [Table::Ledger, Table::Receipts, Table::Grants];
            restore(rows, &clinic.morning, |(table, ..)| of_share.contains(table));
        },
        look: |clinic| {
            let shares = |vault: &Vault| vault.chart(&clinic.ana.id()).and_then(|chart| chart.shares().map(drop));
            refused(clinic, shares, |error| withheld(error) || unopenable(error))
        },
    },
    Trick {
        name: "rolls one chart back to the morning",
        act: |clinic, rows| {
            let id = clinic.ana.id();
            restore(rows, &clinic.morning, |(_, part, key)| part == id.as_bytes() || key == id.as_bytes());
        },
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.first()), withheld),
    },
    Trick {
        name: "rolls everything back while the vault is open",
        act: |clinic, rows| rows.clone_from(&clinic.morning),
        look: |clinic| {
            let seen = refusal(read(clinic, &clinic.vault, clinic.newest()), withheld)?;
            refusal(clinic.ana.put(&note("more")), withheld)?;
            Ok(Seen::Refused(seen))
        },
    },
    Trick {
        name: "rolls everything back before the vault is opened; a checkpoint is kept elsewhere",
        act: |clinic, rows| {
            clinic.vault.lock();
            rows.clone_from(&clinic.morning);
        },
        look: |clinic| {
            let fits = |error: &Error| *error == Error::RestoredCopy;
            refused_anew(clinic.again_with_keeper(), |vault| read(clinic, vault, clinic.first()), fits)
        },
    },
    Trick {
        name: "rolls everything back before the vault is opened; nothing is kept elsewhere",
        act: |clinic, rows| {
            clinic.vault.lock();
            rows.clone_from(&clinic.morning);
        },
        look: |clinic| {
            let vault = clinic.again()?;
            expect(vault.freshness()? == Freshness::Unanchored, "the vault says that this cannot be known")?;
            expect(
                read(clinic, &vault, clinic.first())? == CORRECTED.as_bytes(),
                "what was true in the morning is read",
            )?;
            let newest = refusal(read(clinic, &vault, clinic.newest()), |error| *error == Error::UnknownEntry);
            newest.map(|_| Seen::Unknowable("the morning's chart is shown, and `freshness` says Unanchored"))
        },
    },
    Trick {
        name: "cuts the end of the log off",
        act: |_, rows| drop(leaves(rows).pop().and_then(|place| rows.remove(&place))),
        look: |clinic| refused(clinic, |vault| read(clinic, vault, clinic.newest()), withheld),
    },
    Trick {
        name: "changes an event in the log",
        act: |_, rows| flip(rows, leaves(rows).get(2).cloned()),
        look: |clinic| refused(clinic, Vault::audit, withheld),
    },
    Trick {
        name: "hides an event of the log",
        act: |_, rows| drop(leaves(rows).get(2).and_then(|place| rows.remove(place))),
        look: |clinic| refused(clinic, Vault::audit, withheld),
    },
];

/// Looks through the vault that is open, and through one that is opened anew: both must refuse.
fn refused<T>(
    clinic: &Clinic,
    call: impl Fn(&Vault) -> Result<T, Error>,
    fits: impl Fn(&Error) -> bool,
) -> Result<Seen> {
    refusal(call(&clinic.vault), &fits)?;
    refused_anew(clinic.again(), call, fits)
}

fn refused_anew<T>(
    vault: Result<Vault, Error>,
    call: impl Fn(&Vault) -> Result<T, Error>,
    fits: impl Fn(&Error) -> bool,
) -> Result<Seen> {
    refusal(vault.and_then(|vault| call(&vault)), fits).map(Seen::Refused)
}

/// What the error says. Anything but an error that fits ends the program.
fn refusal<T>(result: Result<T, Error>, fits: impl Fn(&Error) -> bool) -> Result<String> {
    match result {
        Ok(_) => Err("this was not refused".into()),
        Err(error) if fits(&error) => Ok(error.to_string()),
        Err(error) => Err(format!("this ended with another error than it should: {error}").into()),
    }
}

fn withheld(error: &Error) -> bool {
    *error == Error::Withheld
}

fn unopenable(error: &Error) -> bool {
    matches!(error, Error::Unopenable { .. })
}

/// An open vault knows which entry should be there; one that is opened anew knows that something is missing.
fn missing(error: &Error) -> bool {
    withheld(error) || unopenable(error)
}

fn read(clinic: &Clinic, vault: &Vault, entry: EntryId) -> Result<Vec<u8>, Error> {
    Ok(vault.chart(&clinic.ana.id())?.get(&entry)?.content().to_vec())
}

fn index_is_derived(clinic: &Clinic) -> Result<Seen> {
    for vault in [clinic.vault.clone(), clinic.again()?] {
        let listed = vault.chart(&clinic.ana.id())?.list()?;
        expect(listed.entries().len() == clinic.notes.len(), "every entry is found")?;
        expect(read(clinic, &vault, clinic.newest())? == NEWEST.as_bytes(), "the newest entry is read")?;
    }
    Ok(Seen::True("every entry is found: the index is derived anew"))
}

/// The places of a chart's rows in a table, in order.
fn places(rows: &Rows, table: Table, chart: &Chart) -> Vec<Place> {
    let id = chart.id();
    rows.keys().filter(|(of, part, _)| *of == table && part == id.as_bytes()).cloned().collect()
}

fn last(rows: &Rows, table: Table, chart: &Chart) -> Option<Place> {
    places(rows, table, chart).pop()
}

fn leaves(rows: &Rows) -> Vec<Place> {
    rows.keys().filter(|(table, ..)| *table == Table::Log).cloned().collect()
}

fn copy(rows: &mut Rows, from: &Place, to: &Place) {
    if let Some(value) = rows.get(from).cloned() {
        rows.insert(to.clone(), value);
    }
}

fn swap(rows: &mut Rows, one: &Place, other: &Place) {
    if let (Some(first), Some(second)) = (rows.get(one).cloned(), rows.get(other).cloned()) {
        rows.insert(one.clone(), second);
        rows.insert(other.clone(), first);
    }
}

fn flip(rows: &mut Rows, place: Option<Place>) {
    let value = place.and_then(|place| rows.get_mut(&place));
    let middle = value.and_then(|value| {
        let middle = value.len() / 2;
        value.get_mut(middle)
    });
    if let Some(byte) = middle {
        *byte ^= 1;
    }
}

/// Shows some rows as they were then, and none of those that came since.
fn restore(rows: &mut Rows, then: &Rows, which: impl Fn(&Place) -> bool) {
    rows.retain(|place, _| !which(place));
    rows.extend(then.iter().filter(|(place, _)| which(place)).map(|(place, value)| (place.clone(), value.clone())));
}

/// Puts rows of another clinic's vault, which the host made for itself, among those of this one.
fn plant(clinic: &Clinic, rows: &mut Rows, table: Table) {
    let Ok(own) = Clinic::new() else { return };
    let (here, there) = (clinic.ana.id(), own.ana.id());
    for ((of, part, key), value) in own.host.rows() {
        if of == table {
            let part = if part == there.as_bytes() { here.as_bytes().to_vec() } else { part };
            rows.insert((of, part, key), value);
        }
    }
}
