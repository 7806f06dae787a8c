//! The clinic and the specialist talk about the patient, in the chart.

use crate::say::{Result, count, expect, size};
use crate::sharing::Parties;
use crate::{CLINIC, SPECIALIST, intake::Filled};
use ampoule::{Cursor, EntryId, Grant, Known, Label, Message, Posted, Purpose, Receipt, Revision, Thread};

/// A question, an answer that is corrected, and receipts: by bundles, as any courier carries them.
pub(crate) fn consult(parties: &Parties<'_>, story: &Filled) -> Result<()> {
    let Parties { clinic: _, lee, lee_at_clinic, clinic_at_lee } = parties;
    let chart = &story.chart;
    let grant = Grant::write().label(Label::general()).purpose(Purpose::Treat).without_history();
    chart.share(lee_at_clinic, &grant)?;
    let thread = chart.start_thread("Second opinion", &Label::general())?;
    let opened = lee.import(&chart.export(lee_at_clinic, Cursor::START)?)?;
    let copy = lee.chart(&chart.id())?.thread(&thread.id())?;

    let question = thread.send(&Message::text("Would you go on with the present dose?"))?;
    let bundle = chart.export(lee_at_clinic, opened.next)?;
    lee.import(&bundle)?;
    println!("   {CLINIC} asks. The bundle with one message has {}.", size(u64::try_from(bundle.len())?));
    expect(copy.acknowledge(&question, Receipt::Read)?, "she gives a receipt")?;
    let answer = copy.send(&Message::text("Yes, and see her again in a moth.").in_reply_to(&question))?;
    copy.edit(&answer, &Message::text("Yes, and see her again in a month."))?;
    copy.react(&question, "👍")?;
    chart_takes(parties, &copy, clinic_at_lee)?;

    let [asked, answered] = &read(&thread)?[..] else { return Err("there are not two messages".into()) };
    println!("   {SPECIALIST} answers: \"{}\"", answered.text);
    expect(
        answered.author.known == Known::Verified && answered.author.name == SPECIALIST,
        "it is certain who answers",
    )?;
    expect(answered.revision == Revision::Edited && answered.reply_to == Some(asked.id), "it is her corrected answer")?;
    expect(asked.receipts.len() == 1 && asked.reactions.len() == 1, "she has read the question, and likes it")?;
    let order =
        |thread: &Thread| -> Result<Vec<EntryId>> { Ok(read(thread)?.iter().map(|posted| posted.id).collect()) };
    expect(order(&thread)? == order(&copy)?, "both see one order")?;
    println!("   Both see {} messages in one order, hers changed since, the question read and liked.", count(2_u64));
    chart.revoke(lee_at_clinic)?;
    Ok(())
}

fn chart_takes(parties: &Parties<'_>, copy: &Thread, to: &ampoule::Contact) -> Result<()> {
    let bundle = copy.chart().export(to, Cursor::START)?;
    let applied = parties.clinic.import(&bundle)?;
    expect(applied.rejected == 0, "every message verifies")
}

fn read(thread: &Thread) -> Result<Vec<Posted>> {
    Ok(thread.last(100)?.into_iter().collect::<std::result::Result<_, _>>()?)
}
