//! One script: a vault, a store that lies about it, questions, and whether the answers were true.

use super::super::evil::{EvilStore, Place};
use super::attack::{self, Attack, Stock};
use super::dice::Dice;
use super::question::{Change, Question};
use super::truth::Truth;
use super::world::{Standing, World, filled, unlock};
use crate::error::Error;
use crate::log::{CheckpointKeeper as _, MemoryKeeper};
use crate::store::Store;
use crate::vault::{Vault, VaultOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What came of a script.
#[derive(Default)]
pub(super) struct Played {
    /// How often each outcome came while the store lied, and when it was honest again.
    pub(super) outcomes: BTreeMap<String, u64>,
    /// Answers of the store that were not so.
    pub(super) altered: u64,
    /// What was wrong; the script ends there.
    pub(super) wrong: Option<String>,
}

impl Played {
    pub(super) fn panicked() -> Self {
        Self { wrong: Some("the library panicked".into()), ..Self::default() }
    }
}

/// A vault that reads from a store that lies, and what may be true for all it was told.
struct Reader {
    vault: Vault,
    /// The states of which every answer so far was true.
    candidates: Vec<Truth>,
}

/// A script under way.
pub(super) struct Script<'a, S> {
    world: &'a World,
    dice: Dice,
    inner: Arc<S>,
    keeper: Option<Arc<MemoryKeeper>>,
    key: u8,
    /// All that was acknowledged.
    newest: Truth,
    changes: usize,
    /// One of several devices was asked while the store lied to it, and logged that: it may have been shown another history
    /// than the others.
    apart: bool,
    played: Played,
}

/// Ends a script: what was wrong, or an error of the store itself.
pub(super) enum End {
    Wrong(String),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Plays a script. What it does follows from the dice.
pub(super) fn play<S: Store + 'static>(
    worlds: &[World],
    attack: Attack,
    store: S,
    mut dice: Dice,
) -> Result<Played, Error> {
    let Some(world) = dice.pick(worlds) else { return Ok(Played::default()) };
    let newest = world.states.len().saturating_sub(1);
    let shown = if attack == Attack::RollBack { dice.below(newest) } else { newest };
    let kept = match dice.below(10) {
        0..4 => None,
        4..8 => Some(newest),
        _ => Some(dice.below(newest)),
    };
    let state = world.states.get(shown).ok_or(Error::NoVault)?;
    let keeper = kept.and_then(|kept| world.states.get(kept)).map(|state| {
        let keeper = Arc::new(MemoryKeeper::new());
        keeper.save(&state.kept).map(|()| keeper)
    });
    let key = world.keys.get(if shown == newest { dice.below(world.keys.len()) } else { 0 }).copied().unwrap_or(1);
    let inner = Arc::new(filled(store, &state.rows)?);
    let mut script = Script {
        world,
        dice,
        inner,
        keeper: keeper.transpose()?,
        key,
        newest: state.truth.clone(),
        changes: 0,
        apart: false,
        played: Played::default(),
    };
    let foreign = worlds.iter().find(|other| other.name != world.name).and_then(|other| other.states.last());
    let stock = Stock {
        now: &state.rows,
        before: world.states.iter().take(shown).map(|state| &state.rows).collect(),
        foreign: &foreign.ok_or(Error::NoVault)?.rows,
    };
    let since = kept.and_then(|kept| world.states.get(kept)).map_or(0, |state| state.past);
    let old: Vec<Truth> = world.past.iter().skip(since).cloned().collect();
    let ended = match attack {
        Attack::Delay => script.delay(),
        Attack::Fork => script.fork(),
        Attack::RollBack => script.roll_back(kept.is_some_and(|kept| kept > shown)),
        _ => script.lie(attack, &stock, if kept.is_none() || kept != Some(newest) { old } else { Vec::new() }),
    };
    match ended {
        Ok(()) => {}
        Err(End::Wrong(wrong)) => script.played.wrong = Some(format!("{}: {wrong}", world.name)),
        Err(End::Failed(error)) => return Err(error),
    }
    Ok(script.played)
}

impl<S: Store + 'static> Script<'_, S> {
    /// Lies about rows before the vault is opened, or while it is open.
    fn lie(&mut self, attack: Attack, stock: &Stock<'_>, old: Vec<Truth>) -> Result<(), End> {
        let store = EvilStore::new(Arc::clone(&self.inner));
        let early = self.dice.percent(60);
        let mut reader = if early {
            attack::lie(&store, attack, stock, &mut self.dice);
            self.open(&store)
        } else {
            let mut reader = self.open(&store)?;
            for _ in 0..self.dice.below(3) {
                self.ask_honestly(&mut reader)?;
            }
            attack::lie(&store, attack, stock, &mut self.dice);
            Ok(reader)
        };
        match &mut reader {
            Ok(reader) => {
                if early {
                    reader.candidates.extend(old);
                }
                self.look(reader, 4)?;
                if self.dice.percent(25) {
                    self.change(reader)?;
                    self.look(reader, 1)?;
                }
            }
            Err(error) => self.count("open: ", error),
        }
        store.tell_the_truth();
        let candidates = match reader {
            Ok(mut reader) => {
                // Whatever older state it was shown, the newest follows on it.
                if !reader.candidates.contains(&self.newest) {
                    reader.candidates.push(self.newest.clone());
                }
                if self.dice.percent(50) {
                    self.look(&mut reader, 2)?;
                }
                reader.candidates
            }
            Err(_) => Vec::new(),
        };
        self.note(&store);
        let blind = store.told().blind > 0;
        self.honest(blind, candidates)
    }

    /// Acknowledges a change, and shows it later.
    fn delay(&mut self) -> Result<(), End> {
        let store = EvilStore::new(Arc::clone(&self.inner));
        let mut reader = self.open(&store)?;
        if self.dice.percent(50) {
            self.ask_honestly(&mut reader)?;
        }
        let (before, earlier) = (store.rows()?, self.newest.clone());
        for _ in 0..=self.dice.below(2) {
            self.change_honestly(&mut reader)?;
        }
        attack::show_as_before(&store, &before, &store.rows()?);
        self.look(&mut reader, 3)?;
        if self.dice.percent(30) {
            self.change(&mut reader)?;
        }
        let Reader { vault, mut candidates } = reader;
        drop(vault);
        if self.dice.percent(50) {
            match self.open(&store) {
                Ok(mut again) => {
                    // Without a keeper nothing is left of what the process knew.
                    if self.keeper.is_none() {
                        again.candidates.push(earlier);
                    }
                    self.look(&mut again, 2)?;
                    candidates.append(&mut again.candidates);
                }
                Err(error) => self.count("open: ", &error),
            }
        }
        store.tell_the_truth();
        self.note(&store);
        let blind = store.told().blind > 0;
        self.honest(blind, candidates)
    }

    /// Shows one reader what another wrote, or does not.
    fn fork(&mut self) -> Result<(), End> {
        let (store, open) = (EvilStore::new(Arc::clone(&self.inner)), EvilStore::new(Arc::clone(&self.inner)));
        let mut reader = self.open(&store)?;
        if self.dice.percent(70) {
            self.ask_honestly(&mut reader)?;
        }
        self.key = self.dice.pick(&self.world.keys).copied().unwrap_or(self.key);
        let mut other = self.open(&open)?;
        let (before, earlier) = (store.rows()?, self.newest.clone());
        for _ in 0..=self.dice.below(2) {
            self.change_honestly(&mut other)?;
        }
        attack::show_as_before(&store, &before, &store.rows()?);
        // He cannot know that another wrote something, unless he is shown it.
        reader.candidates = vec![self.newest.clone(), earlier];
        self.look(&mut reader, 2)?;
        self.look(&mut other, 1)?;
        if self.dice.percent(30) {
            self.change(&mut reader)?;
            // Both write to one store.
            other.candidates.push(self.newest.clone());
            other.candidates.extend(reader.candidates.iter().cloned());
            self.look(&mut other, 1)?;
        }
        store.tell_the_truth();
        open.tell_the_truth();
        if store.told().blind == 0 {
            reader.candidates.clear();
        }
        // What the other wrote meanwhile is shown now, even where this one wrote over some of it.
        reader.candidates.push(self.newest.clone());
        self.look(&mut reader, 1)?;
        let mut candidates = reader.candidates;
        drop(reader.vault);
        candidates.append(&mut other.candidates);
        drop(other.vault);
        self.note(&store);
        let blind = store.told().blind > 0;
        self.honest(blind, candidates)
    }

    /// Opens a store that is older than what is kept of it, or of which nothing is kept.
    fn roll_back(&mut self, is_known: bool) -> Result<(), End> {
        // The store is another than it was; each answer of it is altered.
        self.played.altered = 1;
        let store = EvilStore::new(Arc::clone(&self.inner));
        match self.open(&store) {
            Ok(mut reader) => {
                if is_known {
                    reader.candidates.clear();
                }
                self.look(&mut reader, 3)?;
                if self.dice.percent(30) {
                    self.change(&mut reader)?;
                    self.look(&mut reader, 1)?;
                }
            }
            Err(error) => self.count("open: ", &error),
        }
        if is_known { Ok(()) } else { self.honest(false, Vec::new()) }
    }

    fn options(&self) -> VaultOptions {
        let options = VaultOptions::new().clock(Standing);
        match &self.keeper {
            Some(keeper) => options.keeper(Arc::clone(keeper)),
            None => options,
        }
    }

    fn open(&self, store: &EvilStore<Arc<S>>) -> Result<Reader, Error> {
        let vault = self.options().open(store.clone(), &unlock(self.key))?;
        let candidates = vec![self.newest.clone()];
        Ok(Reader { vault, candidates })
    }

    /// Asks some questions, each of which must be answered truly or not at all.
    fn look(&mut self, reader: &mut Reader, most: usize) -> Result<(), End> {
        self.apart |= self.world.keys.len() > 1;
        for _ in 0..=self.dice.below(most) {
            let question = Question::choose(&self.newest, &mut self.dice);
            self.ask(reader, &question)?;
        }
        Ok(())
    }

    fn ask(&mut self, reader: &mut Reader, question: &Question) -> Result<(), End> {
        match question.ask(&reader.vault, self.world.colleague.as_ref()) {
            Err(error) => self.count("", &error),
            Ok(claim) => {
                let fits: Vec<bool> = reader.candidates.iter().map(|truth| claim.holds(truth)).collect();
                if fits.contains(&true) {
                    let mut fits = fits.into_iter();
                    reader.candidates.retain(|_| fits.next() == Some(true));
                    self.add("true answer".into());
                } else {
                    return Err(End::Wrong(format!("{question:?} says {}", claim.says)));
                }
            }
        }
        Ok(())
    }

    /// As long as the store is honest, every answer must be right.
    fn ask_honestly(&mut self, reader: &mut Reader) -> Result<(), End> {
        let question = Question::choose(&self.newest, &mut self.dice);
        self.require(&reader.vault, &question)
    }

    fn require(&self, vault: &Vault, question: &Question) -> Result<(), End> {
        match question.ask(vault, self.world.colleague.as_ref()) {
            Ok(claim) if claim.holds(&self.newest) => Ok(()),
            Ok(claim) => Err(End::Wrong(format!("of an honest store {question:?} says {}", claim.says))),
            Err(error) => Err(End::Wrong(format!("of an honest store {question:?} fails: {error:?}"))),
        }
    }

    /// Writes something. Where it is acknowledged, it counts from now on.
    fn change(&mut self, reader: &mut Reader) -> Result<(), End> {
        let change = self.next_change();
        match change.make(&reader.vault, &self.world.owner) {
            Err(error) => self.count("write: ", &error),
            Ok(effect) => {
                reader.candidates.retain_mut(|truth| effect(truth));
                effect(&mut self.newest);
                self.add("acknowledged write".into());
                if reader.candidates.is_empty() {
                    return Err(End::Wrong(format!("{change:?} was acknowledged")));
                }
            }
        }
        Ok(())
    }

    fn change_honestly(&mut self, reader: &mut Reader) -> Result<(), End> {
        let change = self.next_change();
        let effect = change.make(&reader.vault, &self.world.owner)?;
        if !effect(&mut self.newest) {
            return Err(End::Wrong(format!("{change:?} of an honest store")));
        }
        reader.candidates = vec![self.newest.clone()];
        Ok(())
    }

    fn next_change(&mut self) -> Change {
        self.changes = self.changes.saturating_add(1);
        Change::choose(&self.newest, format!("written{}", self.changes), &mut self.dice)
    }

    /// Opens the vault anew on the store as it really is: nothing that was acknowledged is lost, nothing is unreadable.
    /// Where rows were overwritten that the vault was not shown, what is there must be true of some state that it was told of,
    /// or be refused.
    fn honest(&mut self, blind: bool, mut told: Vec<Truth>) -> Result<(), End> {
        if self.dice.percent(50) {
            return Ok(());
        }
        let store = EvilStore::new(Arc::clone(&self.inner));
        let questions = 4;
        match self.open(&store) {
            Ok(mut reader) if blind => {
                reader.candidates.append(&mut told);
                reader.candidates.extend(self.world.past.iter().cloned());
                self.look(&mut reader, questions)
            }
            Ok(mut reader) => {
                match reader.vault.adopt_restored("two devices were shown different states") {
                    Err(Error::NotRestored) => {}
                    Ok(()) if self.apart => self.add("adopted".into()),
                    adopted => return Err(End::Wrong(format!("an honest store was adopted: {adopted:?}"))),
                }
                for _ in 0..questions {
                    self.ask_honestly(&mut reader)?;
                }
                Ok(())
            }
            Err(error) if blind => {
                self.count("open: ", &error);
                Ok(())
            }
            Err(error) => Err(End::Wrong(format!("an honest store does not open: {error:?}"))),
        }
    }

    fn note(&mut self, store: &EvilStore<Arc<S>>) {
        self.played.altered = self.played.altered.saturating_add(store.told().altered);
    }

    fn count(&mut self, when: &str, error: &Error) {
        self.add(format!("{when}{}", name_of(error)));
    }

    fn add(&mut self, outcome: String) {
        let count = self.played.outcomes.entry(outcome).or_default();
        *count = count.saturating_add(1);
    }
}

/// Every byte of every row.
pub(super) fn bytes(world: &World) -> Vec<(&Place, usize)> {
    let rows = world.states.last().into_iter().flat_map(|state| &state.rows);
    rows.flat_map(|(place, value)| (0..value.len()).map(move |at| (place, at))).collect()
}

/// Opens the vault with one byte told otherwise, and reads everything.
pub(super) fn read_changed<S: Store + 'static>(
    world: &World,
    store: S,
    ((table, part, key), at): &(&Place, usize),
    number: usize,
) -> Result<Played, Error> {
    let (at, by) = (*at, if number & 1 == 0 { 1 } else { 0x80 });
    let state = world.states.last().ok_or(Error::NoVault)?;
    let store = EvilStore::new(filled(store, &state.rows)?);
    store.rewrite(*table, part, key, move |value| value.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= by));
    let mut played = Played::default();
    let mut add = |outcome: String| {
        let count = played.outcomes.entry(format!("{table:?}: {outcome}")).or_default();
        *count = count.saturating_add(1);
    };
    let truth = &state.truth;
    match VaultOptions::new().clock(Standing).open(store.clone(), &unlock(1)) {
        Err(error) => add(name_of(&error)),
        Ok(vault) => {
            for question in Question::all(truth) {
                match question.ask(&vault, None) {
                    Err(error) => add(name_of(&error)),
                    Ok(claim) if claim.holds(truth) => add("true answer".into()),
                    Ok(claim) => {
                        played.wrong = Some(format!("byte {at} of {table:?}, {question:?} says {}", claim.says));
                        break;
                    }
                }
            }
        }
    }
    played.altered = store.told().altered;
    Ok(played)
}

/// The name of an error, without what it tells.
fn name_of(error: &Error) -> String {
    let name = format!("{error:?}");
    name.split([' ', '{']).next().unwrap_or_default().to_owned()
}
