//! A bundle: any bytes, and one that is valid with changes, its sum put right.

#![no_main]

mod edits;

use ampoule::{Cursor, Grant, MemoryStore, Record, Recovery, Unlock, Vault, testing};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct Sides {
    receiver: Vault,
    bundle: Vec<u8>,
}

static SIDES: LazyLock<Sides> = LazyLock::new(|| {
    let vault = |name: &str, key: u8| {
        let key = Unlock::device_key(&[key; 32]);
        let none = Recovery::none_data_will_be_lost();
        Vault::create(MemoryStore::new(), name, &key, &none).expect("a vault is created").0
    };
    let (sender, receiver) = (vault("Clinic", 1), vault("Dr. Lee", 2));
    let meet = |one: &Vault, other: &Vault| {
        let card = other.card().expect("a vault has a card");
        let contact = one.contacts().add(&card.to_bytes()).expect("the card is added");
        contact.verify(&card.fingerprint().digits()).expect("the fingerprint is the card's");
        contact
    };
    let contact = meet(&sender, &receiver);
    meet(&receiver, &sender);
    let chart = sender.create_chart().expect("a chart is founded");
    chart.put(&Record::opaque("text/plain", "content")).expect("a record is put");
    chart.share(&contact, &Grant::write()).expect("the chart is shared");
    let bundle = chart.export(&contact, Cursor::START).expect("a bundle is made");
    receiver.import(&bundle).expect("the bundle is for her");
    Sides { receiver, bundle }
});

fuzz_target!(|input: &[u8]| {
    let Sides { receiver, bundle } = &*SIDES;
    assert!(receiver.import(input).is_err(), "nobody made this");
    let changed = edits::edited(bundle, input);
    if receiver.import(&changed).is_ok() {
        assert!(changed == *bundle, "a change was not seen");
    }
    // Who changes a bundle can also put its sum right. What was signed in it must hold all the same.
    let end = testing::sum_bundle(&[]).len();
    let frames = &bundle[..bundle.len() - end];
    let changed = testing::sum_bundle(&edits::edited(frames, input));
    if receiver.import(&changed).is_ok() {
        assert!(changed == *bundle, "a change was not proven");
    }
    // Whatever came, what is held is whole.
    for id in receiver.charts().expect("the vault is open") {
        let chart = receiver.chart(&id).expect("a chart that is held opens");
        for found in chart.list().expect("the chart is granted") {
            assert_eq!(chart.get(&found.id).expect("what is listed opens").content(), b"content");
        }
    }
});
