//! One strict pass over a JSON text: no key twice, bounded depth. It builds no tree, so that memory stays within a small
//! multiple of what is kept.

use crate::FhirError;
use crate::collect::{Collector, Fields};
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;

/// Most levels of objects and arrays. The deepest HL7 example has 24; `serde_json` itself ends at 128.
const MAX_DEPTH: usize = 100;

/// Longest text that an object keeps for its own rules, in bytes: no reference, code or date is longer.
const MAX_FIELD: usize = 4096;

/// Shows every object and text of `content` to `collector`.
pub(crate) fn walk<'de>(content: &'de [u8], collector: &mut Collector<'de>) -> Result<(), FhirError> {
    let mut state = State { collector, fault: None };
    let mut json = serde_json::Deserializer::from_slice(content);
    let walked = Walk { state: &mut state, depth: 0 }.deserialize(&mut json).and_then(|seen| json.end().map(|()| seen));
    match (walked, state.fault) {
        (Ok(Seen::Object(_)), _) => Ok(()),
        (Ok(_), _) => Err(FhirError::NotAResource),
        (Err(_), Some(Fault::Depth)) => Err(FhirError::TooDeep { limit: MAX_DEPTH }),
        (Err(error), Some(Fault::Duplicate)) => {
            Err(FhirError::DuplicateKey { line: error.line(), column: error.column() })
        }
        (Err(error), None) => Err(FhirError::NotJson { line: error.line(), column: error.column() }),
    }
}

/// What a value was, told to the object that holds it.
pub(crate) enum Seen<'de> {
    /// A text of at most [`MAX_FIELD`] bytes.
    Text(Cow<'de, str>),
    /// An object, by the fields that rules look at.
    Object(Box<Fields<'de>>),
    /// Anything else, arrays included: their elements have been shown already.
    Other,
}

enum Fault {
    Depth,
    Duplicate,
}

struct State<'c, 'de> {
    collector: &'c mut Collector<'de>,
    fault: Option<Fault>,
}

struct Walk<'s, 'c, 'de> {
    state: &'s mut State<'c, 'de>,
    depth: usize,
}

impl<'c, 'de> Walk<'_, 'c, 'de> {
    fn fail<E: Error>(&mut self, fault: Fault) -> E {
        self.state.fault = Some(fault);
        E::custom("refused")
    }

    fn deeper<E: Error>(&mut self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(Fault::Depth));
        }
        Ok(self.depth.saturating_add(1))
    }

    fn child(&mut self, depth: usize) -> Walk<'_, 'c, 'de> {
        Walk { state: &mut *self.state, depth }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = Seen<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Seen<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = Seen<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Seen<'de>, E> {
        self.state.collector.other();
        Ok(Seen::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Seen<'de>, E> {
        self.state.collector.other();
        Ok(Seen::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Seen<'de>, E> {
        self.state.collector.other();
        Ok(Seen::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Seen<'de>, E> {
        self.state.collector.other();
        Ok(Seen::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Seen<'de>, E> {
        self.state.collector.other();
        Ok(Seen::Other)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Seen<'de>, E> {
        self.state.collector.text(text);
        Ok(kept(text.len(), || Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Seen<'de>, E> {
        self.state.collector.text(text);
        Ok(kept(text.len(), || Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<Seen<'de>, A::Error> {
        let depth = self.deeper()?;
        while array.next_element_seed(self.child(depth))?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Seen<'de>, A::Error> {
        let depth = self.deeper()?;
        let mut keys = Keys::default();
        let mut fields = Box::new(Fields::new(self.state.collector));
        while let Some(key) = object.next_key_seed(Key)? {
            if keys.contains(&key) {
                return Err(self.fail(Fault::Duplicate));
            }
            self.state.collector.enter(key.clone());
            let seen = object.next_value_seed(self.child(depth))?;
            self.state.collector.leave();
            fields.set(&key, seen);
            keys.insert(key);
        }
        self.state.collector.object(&fields);
        Ok(Seen::Object(fields))
    }
}

fn kept<'de>(len: usize, text: impl FnOnce() -> Cow<'de, str>) -> Seen<'de> {
    if len <= MAX_FIELD { Seen::Text(text()) } else { Seen::Other }
}

/// Reads a key with its escapes undone, so that `"a"` and `"\u0061"` are the same.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The keys of one object: a list while it is short, as nearly every object is, a set beyond.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 24;

    fn contains(&self, key: &str) -> bool {
        self.few.iter().any(|known| known == key) || self.many.contains(key)
    }

    fn insert(&mut self, key: Cow<'de, str>) {
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
    }
}
