//! Conversations in a chart.

use crate::chart::ampoule_chart;
use crate::codes::{ampoule_acceptance, ampoule_known, ampoule_receipt, ampoule_revision};
use crate::ids::{ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, lend, text, value};
use crate::status::ampoule_status;
use crate::{boundary, handles};
use ampoule::{Error, Label, Message, Posted, Thread, ThreadInfo};
use std::ffi::c_char;
use std::sync::{Mutex, PoisonError};

/// A thread of messages, in one order for everybody. It is dead while its vault is locked. Any thread of the program.
pub struct ampoule_thread(pub(crate) Thread);

/// Begins a thread under a label.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_start_thread(
    chart: *const ampoule_chart,
    subject: *const c_char,
    subject_len: usize,
    label: *const c_char,
    label_len: usize,
    thread: *mut *mut ampoule_thread,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(thread)?;
        let label = Label::new(text(label, label_len)?)?;
        let begun = handles::get(chart)?.0.start_thread(text(subject, subject_len)?, &label)?;
        out.write(handles::open(ampoule_thread(begun))?);
        Ok(())
    })
}

/// A thread by the entry that opened it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_thread(
    chart: *const ampoule_chart,
    id: *const ampoule_entry_id,
    thread: *mut *mut ampoule_thread,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(thread)?;
        let found = handles::get(chart)?.0.thread(&value(id)?.into())?;
        out.write(handles::open(ampoule_thread(found))?);
        Ok(())
    })
}

/// The entry that opened the thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_get_id(
    thread: *const ampoule_thread,
    id: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        out.write(handles::get(thread)?.0.id().into());
        Ok(())
    })
}

/// The threads of a chart. It does not change. Any thread of the program.
pub struct ampoule_threads(Vec<Result<ThreadInfo, Error>>);

/// A thread among those of a chart.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_thread_info {
    /// The entry that opened it.
    pub id: ampoule_entry_id,
    /// How many messages it has here, deleted ones too.
    pub messages: usize,
    /// When it was opened, as the author says, in milliseconds since 1970.
    pub opened_ms: i64,
    /// When the last of its messages was written, as its author says; of a thread without one, when it was opened.
    pub last_ms: i64,
    /// How well the one who opened it is known.
    pub known: ampoule_known,
}

/// The threads of a chart, oldest first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_threads(
    chart: *const ampoule_chart,
    threads: *mut *mut ampoule_threads,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(threads)?;
        let found = handles::get(chart)?.0.threads()?;
        out.write(handles::open(ampoule_threads(found))?);
        Ok(())
    })
}

/// How many threads there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_threads_count(threads: *const ampoule_threads, count: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(threads)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, with its subject, or the error that is in its place. The subject is text of the list's own, there until
/// it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_threads_at(
    threads: *const ampoule_threads,
    place: usize,
    info: *mut ampoule_thread_info,
    subject: *mut *const c_char,
    subject_len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, subject_out, len_out) = (Out::at(info)?, Out::at(subject)?, Out::at(subject_len)?);
        let threads = handles::get(threads)?;
        let thread = threads.0.get(place).ok_or(ampoule_status::OutOfRange)?.as_ref().map_err(Clone::clone)?;
        out.write(ampoule_thread_info {
            id: thread.id.into(),
            messages: thread.messages,
            opened_ms: thread.opened_ms,
            last_ms: thread.last_ms.unwrap_or(thread.opened_ms),
            known: ampoule_known::of(thread.author.known),
        });
        subject_out.write(thread.subject.as_ptr().cast());
        len_out.write(thread.subject.len());
        Ok(())
    })
}

/// A message to be sent. It can be sent more than once. Any thread of the program.
pub struct ampoule_message(Mutex<Message>);

impl ampoule_message {
    fn message(&self) -> Message {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(Message) -> Message) {
        let mut message = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *message = change(message.clone());
    }
}

/// A message of this text, up to 1 MiB.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_message_new(
    words: *const c_char,
    words_len: usize,
    message: *mut *mut ampoule_message,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(message)?;
        let made = Message::text(text(words, words_len)?);
        out.write(handles::open(ampoule_message(Mutex::new(made)))?);
        Ok(())
    })
}

/// Answers another message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_message_set_reply_to(
    message: *const ampoule_message,
    answered: *const ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let answered = value(answered)?.into();
        handles::get(message)?.change(|message| message.in_reply_to(&answered));
        Ok(())
    })
}

/// Sends an entry of the chart with it. Of a voice note, `voice_ms` is its length; of anything else it is 0. Up to 64 of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_message_attach(
    message: *const ampoule_message,
    entry: *const ampoule_entry_id,
    voice_ms: u32,
) -> ampoule_status {
    boundary::call(|| {
        let entry = value(entry)?.into();
        handles::get(message)?.change(|message| match voice_ms {
            0 => message.attach(&entry),
            _ => message.attach_voice(&entry, voice_ms),
        });
        Ok(())
    })
}

/// Sends a message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_send(
    thread: *const ampoule_thread,
    message: *const ampoule_message,
    id: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        let message = handles::get(message)?.message();
        out.write(handles::get(thread)?.0.send(&message)?.into());
        Ok(())
    })
}

/// As `ampoule_thread_send`, once for each key: a repeated request gives the message of the first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_send_once(
    thread: *const ampoule_thread,
    key: *const c_char,
    key_len: usize,
    message: *const ampoule_message,
    id: *mut ampoule_entry_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        let message = handles::get(message)?.message();
        out.write(handles::get(thread)?.0.send_once(text(key, key_len)?, &message)?.into());
        Ok(())
    })
}

/// Changes one's own message. What it was stays in its history.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_edit(
    thread: *const ampoule_thread,
    id: *const ampoule_entry_id,
    message: *const ampoule_message,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        let message = handles::get(message)?.message();
        out.write(handles::get(thread)?.0.edit(&value(id)?.into(), &message)?.into());
        Ok(())
    })
}

/// Deletes one's own message. What it was stays in its history.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_delete(
    thread: *const ampoule_thread,
    id: *const ampoule_entry_id,
    version: *mut ampoule_version_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(version)?;
        out.write(handles::get(thread)?.0.delete(&value(id)?.into())?.into());
        Ok(())
    })
}

/// Reacts to a message: an emoji, or a short text of up to 64 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_react(
    thread: *const ampoule_thread,
    id: *const ampoule_entry_id,
    symbol: *const c_char,
    symbol_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(thread)?.0.react(&value(id)?.into(), text(symbol, symbol_len)?)?))
}

/// Takes a reaction back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_take_back(
    thread: *const ampoule_thread,
    id: *const ampoule_entry_id,
    symbol: *const c_char,
    symbol_len: usize,
) -> ampoule_status {
    boundary::call(|| Ok(handles::get(thread)?.0.take_back(&value(id)?.into(), text(symbol, symbol_len)?)?))
}

/// Says that the messages up to this one were delivered or read: an `ampoule_receipt`. Gives whether that was said, which the
/// vault's options may leave out; may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_acknowledge(
    thread: *const ampoule_thread,
    up_to: *const ampoule_entry_id,
    receipt: u32,
    said: *mut bool,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::wanted(said);
        let receipt = ampoule_receipt::read(receipt)?;
        let said = handles::get(thread)?.0.acknowledge(&value(up_to)?.into(), receipt)?;
        if let Some(out) = out {
            out.write(said);
        }
        Ok(())
    })
}

/// Messages of a thread, the oldest first. It does not change. Any thread of the program.
pub struct ampoule_messages(Vec<Result<Posted, Error>>);

/// The last messages of a thread, up to `most`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_last(
    thread: *const ampoule_thread,
    most: usize,
    messages: *mut *mut ampoule_messages,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(messages)?;
        let found = handles::get(thread)?.0.last(most)?;
        out.write(handles::open(ampoule_messages(found))?);
        Ok(())
    })
}

/// The messages before one that was read, up to `most`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_thread_before(
    thread: *const ampoule_thread,
    message: *const ampoule_posted,
    most: usize,
    messages: *mut *mut ampoule_messages,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(messages)?;
        let message = handles::get(message)?;
        let found = handles::get(thread)?.0.before(&message.0, most)?;
        out.write(handles::open(ampoule_messages(found))?);
        Ok(())
    })
}

/// A message by the entry that it is, in whatever thread of the chart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_message(
    chart: *const ampoule_chart,
    id: *const ampoule_entry_id,
    posted: *mut *mut ampoule_posted,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(posted)?;
        let message = handles::get(chart)?.0.message(&value(id)?.into())?;
        out.write(handles::open(ampoule_posted(message))?);
        Ok(())
    })
}

/// How many messages there are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_messages_count(
    messages: *const ampoule_messages,
    count: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(count)?;
        out.write(handles::get(messages)?.0.len());
        Ok(())
    })
}

/// One of them, from 0, or the error that is in its place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_messages_at(
    messages: *const ampoule_messages,
    place: usize,
    posted: *mut *mut ampoule_posted,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(posted)?;
        let messages = handles::get(messages)?;
        let message = messages.0.get(place).ok_or(ampoule_status::OutOfRange)?.clone()?;
        out.write(handles::open(ampoule_posted(message))?);
        Ok(())
    })
}

/// A message as it stands now. It does not change. Any thread of the program.
pub struct ampoule_posted(pub(crate) Posted);

/// What a message says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_posted_info {
    /// The entry that it is: what answers, reactions and changes name.
    pub id: ampoule_entry_id,
    /// The message that it answers, if it is one.
    pub reply_to: ampoule_entry_id,
    /// Whether it answers one.
    pub is_reply: bool,
    /// Whether something that the author had before him is not here.
    pub gap: bool,
    /// Whether the author dates it before something that he had before him.
    pub misdated: bool,
    /// How well the author is known.
    pub known: ampoule_known,
    /// What the author has done with it since.
    pub revision: ampoule_revision,
    /// How the version is regarded.
    pub acceptance: ampoule_acceptance,
    /// When the author says that he wrote it, in milliseconds since 1970.
    pub time_ms: i64,
    /// How many entries go with it.
    pub attachments: usize,
    /// How many reactions stand.
    pub reactions: usize,
}

/// What a message says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_get_info(
    posted: *const ampoule_posted,
    info: *mut ampoule_posted_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let message = &handles::get(posted)?.0;
        out.write(ampoule_posted_info {
            id: message.id.into(),
            reply_to: message.reply_to.map_or(ampoule_entry_id { bytes: [0; 16] }, Into::into),
            is_reply: message.reply_to.is_some(),
            gap: message.gap,
            misdated: message.misdated,
            known: ampoule_known::of(message.author.known),
            revision: ampoule_revision::of(message.revision),
            acceptance: ampoule_acceptance::of(message.acceptance),
            time_ms: message.time_ms,
            attachments: message.attachments.len(),
            reactions: message.reactions.len(),
        });
        Ok(())
    })
}

/// The text; none where it was deleted. It is the message's own, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_text(
    posted: *const ampoule_posted,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(&handles::get(posted)?.0.text, out, out_len);
        Ok(())
    })
}

/// Name on the author's card: as `ampoule_posted_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_author(
    posted: *const ampoule_posted,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        lend(&handles::get(posted)?.0.author.name, out, out_len);
        Ok(())
    })
}

/// A reaction, from 0: as `ampoule_posted_text`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_reaction(
    posted: *const ampoule_posted,
    place: usize,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        let posted = handles::get(posted)?;
        lend(&posted.0.reactions.get(place).ok_or(ampoule_status::OutOfRange)?.symbol, out, out_len);
        Ok(())
    })
}

/// An entry that goes with it, from 0, and the version that the author saw. Of a voice note, its length, else 0. What is not
/// wanted may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_posted_attachment(
    posted: *const ampoule_posted,
    place: usize,
    entry: *mut ampoule_entry_id,
    version: *mut ampoule_version_id,
    voice_ms: *mut u32,
) -> ampoule_status {
    boundary::call(|| {
        let (entry, version, voice) = (Out::wanted(entry), Out::wanted(version), Out::wanted(voice_ms));
        let posted = handles::get(posted)?;
        let attached = posted.0.attachments.get(place).ok_or(ampoule_status::OutOfRange)?;
        if let Some(out) = entry {
            out.write(attached.entry.into());
        }
        if let Some(out) = version {
            out.write(attached.version.into());
        }
        if let Some(out) = voice {
            out.write(attached.voice_ms.unwrap_or(0));
        }
        Ok(())
    })
}
