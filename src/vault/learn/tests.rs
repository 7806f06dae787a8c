//! What a bundle that tells nothing of the sharing has to say all the same.

use super::*;
use crate::store::MemoryStore;
use crate::sync::sum_bundle;
use crate::vault::{Contact, Cursor, Vault};
use crate::{Grant, Record, Recovery, Unlock};

const SCOPE: u8 = 7;

fn vault(name: &str, key: u8) -> Vault {
    let none = Recovery::none_data_will_be_lost();
    Vault::create(MemoryStore::new(), name, &Unlock::device_key(&[key; 32]), &none).unwrap().0
}

fn meet(one: &Vault, other: &Vault) -> Contact {
    let card = other.card().unwrap();
    let contact = one.contacts().add(&card.to_bytes()).unwrap();
    contact.verify(&card.fingerprint().digits()).unwrap();
    contact
}

/// Takes the scope out, as software of the sender's that never puts one in: its proof is of what is left.
fn without_scope(bundle: &[u8]) -> Vec<u8> {
    let (mut kept, mut at) = (bundle[..5].to_vec(), 5);
    // The end is the last frame, and is made anew.
    while at + 37 < bundle.len() {
        let len = u32::from_be_bytes(bundle[at + 1..at + 5].try_into().unwrap());
        let end = at + 5 + usize::try_from(len).unwrap();
        if bundle[at] != SCOPE {
            kept.extend_from_slice(&bundle[at..end]);
        }
        at = end;
    }
    sum_bundle(&kept)
}

/// Entries alone count on what was heard before: by a vault that has the chart, and by a scope that says what it was. Without
/// one nothing that was taken out would be missed.
#[test]
fn h60_entries_alone_count_on_a_scope_and_on_the_chart() {
    let (clinic, lee) = (vault("Clinic", 1), vault("Dr. Lee", 2));
    let (to_lee, _) = (meet(&clinic, &lee), meet(&lee, &clinic));
    let chart = clinic.create_chart().unwrap();
    chart.share(&to_lee, &Grant::read()).unwrap();
    let next = lee.import(&chart.export(&to_lee, Cursor::START).unwrap()).unwrap().next;
    chart.put(&Record::opaque("text/plain", "news")).unwrap();
    let entries = chart.export(&to_lee, next).unwrap();
    let learnt = |bytes: &[u8], has_chart: bool| {
        let bundle = Bundle::parse(bytes).ok().unwrap();
        assert!(bundle.is_of_entries());
        lee.inner.with(|session| {
            let mut write = Write::begin(&lee.inner, session)?;
            let known = OpenChart::load(session, &bundle.head.chart, &*write.tx)?;
            let known = has_chart.then_some(&known);
            learn(&lee.inner, session, &mut write, &bundle, known).map(|learnt| learnt.keys.is_none())
        })
    };
    assert_eq!(learnt(&entries, true), Ok(true));
    assert_eq!(learnt(&entries, false), Err(Error::IncompleteBundle));
    assert_eq!(learnt(&without_scope(&entries), true), Err(Error::IncompleteBundle));
    assert_eq!(lee.import(&without_scope(&entries)), Err(Error::IncompleteBundle));
    assert_eq!(lee.import(&entries).unwrap().added, 1);
}
