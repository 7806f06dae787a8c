//! The lower floor: keys and sealed bytes without a store, for an application that keeps them in tables of its own.

use crate::buffer::ampoule_buffer;
use crate::codes::{ampoule_member_kind, ampoule_suite};
use crate::ids::{ampoule_chart_id, ampoule_entry_id, ampoule_version_id};
use crate::memory::{Out, bytes, text, value};
use crate::record::ampoule_record;
use crate::sharing::ampoule_grant;
use crate::status::ampoule_status;
use crate::unlock::ampoule_unlock;
use crate::vault::{ampoule_recovery, recovery};
use crate::{boundary, handles};
use ampoule::expert::{ChartKeys, OpenedEntry, SealedEntry, Unlocked};
use ampoule::{Card, VersionId};
use std::ffi::c_char;
use zeroize::Zeroizing;

/// The open keys of a member that keeps its own state, for the lower floor. They are wiped when it is closed. Any thread.
pub struct ampoule_member(Unlocked);

/// Draws the keys of a new member. `kind` is an `ampoule_member_kind`, `suite` an `ampoule_suite`, `recovery`, `also` and `code`
/// are as for `ampoule_vault_create`. Store what `ampoule_member_state` gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_member_create(
    name: *const c_char,
    name_len: usize,
    kind: u32,
    suite: u32,
    unlock: *const ampoule_unlock,
    recovery: u32,
    also: *const ampoule_unlock,
    now_ms: i64,
    member: *mut *mut ampoule_member,
    code: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let (out, words_out) = (Out::at(member)?, Out::wanted(code));
        if words_out.is_none() && recovery == ampoule_recovery::Code as u32 {
            return Err(ampoule_status::NullArgument);
        }
        let (kind, suite) = (ampoule_member_kind::read(kind)?, ampoule_suite::read(suite)?);
        let (second, unlock) = (self::recovery(recovery, also)?, handles::get(unlock)?.way()?);
        let (made, words) = Unlocked::create(text(name, name_len)?, kind, &unlock, &second, suite, now_ms)?;
        let words = words.map(|code| ampoule_buffer::secret(Zeroizing::new(code.to_words().as_bytes().to_vec())));
        let words = words.transpose()?;
        out.write(handles::open(ampoule_member(made))?);
        if let (Some(out), Some(words)) = (words_out, words) {
            out.write(words);
        }
        Ok(())
    })
}

/// Opens the keys of a member from its stored state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_member_open(
    state: *const u8,
    state_len: usize,
    unlock: *const ampoule_unlock,
    member: *mut *mut ampoule_member,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(member)?;
        let unlock = handles::get(unlock)?.way()?;
        let opened = Unlocked::open(bytes(state, state_len)?, &unlock)?;
        out.write(handles::open(ampoule_member(opened))?);
        Ok(())
    })
}

/// The state to store. It holds no usable secret without a way in.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_member_state(
    member: *const ampoule_member,
    state: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(state)?;
        out.write(ampoule_buffer::of(handles::get(member)?.0.bytes())?);
        Ok(())
    })
}

/// The card that others compare and share with. It is public.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_member_card(
    member: *const ampoule_member,
    card: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(card)?;
        out.write(ampoule_buffer::of(handles::get(member)?.0.card()?.to_bytes())?);
        Ok(())
    })
}

/// The keys of one chart. They do not change: a change gives new ones. They are wiped when they are closed. Any thread.
///
/// What this floor cannot give, because it sees one entry at a time: search, freshness, an audit of reads, handling of
/// conflicts. Whoever keeps the bytes may give old ones: `ampoule_chart_keys_open` says only that they are authentic.
pub struct ampoule_chart_keys(ChartKeys);

/// Founds a chart with the standard labels.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_create(
    member: *const ampoule_member,
    now_ms: i64,
    keys: *mut *mut ampoule_chart_keys,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(keys)?;
        let made = ChartKeys::create(&handles::get(member)?.0, now_ms)?;
        out.write(handles::open(ampoule_chart_keys(made))?);
        Ok(())
    })
}

/// Loads a chart from its stored state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_load(
    state: *const u8,
    state_len: usize,
    member: *const ampoule_member,
    keys: *mut *mut ampoule_chart_keys,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(keys)?;
        let loaded = ChartKeys::load(bytes(state, state_len)?, &handles::get(member)?.0)?;
        out.write(handles::open(ampoule_chart_keys(loaded))?);
        Ok(())
    })
}

/// The state to store, after the chart was founded and after each change. Replace the old one only if nobody else has replaced
/// it meanwhile; else load theirs and do it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_state(
    keys: *const ampoule_chart_keys,
    member: *const ampoule_member,
    state: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(state)?;
        let state = handles::get(keys)?.0.state(&handles::get(member)?.0)?;
        out.write(ampoule_buffer::of(state)?);
        Ok(())
    })
}

/// Id of the chart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_get_id(
    keys: *const ampoule_chart_keys,
    id: *mut ampoule_chart_id,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(id)?;
        out.write(handles::get(keys)?.0.chart().into());
        Ok(())
    })
}

/// Most bytes that sealing content of `len` bytes gives: the width of a column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_sealed_size_max(len: usize, most: *mut usize) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(most)?;
        out.write(ChartKeys::sealed_size_max(len).ok_or(ampoule_status::TooLong)?);
        Ok(())
    })
}

/// Seals a record as a new entry: one value for one column.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_seal(
    keys: *const ampoule_chart_keys,
    record: *const ampoule_record,
    now_ms: i64,
    sealed: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(sealed)?;
        let (keys, record) = (handles::get(keys)?, handles::get(record)?);
        let entry = record.with(|record| keys.0.seal(record, now_ms))?;
        out.write(ampoule_buffer::of(entry.to_bytes())?);
        Ok(())
    })
}

/// Seals a version of an entry that replaces `parents`, an array of so many ids.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_seal_version(
    keys: *const ampoule_chart_keys,
    entry: *const ampoule_entry_id,
    parents: *const ampoule_version_id,
    parent_count: usize,
    record: *const ampoule_record,
    now_ms: i64,
    sealed: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(sealed)?;
        let len = parent_count.checked_mul(size_of::<ampoule_version_id>()).ok_or(ampoule_status::InvalidLength)?;
        let (ids, _) = bytes(parents.cast(), len)?.as_chunks::<16>();
        let parents: Vec<VersionId> = ids.iter().copied().map(VersionId::from_bytes).collect();
        let (entry, keys, record) = (value(entry)?.into(), handles::get(keys)?, handles::get(record)?);
        let version = record.with(|record| keys.0.seal_version(entry, &parents, record, now_ms))?;
        out.write(ampoule_buffer::of(version.to_bytes())?);
        Ok(())
    })
}

/// Opens an entry and verifies who wrote it, and that he had the right to. With `expected`, a hash of 32 bytes as
/// `ampoule_opened_get_info` gave it, no other entry is accepted; without, it is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_open(
    keys: *const ampoule_chart_keys,
    sealed: *const u8,
    sealed_len: usize,
    expected: *const u8,
    opened: *mut *mut ampoule_opened,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(opened)?;
        let keys = handles::get(keys)?;
        let sealed = SealedEntry::from_bytes(bytes(sealed, sealed_len)?)?;
        let entry = if expected.is_null() {
            keys.0.open(&sealed)?
        } else {
            keys.0.open_expecting(&sealed, &value(expected.cast())?)?
        };
        out.write(handles::open(ampoule_opened(entry))?);
        Ok(())
    })
}

/// The same entry with its key wrapped for the newest keys of the chart, after a revocation. Its hash stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_rewrap(
    keys: *const ampoule_chart_keys,
    sealed: *const u8,
    sealed_len: usize,
    rewrapped: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(rewrapped)?;
        let sealed = SealedEntry::from_bytes(bytes(sealed, sealed_len)?)?;
        let entry = handles::get(keys)?.0.rewrap(&sealed)?;
        out.write(ampoule_buffer::of(entry.to_bytes())?);
        Ok(())
    })
}

/// Shares the chart with the owner of a card whose fingerprint was compared. Gives the keys as they are from now on: store
/// their state, then hand over what `ampoule_chart_keys_grant_for` gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_share(
    keys: *const ampoule_chart_keys,
    card: *const u8,
    card_len: usize,
    grant: *const ampoule_grant,
    now_ms: i64,
    next: *mut *mut ampoule_chart_keys,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(next)?;
        let (card, grant) = (Card::from_bytes(bytes(card, card_len)?)?, handles::get(grant)?.grant());
        let keys = handles::get(keys)?.0.share(&card, &grant, now_ms)?;
        out.write(handles::open(ampoule_chart_keys(keys))?);
        Ok(())
    })
}

/// Ends every grant of a member: fresh keys for those who stay. Gives the keys as they are from now on: store their state, then
/// hand over to each of those what `ampoule_chart_keys_grant_for` gives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_revoke(
    keys: *const ampoule_chart_keys,
    card: *const u8,
    card_len: usize,
    now_ms: i64,
    next: *mut *mut ampoule_chart_keys,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(next)?;
        let card = Card::from_bytes(bytes(card, card_len)?)?;
        let keys = handles::get(keys)?.0.revoke(&card, now_ms)?;
        out.write(handles::open(ampoule_chart_keys(keys))?);
        Ok(())
    })
}

/// What to hand over to the owner of a card, by any way, after each change of the sharing: what is shared, sealed to that member.
/// Names of the chart's members can be read in it. `AMPOULE_STATUS_NO_SUCH_MEMBER` where there is nothing for that member.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_grant_for(
    keys: *const ampoule_chart_keys,
    card: *const u8,
    card_len: usize,
    handed: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(handed)?;
        let card = Card::from_bytes(bytes(card, card_len)?)?;
        out.write(ampoule_buffer::of(handles::get(keys)?.0.grant_for(&card)?)?);
        Ok(())
    })
}

/// Takes what `ampoule_chart_keys_grant_for` gave the owner of `card`, whose fingerprint was compared. `known` is NULL the first
/// time, and later the keys that were taken of this chart before: an older hand-over is `AMPOULE_STATUS_SUPERSEDED` then. Gives
/// keys of the chart for `member`: store their state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_chart_keys_take(
    handed: *const u8,
    handed_len: usize,
    member: *const ampoule_member,
    card: *const u8,
    card_len: usize,
    known: *const ampoule_chart_keys,
    keys: *mut *mut ampoule_chart_keys,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(keys)?;
        let (member, from) = (handles::get(member)?, Card::from_bytes(bytes(card, card_len)?)?);
        let known = if known.is_null() { None } else { Some(handles::get(known)?) };
        let known = known.as_ref().map(|known| &known.0);
        let taken = ChartKeys::take(bytes(handed, handed_len)?, &member.0, &from, known)?;
        out.write(handles::open(ampoule_chart_keys(taken))?);
        Ok(())
    })
}

/// An entry that was opened without a store: authentic, and perhaps not the newest. It does not change. Any thread.
pub struct ampoule_opened(OpenedEntry);

/// What an opened entry says of itself.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ampoule_opened_info {
    /// The entry, over all its versions.
    pub entry: ampoule_entry_id,
    /// This version.
    pub version: ampoule_version_id,
    /// Hash of the sealed bytes, to be kept where the bytes are not, for `ampoule_chart_keys_open`.
    pub hash: [u8; 32],
    /// When the author says that it was written, in milliseconds since 1970.
    pub time_ms: i64,
}

/// What an opened entry says of itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_opened_get_info(
    opened: *const ampoule_opened,
    info: *mut ampoule_opened_info,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(info)?;
        let entry = &handles::get(opened)?.0;
        out.write(ampoule_opened_info {
            entry: entry.entry.into(),
            version: entry.version.into(),
            hash: entry.hash,
            time_ms: entry.time_ms,
        });
        Ok(())
    })
}

/// The bytes, exactly as they went in: the entry's own, there until it is closed, and wiped then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_opened_content(
    opened: *const ampoule_opened,
    content: *mut *const u8,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(content)?, Out::at(len)?);
        let entry = handles::get(opened)?;
        let content = entry.0.record.content();
        out.write(content.as_ptr());
        out_len.write(content.len());
        Ok(())
    })
}

/// Media type, as it went in: the entry's own text, there until it is closed, and not ended by a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_opened_media_type(
    opened: *const ampoule_opened,
    text: *mut *const c_char,
    len: *mut usize,
) -> ampoule_status {
    boundary::call(|| {
        let (out, out_len) = (Out::at(text)?, Out::at(len)?);
        let entry = handles::get(opened)?;
        let media_type = entry.0.record.media_type();
        out.write(media_type.as_ptr().cast());
        out_len.write(media_type.len());
        Ok(())
    })
}

/// The versions that this one replaces, 16 bytes each: an array of `ampoule_version_id`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ampoule_opened_parents(
    opened: *const ampoule_opened,
    ids: *mut ampoule_buffer,
) -> ampoule_status {
    boundary::call(|| {
        let out = Out::at(ids)?;
        let entry = handles::get(opened)?;
        out.write(ampoule_buffer::of_ids(entry.0.parents.iter().map(|id| *id.as_bytes()))?);
        Ok(())
    })
}
