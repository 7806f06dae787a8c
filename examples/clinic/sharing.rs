//! Two vaults get to know each other, and one label of a chart is shared and taken back.

use crate::intake::Filled;
use crate::say::{Result, count, expect, refusal, size, time};
use crate::{CLINIC, SPECIALIST, fresh_key};
use ampoule::{Contact, Cursor, Error, Grant, Label, Purpose, Record, Recovery, SqliteStore, Terms, Unlock, Vault};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Who shares with whom.
pub(crate) struct Parties<'a> {
    pub(crate) clinic: &'a Vault,
    pub(crate) lee: &'a Vault,
    pub(crate) lee_at_clinic: Contact,
    pub(crate) clinic_at_lee: Contact,
}

/// A specialist's vault. She has a second device instead of a recovery code.
pub(crate) fn specialist(database: &Path) -> Result<Vault> {
    let second = Recovery::also(Unlock::device_key(&fresh_key()?));
    Ok(Vault::create(SqliteStore::open(database)?, SPECIALIST, &Unlock::device_key(&fresh_key()?), &second)?.0)
}

/// They exchange cards, and compare fingerprints by telephone.
pub(crate) fn acquaint(clinic: &Vault, lee: &Vault) -> Result<(Contact, Contact)> {
    let (card, her_card) = (clinic.card()?, lee.card()?);
    let lee_at_clinic = clinic.contacts().add(&her_card.to_bytes())?;
    let clinic_at_lee = lee.contacts().add(&card.to_bytes())?;
    let wrong = lee_at_clinic.verify(&card.fingerprint().digits());
    println!(
        "\n   {SPECIALIST} has a vault of her own. They exchange cards and read their fingerprints to each other:\n"
    );
    println!("      {CLINIC}: {}", card.fingerprint());
    println!("      {SPECIALIST}: {} (or in words: {})", her_card.fingerprint(), her_card.fingerprint().words());
    println!("\n   Had another fingerprint been read out: \"{}\"", refusal(wrong, "another fingerprint")?);
    lee_at_clinic.verify(&her_card.fingerprint().words())?;
    clinic_at_lee.verify(&card.fingerprint().digits())?;
    Ok((lee_at_clinic, clinic_at_lee))
}

/// The general label goes to the specialist in a file, is read there, and is taken back.
pub(crate) fn share_and_take_back(parties: &Parties<'_>, story: &Filled, folder: &Path) -> Result<()> {
    let Parties { clinic: _, lee, lee_at_clinic, clinic_at_lee } = parties;
    let chart = &story.chart;
    let labelled = story.records.iter().find(|(_, label)| *label != Label::general());
    let sensitive = if let Some(labelled) = labelled {
        labelled.clone()
    } else {
        let label = Label::new("psy")?;
        let note = Record::opaque("text/plain", "A talk of an hour.").labelled(label.clone());
        (chart.put(&note)?, label)
    };
    let general = story.records.iter().filter(|(_, label)| *label == Label::general()).count();

    let until = jiff::Timestamp::now().checked_add(jiff::Span::new().hours(30 * 24))?;
    let grant = Grant::read().label(Label::general()).purpose(Purpose::Treat).until(until.as_millisecond());
    let start = Instant::now();
    chart.share(lee_at_clinic, &grant)?;
    println!(
        "\n   {SPECIALIST} gets the label \"general\" of this chart, to read, for treatment ({}), until {until:.0}: one sealed\n   \
         grant, made in {}, whatever the length of the chart.",
        Purpose::Treat.code(),
        time(start.elapsed())
    );
    let file = folder.join("for-dr-lee.ampoule");
    let start = Instant::now();
    fs::write(&file, chart.export(lee_at_clinic, Cursor::START)?)?;
    println!("   A bundle for any courier: {} in {}.", size(fs::metadata(&file)?.len()), time(start.elapsed()));

    let start = Instant::now();
    let applied = lee.import(&fs::read(&file)?)?;
    println!("   She imports it: {} versions, verified in {}.", count(applied.added), time(start.elapsed()));
    // The corrected record came with both its versions.
    expect(applied.added == u64::try_from(general)?.saturating_add(1), "she gets all that is general, and only that")?;
    expect(applied.rejected == 0, "every version verifies")?;
    expect(lee.import(&fs::read(&file)?)?.added == 0, "a second import changes nothing")?;
    let copy = lee.chart(&chart.id())?;
    let mut read = 0_u64;
    for found in copy.list()? {
        let (here, there) = (copy.get(&found.id)?, chart.get(&found.id)?);
        expect(here.content() == there.content(), "she reads the very bytes")?;
        expect(here.author() == CLINIC && !here.is_mine(), "and sees who signed them")?;
        read = read.saturating_add(1);
    }
    println!("   She reads {} records, each signed by {CLINIC}.", count(read));
    expect(read == u64::try_from(general)?, "she reads all that was granted")?;

    let (id, label) = &sensitive;
    let refused = refusal(copy.get(id), "reading another label")?;
    println!("   She asks for a record with the label \"{label}\": \"{refused}\"");
    expect(refused == Error::UnknownEntry, "she does not even see that it is there")?;
    let hers = Record::opaque("text/plain", "A line of hers.");
    let refused = refusal(copy.put(&hers), "writing with the right to read")?;
    println!("   Writing into the chart: \"{refused}\"");
    expect(refused == Error::NotGranted, "the right to read is no right to write")?;
    let refused = refusal(copy.revoke(clinic_at_lee), "revoking")?;
    println!("   Changing who has access: \"{refused}\"");
    expect(refused == Error::NotCustodian, "only custodians share and revoke")?;

    let start = Instant::now();
    chart.revoke(lee_at_clinic)?;
    println!(
        "\n   The share is taken back: fresh keys for all who stay, in {}. Then a record is added.",
        time(start.elapsed())
    );
    let terms = Terms { kind: "Note".into(), words: Terms::fold("after the share ended"), ..Terms::default() };
    let later = chart.put(&Record::opaque("text/plain", "Written after the share ended.").with_terms(terms))?;
    let file = folder.join("for-dr-lee-2.ampoule");
    fs::write(&file, chart.export(lee_at_clinic, applied.next)?)?;
    let applied = lee.import(&fs::read(&file)?)?;
    expect(applied.added == 0, "the new bundle has no record for her")?;
    let refused = refusal(copy.get(&later), "reading after the share ended")?;
    println!("   {SPECIALIST} imports the next bundle and looks for it: \"{refused}\"");
    expect(refused == Error::GrantEnded, "she learns that her grant has ended")?;
    expect(chart.get(&later)?.content() == b"Written after the share ended.", "the clinic reads on")
}

/// A vault with the same names and no record, to tell the words of the software from those of the records.
pub(crate) fn empty_vault(folder: &Path) -> Result<PathBuf> {
    let database = folder.join("clinic.db");
    let (clinic, _) =
        Vault::create(SqliteStore::open(&database)?, CLINIC, &Unlock::device_key(&fresh_key()?), &Recovery::code())?;
    let lee = specialist(&folder.join("dr-lee.db"))?;
    let contact = clinic.contacts().add(&lee.card()?.to_bytes())?;
    contact.verify(&lee.card()?.fingerprint().digits())?;
    clinic.create_chart()?.share(&contact, &Grant::read())?;
    Ok(database)
}
