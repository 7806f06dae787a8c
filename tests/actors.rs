//! A service that writes on behalf of its users.

#![allow(clippy::pedantic, reason = "tests read better as they are")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "helpers of tests")]

use ampoule::{Actor, Error, MemberKind, MemoryStore, Record, Recovery, Unlock, Vault};
use std::thread;

fn service() -> Vault {
    let (unlock, none) = (Unlock::device_key(&[1; 32]), Recovery::none_data_will_be_lost());
    let options = Vault::options().kind(MemberKind::Service);
    options.create(MemoryStore::new(), "Riverside EHR", &unlock, &none).unwrap().0
}

fn actor(subject: &str) -> Actor {
    Actor {
        issuer: "https://id.example".into(),
        subject: subject.into(),
        session: format!("session of {subject}"),
        purpose: "TREAT".into(),
    }
}

fn record(text: &str) -> Record {
    Record::opaque("text/plain", text.as_bytes())
}

/// Every way of writing carries the actor of its handle, and the service is who signed.
#[test]
fn what_is_written_carries_the_actor_and_the_service_signs() {
    let vault = service();
    let acting = vault.acting_for(actor("nurse-7"));
    let chart = acting.create_chart().unwrap();
    let id = chart.put(&record("1")).unwrap();
    let once = chart.put_once("key", &record("2")).unwrap();
    let next = chart.update(&id, &record("3")).unwrap();
    let batched = acting.batch(|batch| batch.put(&chart, &record("4"))).unwrap();
    let deleted = chart.delete(&once).unwrap();
    let of = |version| chart.version(&version).unwrap();
    let written =
        [of(next), of(deleted), chart.get(&batched).unwrap(), chart.history(&id).unwrap()[0].clone().unwrap()];
    for entry in written {
        assert_eq!(entry.actor(), Some(&actor("nurse-7")));
        // Asserted by the service: nobody is shown as the author but who signed.
        assert_eq!((entry.author(), entry.is_mine()), ("Riverside EHR", true));
    }
}

#[test]
fn nothing_of_one_request_reaches_another() {
    let vault = service();
    let chart = vault.acting_for(actor("founder")).create_chart().unwrap();
    // Handles of the same vault and chart, in turn and at once.
    let plain = vault.chart(&chart.id()).unwrap();
    let id = plain.put(&record("by nobody else")).unwrap();
    assert_eq!(chart.get(&id).unwrap().actor(), None);
    let ids: Vec<_> = thread::scope(|scope| {
        let requests: Vec<_> = (0..8)
            .map(|number| {
                let (vault, chart) = (&vault, chart.id());
                scope.spawn(move || {
                    let acting = vault.acting_for(actor(&format!("user-{number}")));
                    let chart = acting.chart(&chart).unwrap();
                    (0..10).map(|_| (number, chart.put(&record("x")).unwrap())).collect::<Vec<_>>()
                })
            })
            .collect();
        requests.into_iter().flat_map(|request| request.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 80);
    for (number, id) in ids {
        assert_eq!(plain.get(&id).unwrap().actor(), Some(&actor(&format!("user-{number}"))));
    }
    let id = plain.put(&record("after")).unwrap();
    assert_eq!(plain.get(&id).unwrap().actor(), None);
}

/// Handles of two people in one batch are a mistake that is refused, and nothing is written.
#[test]
fn a_batch_acts_for_one() {
    let vault = service();
    let (one, other) = (vault.acting_for(actor("one")), vault.acting_for(actor("other")));
    let chart = one.create_chart().unwrap();
    assert_eq!(other.batch(|batch| batch.put(&chart, &record("x"))), Err(Error::OtherActor));
    assert!(chart.list().unwrap().entries().is_empty());
    // The chart's handle says for whom where the batch does not.
    let id = vault.batch(|batch| batch.put(&chart, &record("x"))).unwrap();
    assert_eq!(chart.get(&id).unwrap().actor(), Some(&actor("one")));
    let id = one.batch(|batch| batch.put(&vault.chart(&chart.id())?, &record("x"))).unwrap();
    assert_eq!(chart.get(&id).unwrap().actor(), Some(&actor("one")));
    // The last handle made does not change the ones before.
    assert_eq!(one.acting_for(actor("third")).chart(&chart.id()).unwrap().id(), chart.id());
    let id = chart.put(&record("x")).unwrap();
    assert_eq!(chart.get(&id).unwrap().actor(), Some(&actor("one")));
}
