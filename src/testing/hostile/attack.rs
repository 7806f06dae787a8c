//! What a script lets the store do.

use super::super::evil::{Asked, Disorder, EvilStore, Lie, Pace, Place, Rows};
use super::dice::Dice;
use crate::store::{Store, Table};
use std::collections::BTreeSet;

/// An attack. Each but the last three is made of lies about rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attack {
    /// Rows are not there.
    Hide,
    /// One byte is another.
    Flip,
    Truncate,
    Extend,
    /// Two rows of one part stand in each other's place.
    Swap,
    /// A row of another chart, or of another log.
    SwapParts,
    SwapTables,
    /// A row stands once more under another key.
    Repeat,
    /// A row of another vault.
    Foreign,
    /// Rows as they were before.
    Replay,
    /// A table, or all of a chart, as it was before.
    RollBackPart,
    /// Get, scan and last contradict each other.
    Inconsistent,
    /// Rows come twice, in the wrong order, too many, or from the start.
    Disorder,
    /// A wrong generation, with rows hidden or older.
    Generation,
    /// What was written is acknowledged, and shown later.
    Delay,
    /// One reader sees an older state than another.
    Fork,
    /// The whole store as it was before, when the vault is opened.
    RollBack,
}

impl Attack {
    pub(super) const ALL: [Self; 17] = [
        Self::Hide,
        Self::Flip,
        Self::Truncate,
        Self::Extend,
        Self::Swap,
        Self::SwapParts,
        Self::SwapTables,
        Self::Repeat,
        Self::Foreign,
        Self::Replay,
        Self::RollBackPart,
        Self::Inconsistent,
        Self::Disorder,
        Self::Generation,
        Self::Delay,
        Self::Fork,
        Self::RollBack,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hide => "hide rows",
            Self::Flip => "change a byte",
            Self::Truncate => "truncate",
            Self::Extend => "extend",
            Self::Swap => "swap rows",
            Self::SwapParts => "swap between charts or logs",
            Self::SwapTables => "swap between tables",
            Self::Repeat => "repeat under another key",
            Self::Foreign => "rows of another vault",
            Self::Replay => "replay older rows",
            Self::RollBackPart => "roll back a part",
            Self::Inconsistent => "contradict itself",
            Self::Disorder => "wrong order or number",
            Self::Generation => "wrong generation",
            Self::Delay => "delay what was written",
            Self::Fork => "fork two readers",
            Self::RollBack => "roll back everything",
        }
    }
}

/// What the store could show: rows as they stand, as they stood before, and as they stand in another vault.
pub(super) struct Stock<'a> {
    pub(super) now: &'a Rows,
    pub(super) before: Vec<&'a Rows>,
    pub(super) foreign: &'a Rows,
}

/// Lets a store lie about rows. Returns the tables that it lies about.
pub(super) fn lie<S: Store>(store: &EvilStore<S>, attack: Attack, stock: &Stock<'_>, dice: &mut Dice) -> Vec<Table> {
    let mut tables = Vec::new();
    match attack {
        Attack::RollBackPart => return roll_back(store, stock, dice),
        Attack::Disorder => {
            let disorders = [Disorder::Repeated, Disorder::Reversed, Disorder::FromStart, Disorder::TooMany];
            let table = dice.pick(&OFTEN_SCANNED).copied().unwrap_or(Table::Entries);
            if let Some(disorder) = dice.pick(&disorders) {
                store.disorder(table, *disorder);
            }
            return vec![table];
        }
        Attack::Generation => {
            let pace = dice.pick(&[Pace::Silent, Pace::Behind, Pace::Racing]).copied().unwrap_or_default();
            store.pace(pace);
        }
        _ => {}
    }
    for _ in 0..=dice.below(3) {
        tables.extend(lie_once(store, attack, stock, dice).into_iter().flatten());
    }
    tables
}

/// Tables of which a vault reads many rows at once.
const OFTEN_SCANNED: [Table; 9] = [
    Table::Keyring,
    Table::Contacts,
    Table::Directory,
    Table::Cards,
    Table::Ledger,
    Table::Entries,
    Table::Index,
    Table::Log,
    Table::Map,
];

fn lie_once<S: Store>(store: &EvilStore<S>, attack: Attack, stock: &Stock<'_>, dice: &mut Dice) -> Option<[Table; 2]> {
    let mut also = None;
    let place = some_place(stock.now, dice)?;
    let value = stock.now.get(&place)?;
    let say = |place: &Place, lie| store.lie_when(Asked::Any, place.clone(), lie);
    match attack {
        Attack::Flip => {
            let (at, by) = (dice.below(value.len()), 1_u8 << dice.below(8));
            let changed = value.iter().enumerate().map(|(place, byte)| if place == at { byte ^ by } else { *byte });
            say(&place, Lie::Instead(changed.collect()));
        }
        Attack::Truncate => {
            let rest = value.get(..dice.below(value.len())).unwrap_or_default();
            say(&place, Lie::Instead(rest.to_vec()));
        }
        Attack::Extend => {
            let more = vec![u8::try_from(dice.below(256)).unwrap_or(0); dice.below(40).saturating_add(1)];
            say(&place, Lie::Instead([&value[..], &more].concat()));
        }
        Attack::Swap | Attack::SwapParts | Attack::SwapTables => {
            let fits = |other: &&Place| {
                let (same_table, same_part) = (other.0 == place.0, other.1 == place.1);
                **other != place
                    && match attack {
                        Attack::Swap => same_table && same_part,
                        Attack::SwapParts => same_table && !same_part,
                        _ => !same_table,
                    }
            };
            let others: Vec<&Place> = stock.now.keys().filter(fits).collect();
            let other = (*dice.pick(&others)?).clone();
            say(&place, Lie::Instead(stock.now.get(&other)?.clone()));
            say(&other, Lie::Instead(value.clone()));
            also = Some(other.0);
        }
        Attack::Repeat => {
            let (table, part, key) = &place;
            say(&(*table, part.clone(), neighbour(key, dice)), Lie::Instead(value.clone()));
        }
        Attack::Foreign => {
            let of_table: Vec<_> = stock.foreign.iter().filter(|((table, ..), _)| *table == place.0).collect();
            let ((table, _, key), theirs) = *dice.pick(&of_table)?;
            let key = if dice.percent(50) { key.clone() } else { place.2.clone() };
            say(&(*table, place.1.clone(), key), Lie::Instead(theirs.clone()));
        }
        Attack::Replay | Attack::Generation if dice.percent(70) => {
            let before = *dice.pick(&stock.before)?;
            let changed: Vec<&Place> = changed(before, stock.now).into_iter().collect();
            let place = (*dice.pick(&changed)?).clone();
            say(&place, as_before(before, &place));
            return Some([place.0; 2]);
        }
        Attack::Inconsistent => {
            let asked = dice.pick(&[Asked::Get, Asked::Scan, Asked::Last]).copied().unwrap_or(Asked::Get);
            let older = if dice.percent(50) { dice.pick(&stock.before).copied() } else { None };
            let lie = older.map_or(Lie::Hidden, |before| as_before(before, &place));
            store.lie_when(asked, place.clone(), lie);
        }
        _ => say(&place, Lie::Hidden),
    }
    Some([place.0, also.unwrap_or(place.0)])
}

/// A row of some table: small tables are as likely as large ones.
fn some_place(rows: &Rows, dice: &mut Dice) -> Option<Place> {
    let tables: BTreeSet<Table> = rows.keys().map(|(table, ..)| *table).collect();
    let tables: Vec<Table> = tables.into_iter().collect();
    let table = *dice.pick(&tables)?;
    let mut places: Vec<&Place> = rows.keys().filter(|(of, ..)| *of == table).collect();
    // The last rows of a part are those that count most.
    if dice.percent(50) {
        let ends = places.windows(2).filter(|pair| pair.first().map(|one| &one.1) != pair.last().map(|one| &one.1));
        let ends: Vec<&Place> = ends.filter_map(|pair| pair.first().copied()).chain(places.last().copied()).collect();
        places = ends;
    }
    dice.pick(&places).map(|place| (*place).clone())
}

/// A key beside this one.
fn neighbour(key: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut key = key.to_vec();
    if let Some(last) = key.last_mut() {
        let by = u8::try_from(dice.below(3)).unwrap_or(0).saturating_add(1);
        *last = last.wrapping_add(by);
    }
    key
}

fn as_before(before: &Rows, place: &Place) -> Lie {
    before.get(place).map_or(Lie::Hidden, |value| Lie::Instead(value.clone()))
}

/// The places of the rows that differ.
fn changed<'a>(before: &'a Rows, now: &'a Rows) -> BTreeSet<&'a Place> {
    before.keys().chain(now.keys()).filter(|place| before.get(*place) != now.get(*place)).collect()
}

/// Shows all rows that differ as they were before.
pub(super) fn show_as_before<S: Store>(store: &EvilStore<S>, before: &Rows, now: &Rows) {
    for place in changed(before, now) {
        store.lie_when(Asked::Any, place.clone(), as_before(before, place));
    }
}

/// Shows some of the rows that differ as they were before: those of a few tables, or those of a part and its keys.
fn roll_back<S: Store>(store: &EvilStore<S>, stock: &Stock<'_>, dice: &mut Dice) -> Vec<Table> {
    let Some(before) = dice.pick(&stock.before) else { return Vec::new() };
    let changed = changed(before, stock.now);
    let by_table = dice.percent(50);
    let tables: BTreeSet<Table> = Table::ALL.into_iter().filter(|_| dice.percent(40)).collect();
    let parts: BTreeSet<&[u8]> = changed.iter().map(|(_, part, _)| &part[..]).filter(|_| dice.percent(50)).collect();
    let mut touched = Vec::new();
    for place in changed {
        let (table, part, key) = place;
        let rolled =
            if by_table { tables.contains(table) } else { parts.contains(&part[..]) || parts.contains(&key[..]) };
        if rolled {
            store.lie_when(Asked::Any, place.clone(), as_before(before, place));
            touched.push(*table);
        }
    }
    touched
}
