//! Against a model that keeps everything and calculates it anew.

use super::*;
use crate::crypto::kdf;
use crate::log::Leaf;
use proptest::prelude::*;

/// "MTH" as RFC 6962 writes it down.
fn tree(leaves: &[Vec<u8>]) -> merkle::Node {
    match leaves {
        [] => merkle::sha256(&[]),
        [leaf] => merkle::leaf_hash(leaf),
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            merkle::node_hash(&tree(&leaves[..k]), &tree(&leaves[k..]))
        }
    }
}

/// The map, from all of its charts in order.
fn map(charts: &[(ChartId, Hash)], depth: usize) -> Hash {
    match charts {
        [] => Hash::from_bytes([0; 32]),
        [(chart, digest)] => Hash::from_bytes(kdf::hash("map-leaf", &[chart.as_bytes(), digest.as_bytes()])),
        _ => {
            let right = |(chart, _): &(ChartId, Hash)| chart.as_bytes()[depth / 8] >> (7 - depth % 8) & 1 == 1;
            let middle = charts.partition_point(|one| !right(one));
            let (left, right) = (map(&charts[..middle], depth + 1), map(&charts[middle..], depth + 1));
            Hash::from_bytes(kdf::hash("map-node", &[left.as_bytes(), right.as_bytes()]))
        }
    }
}

/// Ids that part early, late, or in the middle.
fn charts() -> impl Strategy<Value = ChartId> {
    let similar = (0..4_u8, 0..4_u8, 0..4_u8).prop_map(|(first, middle, last)| {
        let mut bytes = [0x55; 32];
        (bytes[0], bytes[15], bytes[31]) = (first << 6, middle, last);
        ChartId::from_bytes(bytes)
    });
    prop_oneof![similar, (0..400_u64).prop_map(chart)]
}

#[derive(Clone, Debug)]
enum Step {
    Add(Vec<(ChartId, u64)>),
    /// Leaves that all change the map a little.
    AddMany(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec((charts(), any::<u64>()), 0..20).prop_map(Step::Add),
        2 => (1..300_u64).prop_map(Step::AddMany),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_log_is_what_was_added_to_it(steps in steps(), picks in prop::collection::vec(any::<prop::sample::Index>(), 12)) {
        let store = MemoryStore::new();
        let mut log = Log::create(ID, signer(1).verifying_key());
        let (mut leaves, mut heads) = (Vec::new(), Vec::new());
        let mut digests = Changes::new();
        for step in steps {
            let groups = match step {
                Step::Reopen => {
                    log = log.reopen(&*store.read().unwrap()).unwrap();
                    continue;
                }
                Step::Add(changes) => vec![changes.into_iter().map(|(chart, to)| (chart, digest(to))).collect()],
                Step::AddMany(count) => (0..count).map(|number| change(number + log.size(), 300)).collect(),
            };
            for changes in groups {
                digests.extend(changes.clone());
                let mut tx = store.write().unwrap();
                let number = log.size();
                add(&mut log, &mut *tx, &changes, &events(number));
                tx.commit().unwrap();
                let leaf = Leaf { map_root: log.map_root(), sealed: events(number) };
                leaves.push(leaf.to_bytes());
                heads.push(log.head().unwrap());
            }
        }
        let all: Vec<(ChartId, Hash)> = digests.clone().into_iter().collect();
        prop_assert_eq!(log.map_root(), map(&all, 0));
        prop_assert_eq!(log.size(), leaves.len() as u64);
        let Some(head) = log.head() else { return Ok(()) };
        prop_assert_eq!(head.tree().root, tree(&leaves));

        let view = store.read().unwrap();
        let log = Log::open(&*view, ID, signer(1).verifying_key()).unwrap();
        prop_assert_eq!(log.head(), Some(head));
        let mut reader = log.reader(&*view);
        for pick in picks {
            let index = pick.index(leaves.len()) as u64;
            prop_assert_eq!(reader.leaf(index).unwrap().to_bytes(), &leaves[index as usize][..]);
            reader.prove_inclusion(index).unwrap().verify(&head, &leaves[index as usize]).unwrap();
            let old = heads[index as usize];
            prop_assert_eq!(old.tree().root, tree(&leaves[..=index as usize]));
            reader.prove_consistency(old.size()).unwrap().verify(&old, &head).unwrap();
            let note = reader.note(old.size()).unwrap();
            prop_assert_eq!(note.verify(&signer(1).verifying_key()), Ok(old));
            let asked = pick.get(&[chart(index), chart(1_000_000 + index)]).to_owned();
            for chart in digests.keys().copied().take(5).chain([asked]) {
                let expected = digests.get(&chart).copied();
                prop_assert_eq!(reader.digest(&chart).unwrap(), expected);
                let proof = reader.prove_digest(&chart).unwrap();
                prop_assert_eq!(proof.verify(&log.map_root(), &chart), Ok(expected));
            }
        }
    }
}

#[test]
fn leaves_come_in_order_and_end_with_the_log() {
    let (store, log) = grown(600, 10);
    let view = store.read().unwrap();
    let mut reader = log.reader(&*view);
    let read: Vec<(u64, Vec<u8>)> =
        reader.leaves(250..600).map(|(index, leaf)| (index, leaf.unwrap().sealed)).collect();
    assert_eq!(read, (250..600).map(|number| (number, events(number))).collect::<Vec<_>>());
    assert_eq!(reader.leaf(600).unwrap_err(), LogError::NoSuchLeaf);
    assert_eq!(reader.prove_inclusion(600).unwrap_err(), LogError::NoSuchLeaf);
    assert_eq!(reader.prove_consistency(601).unwrap_err(), LogError::NoSuchLeaf);
    assert_eq!(reader.prove_consistency(0).unwrap_err(), LogError::NoSuchLeaf);
    assert_eq!(reader.note(0).unwrap_err(), LogError::NoSuchLeaf);
    assert_eq!(reader.note(601).unwrap_err(), LogError::NoSuchLeaf);
}
