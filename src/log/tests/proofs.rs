//! Known answers, and proofs that are changed on their way.

use super::*;
use crate::log::edge::Edge;
use crate::log::{Checkpoint, Consistency, Inclusion, MapProof, Witness, map};

/// The eight leaves of the reference tests of Certificate Transparency.
const LEAVES: [&[u8]; 8] = [b"", b"\0", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn node(text: &str) -> merkle::Node {
    *text.parse::<Hash>().unwrap().as_bytes()
}

fn tree(size: usize) -> merkle::Tree {
    merkle::Tree { size: size as u64, root: node(ROOTS[size]) }
}

#[test]
fn roots_are_those_of_the_reference() {
    let mut edge = Edge::default();
    assert_eq!(edge.root(), node(ROOTS[0]));
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        assert!(edge.push(merkle::leaf_hash(leaf)).unwrap().is_empty());
        assert_eq!(edge.root(), node(root));
    }
}

#[test]
fn proofs_are_those_of_the_reference() {
    let path = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    let path: Vec<u8> = path.map(node).concat();
    // Of the first leaf among eight, and that one leaf became eight: the same hashes.
    merkle::verify_inclusion(&tree(8), 0, LEAVES[0], &path).unwrap();
    merkle::verify_consistency(&tree(1), &tree(8), &path).unwrap();
    assert_eq!(merkle::inclusion(8, 0), Ok(vec![1..2, 2..4, 4..8]));
    assert_eq!(merkle::consistency(1, 8), Ok(vec![1..2, 2..4, 4..8]));
    // Where the old tree is no subtree of the new one (RFC 6962, section 2.1.3: "PROOF(3, D[7]) = [c, d, g, l]").
    assert_eq!(merkle::consistency(3, 7), Ok(vec![2..3, 3..4, 0..2, 4..7]));
    // "The audit path for d3 is [c, g, l]."
    assert_eq!(merkle::inclusion(7, 3), Ok(vec![2..3, 0..2, 4..7]));
}

#[test]
fn sizes_and_places_out_of_bounds_are_refused_and_no_panic() {
    let most = merkle::MOST_LEAVES;
    for (size, index) in [(0, 0), (3, 3), (most + 1, 0), (u64::MAX, u64::MAX - 1)] {
        assert!(merkle::inclusion(size, index).is_err());
        let tree = merkle::Tree { size, root: [0; 32] };
        assert!(merkle::verify_inclusion(&tree, index, b"", &[0; 64]).is_err());
        assert!(merkle::verify_consistency(&tree, &tree, &[]).is_err() || size == 3);
    }
    assert!(merkle::inclusion(most, most - 1).is_ok());
    assert!(merkle::consistency(0, 1).is_err());
    assert!(merkle::consistency(2, 1).is_err());
    assert!(merkle::consistency(1, most + 1).is_err());
    assert!(merkle::verify_consistency(&tree(0), &tree(8), &[]).is_err());
    assert!(merkle::verify_inclusion(&tree(8), 0, LEAVES[0], &[0; 31]).is_err());
}

#[test]
fn a_changed_proof_proves_nothing() {
    let (store, log) = grown(300, 40);
    let view = store.read().unwrap();
    let mut reader = log.reader(&*view);
    let head = log.head().unwrap();
    let old = reader.note(259).unwrap().verify(&signer(1).verifying_key()).unwrap();
    let leaf = reader.leaf(17).unwrap().to_bytes();

    let inclusion = reader.prove_inclusion(17).unwrap();
    let consistency = reader.prove_consistency(259).unwrap();
    let (of, absent) = (chart(3), chart(1000));
    let held = reader.prove_digest(&of).unwrap();
    let none = reader.prove_digest(&absent).unwrap();
    let root = log.map_root();
    assert_eq!(held.verify(&root, &of), Ok(Some(digest(283))));
    assert_eq!(none.verify(&root, &absent), Ok(None));
    // A proof that another chart is not there, or that it is.
    assert!(none.verify(&root, &of).is_err());
    assert!(held.verify(&root, &absent).is_err());
    assert!(inclusion.verify(&head, &reader.leaf(18).unwrap().to_bytes()).is_err());
    assert!(inclusion.verify(&old, &leaf).is_err());
    assert!(consistency.verify(&head, &old).is_err());

    let every = |bytes: Vec<u8>, proves: &dyn Fn(&[u8]) -> bool| {
        assert!(proves(&bytes));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(!proves(&changed), "byte {at}");
            assert!(!proves(&bytes[..at]), "cut at {at}");
        }
    };
    every(inclusion.to_bytes(), &|bytes| {
        Inclusion::from_bytes(bytes).is_ok_and(|proof| proof.index() == 17 && proof.verify(&head, &leaf).is_ok())
    });
    every(consistency.to_bytes(), &|bytes| {
        Consistency::from_bytes(bytes).is_ok_and(|proof| proof.verify(&old, &head).is_ok())
    });
    for (proof, chart, says) in [(held, of, Some(digest(283))), (none, absent, None)] {
        every(proof.to_bytes(), &|bytes| {
            MapProof::from_bytes(bytes).is_ok_and(|proof| proof.verify(&root, &chart) == Ok(says))
        });
    }
}

/// A leaf of another chart at the end of a way must be one that the way leads to.
#[test]
fn a_chart_is_not_absent_because_another_is_there() {
    let (store, log) = grown(40, 40);
    let view = store.read().unwrap();
    let reader = log.reader(&*view);
    let root = log.map_root();
    for other in 1..40 {
        // The proof of another chart, said to be about this one.
        let proof = reader.prove_digest(&chart(other)).unwrap();
        assert!(proof.verify(&root, &chart(0)).is_err());
    }
    // A signed map that has a leaf where its chart does not lead: beside the way it would hide the chart.
    let [asked, hiding, beside] = [0x00, 0x80, 0xC0].map(|first| ChartId::from_bytes([first; 32]));
    let [hiding_leaf, beside_leaf] = [hiding, beside].map(|chart| map::leaf_hash(&chart, &digest(0)));
    let proof = MapProof::new((vec![beside_leaf], Some((hiding, digest(0)))));
    assert!(proof.verify(&map::node_hash(&hiding_leaf, &beside_leaf), &asked).is_err());
}

#[test]
fn proofs_of_two_logs_do_not_mix() {
    let (store, log) = grown(20, 3);
    let view = store.read().unwrap();
    let mut reader = log.reader(&*view);
    let key = signer(1).verifying_key();
    let (old, new) = (reader.note(10).unwrap().verify(&key).unwrap(), log.head().unwrap());
    let proof = reader.prove_consistency(10).unwrap();
    proof.verify(&old, &new).unwrap();
    let elsewhere = Note::sign(LogId::from_bytes([1; 16]), *old.tree(), &signer(1)).verify(&key).unwrap();
    assert!(proof.verify(&elsewhere, &new).is_err());
}

#[test]
fn a_checkpoint_has_one_form() {
    let (_, log) = grown(5, 2);
    let mut checkpoint = Checkpoint::of(VAULT, 7, [&log]);
    let other = LogId::from_bytes([1; 16]);
    checkpoint.insert(Note::sign(other, *log.head().unwrap().tree(), &signer(2)));
    let bytes = checkpoint.to_bytes();
    let read = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!((read.counter, read.notes().len()), (7, 2));
    assert_eq!(read, checkpoint);
    for cut in 0..bytes.len() {
        assert!(Checkpoint::from_bytes(&bytes[..cut]).is_err());
    }
    // A log without leaves has no note.
    let none = Log::create(other, signer(1).verifying_key());
    assert_eq!(Checkpoint::of(VAULT, 0, [&none]).notes().len(), 0);
}

/// Calculated once by another implementation, in Python: number of leaves, root of the map, root of the tree.
const KNOWN: [(u64, &str, &str); 3] = [
    (
        1,
        "afce8d8648ee8434c53a67de4d77d5ec6f3df1a9f5a1d2c881b0c99dd261dab6",
        "a4695993df18a99cb078c918669618987bc70123a66f37ebe8c8f32f2f4fc477",
    ),
    (
        3,
        "cf03bcc209a60bbaa324743f0e8deff90be7ed31ebdb894ab60ff89b82240675",
        "5dfc4a254eaa1ae60534b6972756804c47a400fe0e0dd40c7551f93d3ba5ad40",
    ),
    (
        300,
        "6029ed836daf93a81ec0c50ae0aaac7e7c53e9a2c3655d474c412f20b1278480",
        "8229bfae625e74e6160885ea62927751e855e41e66a7ec28f531278e0fb689bb",
    ),
];

#[test]
fn leaves_and_maps_are_what_they_were() {
    for (size, map, root) in KNOWN {
        let (_, log) = grown(size, 40);
        assert_eq!(*log.map_root().as_bytes(), node(map));
        assert_eq!(log.head().unwrap().tree().root, node(root));
    }
}

/// Made once with another implementation of Ed25519 and base64.
const NOTE: &str = concat!(
    "ampoule/log/a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\n",
    "8\n",
    "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
    "\n",
    "\u{2014} ampoule/log/a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5 RgDveIl0O0R5lShvbvhu1HFbhJ704BlvFck80vqhKMJvMAA8W51PmvouhGTDhr5wYJ1aX9ynCh76/jZgg3+DZAQ+Ew4=\n",
);

#[test]
fn a_note_is_what_it_was() {
    let note = Note::sign(ID, tree(8), &signer(1));
    assert_eq!(String::from_utf8(note.to_bytes()).unwrap(), NOTE);
    let read = Note::from_bytes(NOTE.as_bytes()).unwrap();
    let head = read.verify(&signer(1).verifying_key()).unwrap();
    assert_eq!((head.log(), head.size(), *head.tree()), (ID, 8, tree(8)));
    assert_eq!(read.verify(&signer(2).verifying_key()), Err(LogError::WrongKey));
}

#[test]
fn a_changed_note_is_refused() {
    for at in 0..NOTE.len() {
        for bit in 0..8 {
            let mut changed = NOTE.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let accepted = Note::from_bytes(&changed).is_ok_and(|note| note.verify(&signer(1).verifying_key()).is_ok());
            assert!(!accepted, "byte {at} bit {bit}");
        }
        assert!(Note::from_bytes(&NOTE.as_bytes()[..at]).is_err());
    }
}

/// The same content in another form.
#[test]
fn a_note_has_one_form() {
    assert!(Note::from_bytes(NOTE.as_bytes()).is_ok());
    let (body, signatures) = NOTE.split_once("\n\n").unwrap();
    let upper = format!("ampoule/log/{}", "A5".repeat(16));
    let lower = upper.to_lowercase();
    for (from, to) in [
        ("\n8\n", "\n08\n"),
        ("\n8\n", "\n+8\n"),
        ("\n8\n", "\n8 \n"),
        ("\n8\n", "\n0\n"),
        ("\n8\n", "\n8\r\n"),
        ("=\n\n", "\n\n"),
        ("=\n\n", "=\nextension\n\n"),
        ("=\n\n", "=\n\n\n"),
        ("\u{2014} ", "\u{2014}  "),
        ("\u{2014} ", "- "),
        (lower.as_str(), upper.as_str()),
    ] {
        let changed = NOTE.replacen(from, to, 1);
        assert_ne!(changed, NOTE);
        assert!(Note::from_bytes(changed.as_bytes()).is_err(), "{to:?} for {from:?}");
    }
    for other in [format!("{NOTE}\n"), format!("{NOTE}{signatures}"), format!("{body}\n\n"), format!("{body}\n")] {
        assert!(Note::from_bytes(other.as_bytes()).is_err(), "{other:?}");
    }
}

fn witness_key() -> SigningKey<role::WitnessSigning> {
    SigningKey::from_seed(Secret::from_slice(&[3; 32]).unwrap())
}

/// A signature line as a witness writes it.
fn cosignature(name: &str, time: u64, body: &str) -> String {
    use base64ct::{Base64, Encoding};
    let signature = witness_key().sign(format!("cosignature/v1\ntime {time}\n{body}").as_bytes());
    let public = witness_key().verifying_key().to_bytes();
    let id = merkle::sha256(&[name.as_bytes(), b"\n\x04", &public]);
    let blob = [&id[..4], &time.to_be_bytes(), &signature].concat();
    format!("\u{2014} {name} {}\n", Base64::encode_string(&blob))
}

#[test]
fn a_witness_is_believed_for_its_key() {
    let body = format!("{}\n", NOTE.split_once("\n\n").unwrap().0);
    let witness = Witness::new("witness.example/w1", &witness_key().verifying_key().to_bytes()).unwrap();
    let note = Note::from_bytes(NOTE.as_bytes()).unwrap();
    assert_eq!(note.cosigned_by(&witness), Ok(None));

    let line = cosignature("witness.example/w1", 1_679_315_147, &body);
    let cosigned = note.with_lines(line.as_bytes()).unwrap();
    assert_eq!(cosigned.cosigned_by(&witness), Ok(Some(1_679_315_147)));
    assert_eq!(Note::from_bytes(&cosigned.to_bytes()), Ok(cosigned.clone()));
    assert!(cosigned.verify(&signer(1).verifying_key()).is_ok());
    // Of a name that is not asked for, and of another key under the name.
    let stranger = Witness::new("witness.example/w2", &witness_key().verifying_key().to_bytes()).unwrap();
    assert_eq!(cosigned.cosigned_by(&stranger), Ok(None));
    let other = Witness::new("witness.example/w1", &signer(4).verifying_key().to_bytes()).unwrap();
    assert_eq!(cosigned.cosigned_by(&other), Ok(None));

    // Of another head, or of a time that is none.
    let foreign = cosignature("witness.example/w1", 1, &body.replace("\n8\n", "\n9\n"));
    assert_eq!(note.with_lines(foreign.as_bytes()).unwrap().cosigned_by(&witness), Err(LogError::WrongKey));
    let late = cosignature("witness.example/w1", 1 << 63, &body);
    assert_eq!(note.with_lines(late.as_bytes()).unwrap().cosigned_by(&witness), Err(LogError::WrongKey));

    // What is no line, the same line twice, and too many.
    assert!(note.with_lines(b"witness\n").is_err());
    assert!(note.with_lines(line.repeat(2).as_bytes()).is_err());
    let many = |count: usize| (0..count).map(|number| cosignature(&format!("w{number}"), 1, &body)).collect::<String>();
    assert!(note.with_lines(many(16).as_bytes()).is_ok());
    assert!(note.with_lines(many(17).as_bytes()).is_err());
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", &"a".repeat(256)] {
        assert!(Witness::new(name, &witness_key().verifying_key().to_bytes()).is_err(), "{name:?}");
    }
}
