//! Attacks of a member who runs software of his own, on the everyday API of an honest one.

use super::*;
use crate::codec::{self, CardHash, CompartmentId, EntryId, GrantId, VersionId};
use crate::envelope::{self, Header, Metadata, SealedEntry};
use crate::keys::MemberKind;
use crate::keys::RootCard;
use crate::keys::chart::grant::{Grant, GrantBody, GrantFields, GrantRow};
use crate::record::{Kind, Record};
use crate::sync::bundle::{CardSet, Sharing, Writer};
use crate::sync::extent::{Extent, LeftOut, Line};
use crate::{Applied, MemoryStore, Recovery, Unlock, Vault};

/// A custodian who keeps to no rule.
fn custodian(name: &str) -> Arc<Identity> {
    Arc::new(Identity::create(name, MemberKind::Person, 1).unwrap())
}

/// An honest vault that has verified the cards of `friends`.
fn honest(friends: &[&Arc<Identity>]) -> Vault {
    let none = Recovery::none_data_will_be_lost();
    let vault = Vault::create(MemoryStore::new(), "Dr. Lee", &Unlock::device_key(&[2; 32]), &none).unwrap().0;
    for friend in friends {
        let card = friend.card().unwrap();
        let contact = vault.contacts().add(&card.to_bytes()).unwrap();
        contact.verify(&card.fingerprint().digits()).unwrap();
    }
    vault
}

fn root(vault: &Vault) -> RootCard {
    vault.card().unwrap().root().clone()
}

fn found_by(identity: &Arc<Identity>) -> ChartKeys {
    ChartKeys::found(identity, Suite::Aes256Gcm, &Label::standard(), 1).unwrap()
}

/// What follows when a grant, made in whatever way, is signed into the ledger by the holder of `keys`.
fn signed(keys: &ChartKeys, fields: GrantFields) -> Result<ChartKeys, Error> {
    ChartKeys::assemble(rows_with(keys, fields), keys.ring.clone(), keys.cards.clone(), &keys.identity)
}

/// As [`signed`], by somebody who does not check his own ledger either.
fn rows_with(keys: &ChartKeys, fields: GrantFields) -> Vec<LedgerRow> {
    let epoch = keys.authority().epoch();
    let ledger_key = keys.ledger_key(epoch).unwrap();
    let draft = keys.signed(Act::Grant(fields), epoch, &ledger_key, Vec::new(), keys.ring.clone(), 2).unwrap();
    [keys.rows(), &[keys.receive_row(&draft.entry, draft.stored).unwrap()]].concat()
}

fn send(
    keys: &ChartKeys,
    rows: &[LedgerRow],
    grants: &[(GrantId, &GrantRow)],
    entries: &[SealedEntry],
    to: &Vault,
) -> Result<Applied, Error> {
    send_saying(keys, rows, grants, entries, to, &[])
}

/// As [`send`], and says that these compartments were left out.
fn send_saying(
    keys: &ChartKeys,
    rows: &[LedgerRow],
    grants: &[(GrantId, &GrantRow)],
    entries: &[SealedEntry],
    to: &Vault,
    left_out: &[CompartmentId],
) -> Result<Applied, Error> {
    let mut writer = Writer::new(keys.chart(), root(to).hash());
    let grants = grants.iter().map(|(id, row)| (*id, codec::encode(*row))).collect();
    let (epoch, key) = keys.newest_ledger_key().unwrap();
    let roots = keys.cards().roots().map(|card| card.bytes().to_vec().into()).collect();
    let devices = keys.cards().devices().map(|card| card.bytes().to_vec().into()).collect();
    let sharing = Sharing::new(grants, epoch, CardSet { roots, devices }, rows, Vec::new());
    writer.sharing(&key, &sharing).unwrap();
    for entry in entries {
        writer.entry(&[&entry.wrap.to_bytes()[..], &entry.bytes].concat());
    }
    let mut extent = Extent::new(entries.len() as u64, 0, sharing.hash());
    extent.whole = false;
    extent.left_out = left_out.iter().map(|id| LeftOut { compartment: *id, to: Line::EMPTY }).collect();
    writer.scope(&key, epoch, &extent).unwrap();
    let content = writer.content();
    to.import(&writer.finish(&content, &crate::vault::prove_bundle(&keys.identity, &keys.chart(), &content)))
}

#[track_caller]
fn assert_nothing_taken(result: &Result<Applied, Error>, vault: &Vault) {
    assert_eq!(result, &Err(Error::DamagedBundle));
    assert_eq!(vault.charts().unwrap(), []);
}

fn new_id() -> GrantId {
    GrantId::random().unwrap()
}

/// A chart of which another is custodian too, and the grant that says so.
fn shared_by(clinic: &Arc<Identity>, lee: &Vault) -> (ChartKeys, GrantId, GrantRow) {
    let keys = found_by(clinic);
    let grant = Grant::custodian();
    let nodes = keys.nodes_for(&grant, 1).unwrap();
    let (fields, row) = keys.seal_grant(new_id(), &root(lee), &grant, nodes, keys.ledger_keys_for(&grant, 1)).unwrap();
    let id = fields.id;
    (signed(&keys, fields).unwrap(), id, row)
}

/// An entry signed by one member is not taken for another's, nor for one of whose card nobody knows.
#[test]
fn a08_an_entry_claimed_for_another_author() {
    let (clinic, eve) = (custodian("Clinic"), custodian("Eve"));
    let lee = honest(&[&clinic]);
    let (after, id, row) = shared_by(&clinic, &lee);

    let record = Record::opaque("text/plain", *b"dose: 5 mg");
    let seal_as = |author: CardHash, signer: &Identity| {
        let content = after.held.content(1, after.slot_for(None).unwrap(), Kind::Record).unwrap();
        let (_, header, mut metadata, _) = after.seal_entry(new_entry(&record), |_| None).unwrap();
        metadata.author = author;
        envelope::seal(&header, &metadata, record.content(), &signer.object, content).unwrap()
    };
    let own = seal_as(clinic.device_card.hash(), &clinic);
    let forged = seal_as(clinic.device_card.hash(), &eve);
    let stranger = seal_as(eve.device_card.hash(), &eve);
    let applied = send(&after, after.rows(), &[(id, &row)], &[own, forged, stranger], &lee).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 2));
}

/// A scope names compartments that the chart has, and each once: who takes it in keeps what it says.
#[test]
fn h60_a_scope_that_names_what_there_is_not() {
    let clinic = custodian("Clinic");
    let lee = honest(&[&clinic]);
    let (after, id, row) = shared_by(&clinic, &lee);
    let all = after.compartment_ids();
    let say = |left_out: &[CompartmentId]| send_saying(&after, after.rows(), &[(id, &row)], &[], &lee, left_out);
    for left_out in [[all[0], CompartmentId::from_bytes([7; 16])], [all[1], all[1]]] {
        assert_eq!(say(&left_out), Err(Error::IncompleteBundle));
        assert_eq!(lee.charts().unwrap(), []);
    }
    assert_eq!(say(&all).unwrap().added, 0);
}

/// A member shares in a ledger whose home plays along, without the right to.
#[test]
fn a05_a_grant_by_who_is_no_custodian() {
    let (clinic, eve) = (custodian("Clinic"), custodian("Eve"));
    for rights in [Grant::write(), Grant::custodian()] {
        let keys = with_member(&found_by(&clinic), &eve, &rights);
        let lee = root(&honest(&[]));
        let by_eve = |authority| {
            let (fields, _) = sealed_to(&keys, &lee, &Grant::read());
            let entry = LedgerEntry { authority, ..entry_by(&keys, &eve, Act::Grant(fields)) };
            after(&keys, &entry, &eve)
        };
        // Number 2 is the entry that granted to her.
        assert_eq!(by_eve(2).is_ok(), rights == Grant::custodian());
        assert!(by_eve(0).is_err());
    }
}

/// The home receives a grant in the name of a custodian who did not sign it.
#[test]
fn a05_a_grant_in_the_name_of_another_custodian() {
    let (clinic, lee) = (custodian("Clinic"), custodian("Lee"));
    let keys = with_member(&found_by(&clinic), &lee, &Grant::custodian());
    let (fields, _) = sealed_to(&keys, &root(&honest(&[])), &Grant::read());
    let entry = LedgerEntry { authority: 2, ..entry_by(&keys, &lee, Act::Grant(fields)) };
    assert!(after(&keys, &entry, &lee).is_ok());
    assert!(after(&keys, &entry, &clinic).is_err());
}

/// A custodian gives one member other keys than the ledger names for the epoch.
#[test]
fn h61_different_keys_for_one_epoch() {
    let mallory = custodian("Mallory");
    let keys = found_by(&mallory);
    for grant in [Grant::read(), Grant::read().without_history(), Grant::custodian()] {
        for (honestly, part) in [(true, 0), (false, 0), (false, 31)] {
            let lee = honest(&[&mallory]);
            let mut nodes = keys.nodes_for(&grant, 1).unwrap();
            if !honestly {
                let last = nodes.last_mut().unwrap();
                let mut other = last.keys.expose().to_vec();
                let at = other.len() - 1 - part;
                other[at] ^= 1;
                last.keys = codec::SecretBytes::new(&other);
            }
            let ledger_keys = keys.ledger_keys_for(&grant, 1);
            let (fields, row) = keys.seal_grant(new_id(), &root(&lee), &grant, nodes, ledger_keys).unwrap();
            let id = fields.id;
            let after = signed(&keys, fields).unwrap();
            let result = send(&after, after.rows(), &[(id, &row)], &[], &lee);
            if honestly {
                assert_eq!(lee.charts().unwrap(), [result.unwrap().chart]);
            } else {
                assert_nothing_taken(&result, &lee);
            }
        }
    }
}

/// A custodian gives all keys, and has the ledger say that it was one label.
#[test]
fn h61_other_keys_than_the_ledger_names() {
    let mallory = custodian("Mallory");
    let keys = found_by(&mallory);
    let one_label = Grant::read().label(Label::general());
    for (given, honestly) in [(&one_label, true), (&Grant::read(), false)] {
        let lee = honest(&[&mallory]);
        let (fields, row) = sealed_to(&keys, &root(&lee), given);
        let (named, _) = sealed_to(&keys, &root(&lee), &one_label);
        let fields = GrantFields { nodes: named.nodes, ..fields };
        let id = fields.id;
        let after = signed(&keys, fields).unwrap();
        let result = send(&after, after.rows(), &[(id, &row)], &[], &lee);
        if honestly {
            assert_eq!(result.unwrap().chart, keys.chart());
        } else {
            assert_nothing_taken(&result, &lee);
        }
    }
}

/// A writer names a state of the ledger in which he may have had any right.
#[test]
fn h62_an_entry_that_names_a_ledger_that_never_was() {
    let clinic = custodian("Clinic");
    let keys = found_by(&clinic);
    let record = Record::opaque("text/plain", *b"dose: 5 mg");
    let (_, header, metadata, slot) = keys.seal_entry(new_entry(&record), |_| None).unwrap();
    let content = keys.held.content(1, slot, Kind::Record).unwrap();
    let open = |change: fn(&mut Metadata)| {
        let mut metadata = metadata.clone();
        change(&mut metadata);
        keys.open(&envelope::seal(&header, &metadata, record.content(), &clinic.object, content).unwrap()).map(drop)
    };
    assert_eq!(open(|_| {}), Ok(()));
    let changes: [fn(&mut Metadata); 3] = [
        |metadata| metadata.ledger_seq = 0,
        |metadata| metadata.ledger_seq = 2,
        |metadata| metadata.ledger_hash = Hash::from_bytes([7; 32]),
    ];
    for change in changes {
        assert!(matches!(open(change), Err(Error::Unopenable { .. })));
    }
}

/// A reader writes, with the content key that he holds and his own true signature.
#[test]
fn h62_a_reader_writes_a_version_of_anothers_entry() {
    let clinic = custodian("Clinic");
    let reader = custodian("Reader");
    let lee = honest(&[&clinic]);
    let keys = found_by(&clinic);
    let mut cards = keys.cards().clone();
    reader.add_to(&mut cards);
    let keys = ChartKeys { cards, ..keys };
    let read = Grant::read();
    let (fields, _) = keys
        .seal_grant(
            new_id(),
            &reader.root_card,
            &read,
            keys.nodes_for(&read, 1).unwrap(),
            keys.ledger_keys_for(&read, 1),
        )
        .unwrap();
    let keys = signed(&keys, fields).unwrap();
    let grant = Grant::write();
    let (fields, row) = keys
        .seal_grant(new_id(), &root(&lee), &grant, keys.nodes_for(&grant, 1).unwrap(), keys.ledger_keys_for(&grant, 1))
        .unwrap();
    let id = fields.id;
    let keys = signed(&keys, fields).unwrap();

    let record = Record::opaque("text/plain", *b"dose: 5 mg");
    let (honest_entry, header, metadata, slot) = keys.seal_entry(new_entry(&record), |_| None).unwrap();
    let content = keys.held.content(1, slot, Kind::Record).unwrap();
    let header = Header { version: VersionId::random().unwrap(), ..header };
    let metadata = Metadata { author: reader.device_card.hash(), parents: vec![], ..metadata };
    let by_reader = envelope::seal(&header, &metadata, b"dose: 9 mg", &reader.object, content).unwrap();
    let applied = send(&keys, keys.rows(), &[(id, &row)], &[honest_entry.clone(), by_reader.clone()], &lee).unwrap();
    assert_eq!((applied.added, applied.rejected), (1, 1));
    assert!(keys.open(&honest_entry).is_ok());
    assert!(matches!(keys.open(&by_reader), Err(Error::Unopenable { .. })));
}

/// A grant that one custodian sealed is signed into the ledger by another.
#[test]
fn h63_anothers_sealed_grant_signed_as_ones_own() {
    let (clinic, mallory) = (custodian("Clinic"), custodian("Mallory"));
    let lee = honest(&[&clinic, &mallory]);
    let keys = found_by(&clinic);
    let grant = Grant::read();
    let nodes = || keys.nodes_for(&grant, 1).unwrap();
    let (fields, row) =
        keys.seal_grant(new_id(), &root(&lee), &grant, nodes(), keys.ledger_keys_for(&grant, 1)).unwrap();
    let after = signed(&keys, fields.clone()).unwrap();

    // Under a number of its own the ciphertext does not open; under the same the ledger has it twice.
    let other = GrantFields { id: new_id(), ..fields.clone() };
    let again = signed(&after, other.clone()).unwrap();
    assert_nothing_taken(&send(&again, again.rows(), &[(other.id, &row)], &[], &lee), &lee);
    assert!(signed(&after, fields.clone()).is_err());
    let twice = rows_with(&after, fields.clone());
    assert_nothing_taken(&send(&after, &twice, &[(fields.id, &row)], &[], &lee), &lee);

    // In another's name: the ledger is Mallory's, the grant says that it is the clinic's.
    let mallorys = found_by(&mallory);
    let mut cards = mallorys.cards().clone();
    clinic.add_to(&mut cards);
    let mallorys = ChartKeys { cards, ..mallorys };
    let body = GrantBody {
        version: Version1,
        nodes: mallorys.nodes_for(&grant, 1).unwrap(),
        ledger_keys: mallorys.ledger_keys_for(&grant, 1),
        ledger_seq: mallorys.authority().head_seq(),
        ledger_hash: mallorys.authority().head(),
        extensions: Extensions::default(),
    };
    for (granter, honestly) in [(&clinic, false), (&mallory, true)] {
        let to = root(&lee);
        let chart = mallorys.chart();
        let id = new_id();
        let row = GrantRow::seal(&chart, &id, granter.root_card.hash(), to.hash(), to.kem(), &body).unwrap();
        let refs = body.nodes.iter().map(|node| node.of).collect::<std::collections::BTreeSet<_>>();
        let nodes = refs.into_iter().collect();
        let fields = GrantFields { id, nodes, sealed: row.hash(), ..fields.clone() };
        let after = signed(&mallorys, fields).unwrap();
        let result = send(&after, after.rows(), &[(id, &row)], &[], &lee);
        if honestly {
            assert_eq!(result.unwrap().chart, chart);
        } else {
            assert_nothing_taken(&result, &lee);
        }
    }
    assert!(send(&after, after.rows(), &[(fields.id, &row)], &[], &lee).is_ok());
}

/// Anybody can seal to a card: the same keys under the same number, by somebody who is not the granter.
#[test]
fn h63_a_grant_sealed_again_by_somebody_else() {
    let clinic = custodian("Clinic");
    let lee = honest(&[&clinic]);
    let keys = found_by(&clinic);
    let (fields, row) = sealed_to(&keys, &root(&lee), &Grant::read());
    let (id, to) = (fields.id, root(&lee));
    let grant = Grant::read();
    let body = GrantBody {
        version: Version1,
        nodes: keys.nodes_for(&grant, 1).unwrap(),
        ledger_keys: keys.ledger_keys_for(&grant, 1),
        ledger_seq: keys.authority().head_seq(),
        ledger_hash: keys.authority().head(),
        extensions: Extensions::default(),
    };
    let again = GrantRow::seal(&keys.chart(), &id, row.granter, to.hash(), to.kem(), &body).unwrap();
    let after = signed(&keys, fields).unwrap();
    assert_nothing_taken(&send(&after, after.rows(), &[(id, &again)], &[], &lee), &lee);
    assert_eq!(send(&after, after.rows(), &[(id, &row)], &[], &lee).unwrap().chart, keys.chart());
}

/// A grant of the newest epoch, sealed and not yet signed.
fn sealed_to(keys: &ChartKeys, to: &RootCard, grant: &Grant) -> (GrantFields, GrantRow) {
    let epoch = keys.authority().epoch();
    let nodes = keys.nodes_for(grant, epoch).unwrap();
    keys.seal_grant(new_id(), to, grant, nodes, keys.ledger_keys_for(grant, epoch)).unwrap()
}

/// The keys of a chart after its founder shared it with somebody.
fn with_member(keys: &ChartKeys, member: &Identity, grant: &Grant) -> ChartKeys {
    let keys = signed(keys, sealed_to(keys, &member.root_card, grant).0).unwrap();
    let mut cards = keys.cards().clone();
    member.add_to(&mut cards);
    ChartKeys { cards, ..keys }
}

/// The next entry of a ledger, as a member's act.
fn entry_by(keys: &ChartKeys, actor: &Identity, act: Act) -> LedgerEntry {
    let seq = keys.authority().head_seq() + 1;
    LedgerEntry {
        version: Version1,
        chart: keys.chart(),
        seq,
        previous: keys.head(),
        actor: actor.device_card.hash(),
        authority: 0,
        time_ms: 2,
        act,
        extensions: Extensions::default(),
    }
}

/// What follows when `signer` signs an entry and the home receives it.
fn after(keys: &ChartKeys, entry: &LedgerEntry, signer: &Identity) -> Result<ChartKeys, Error> {
    let epoch = keys.authority().epoch();
    let ledger_key = keys.ledger_key(epoch).unwrap();
    let stored = seal_entry(keys.suite(), entry, epoch, &ledger_key, &signer.ledger).unwrap();
    let home = keys.ring.home().unwrap();
    let receipt = receipt(keys.chart(), entry.seq, entry_hash(&stored), &home, None).unwrap();
    let rows = [keys.rows(), &[LedgerRow { stored, receipt }]].concat();
    ChartKeys::assemble(rows, keys.ring.clone(), keys.cards.clone(), &keys.identity)
}

fn new_entry(record: &Record) -> NewEntry<'_> {
    NewEntry {
        kind: Kind::Record,
        entry: EntryId::from_bytes([7; 16]),
        parents: Vec::new(),
        record,
        tombstone: false,
        request: None,
        actor: None,
        time_ms: 3,
    }
}
