//! The clinic and the specialist talk about the patient, in the chart.

use crate::say::{Result, count, expect, refusal, size, time};
use crate::sharing::Parties;
use crate::{CLINIC, SPECIALIST, intake::Filled};
use ampoule::{
    Chart, Cursor, EntryId, FileInfo, Grant, Known, Label, Message, Posted, Purpose, Receipt, Revision, Thread,
};
use std::time::Instant;

/// Of the file that is attached.
const NAME: &str = "mri-knee.dcm";

/// A question, an answer that is corrected, and receipts: by bundles, as any courier carries them.
pub(crate) fn consult(parties: &Parties<'_>, story: &Filled) -> Result<()> {
    let Parties { clinic: _, lee, lee_at_clinic, clinic_at_lee } = parties;
    let chart = &story.chart;
    let grant = Grant::write().label(Label::general()).purpose(Purpose::Treat).without_history();
    chart.share(lee_at_clinic, &grant)?;
    let thread = chart.start_thread("Second opinion", &Label::general())?;
    let opened = lee.import(&chart.export(lee_at_clinic, Cursor::START)?)?;
    let copy = lee.chart(&chart.id())?.thread(&thread.id())?;

    let scan = attach(chart)?;
    let question = thread.send(&Message::text("Would you go on with the present dose?").attach(&scan))?;
    let bundle = chart.export(lee_at_clinic, opened.next)?;
    lee.import(&bundle)?;
    println!("   {CLINIC} asks. The bundle with one message has {}.", size(u64::try_from(bundle.len())?));
    expect(copy.chart().get(&scan)?.record().name() == Some(NAME), "she sees what is attached")?;
    let refused = refusal(copy.chart().file(&scan), "reading content that did not come along")?;
    println!("   She sees the file that goes with it; its content travels apart: \"{refused}\"");
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

/// A file of 3 MB goes into the chart, and any part of it comes out.
fn attach(chart: &Chart) -> Result<EntryId> {
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(|number| number.to_le_bytes().into_iter().take(1)).collect();
    let start = Instant::now();
    let scan = chart.put_file(&FileInfo::new("application/dicom").named(NAME), &content[..])?;
    println!(
        "   {CLINIC} attaches a file of {}, on disk in {}.",
        size(u64::try_from(content.len())?),
        time(start.elapsed())
    );
    let part = 2_000_000..2_000_500;
    let read = chart.file(&scan)?.read_range(2_000_000..2_000_500)?;
    expect(content.get(part) == Some(&read[..]), "a part of it comes back as it went in")?;
    Ok(scan)
}

fn chart_takes(parties: &Parties<'_>, copy: &Thread, to: &ampoule::Contact) -> Result<()> {
    let bundle = copy.chart().export(to, Cursor::START)?;
    let applied = parties.clinic.import(&bundle)?;
    expect(applied.rejected == 0, "every message verifies")
}

fn read(thread: &Thread) -> Result<Vec<Posted>> {
    Ok(thread.last(100)?.into_iter().collect::<std::result::Result<_, _>>()?)
}
