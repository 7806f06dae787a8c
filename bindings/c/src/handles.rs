//! What C holds: numbers in the form of pointers, which are looked up and never followed.
//!
//! A handle names a place in one table and the generation of what is there. Closing a handle ends its generation, so a
//! handle that was closed, twice or while another thread uses it, names nothing any more and never something else. A place
//! whose generations are used up is not used again.

use crate::status::ampoule_status;
use std::any::Any;
use std::ptr;
use std::sync::{Arc, PoisonError, RwLock};

/// Bits of the place; above them are those of the generation.
const PLACE_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const PLACES: usize = 1 << PLACE_BITS;
/// The highest bit is always set: where addresses have 64 bits, no program may follow such a pointer by mistake.
const MARK: usize = 1 << (usize::BITS - 1);
const MOST_GENERATION: usize = (MARK >> PLACE_BITS) - 1;

type Object = Arc<dyn Any + Send + Sync>;

static TABLE: RwLock<Table> = RwLock::new(Table { slots: Vec::new(), free: Vec::new(), open: 0 });

/// Gives C something to hold.
pub(crate) fn open<T: Any + Send + Sync>(object: T) -> Result<*mut T, ampoule_status> {
    open_with(|| object)
}

/// As [`open`], of what is made only where there is a handle for it: what C gave with it stays C's where this fails.
pub(crate) fn open_with<T: Any + Send + Sync>(make: impl FnOnce() -> T) -> Result<*mut T, ampoule_status> {
    let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
    if !table.has_room() {
        return Err(ampoule_status::TooManyHandles);
    }
    let handle = table.insert(Arc::new(make())).ok_or(ampoule_status::TooManyHandles)?;
    Ok(ptr::without_provenance_mut(handle))
}

/// What a handle names, kept alive until the call is over.
pub(crate) fn get<T: Any + Send + Sync>(handle: *const T) -> Result<Arc<T>, ampoule_status> {
    if handle.is_null() {
        return Err(ampoule_status::NullArgument);
    }
    let object = TABLE.read().unwrap_or_else(PoisonError::into_inner).object(handle.addr());
    // A handle of another kind names something too, and is as wrong.
    object.and_then(|object| object.downcast().ok()).ok_or(ampoule_status::ClosedHandle)
}

/// As [`get`], where NULL is nothing.
pub(crate) fn get_if_any<T: Any + Send + Sync>(handle: *const T) -> Result<Option<Arc<T>>, ampoule_status> {
    if handle.is_null() { Ok(None) } else { get(handle).map(Some) }
}

/// Ends a handle.
pub(crate) fn close(handle: usize) -> Result<(), ampoule_status> {
    let object = TABLE.write().unwrap_or_else(PoisonError::into_inner).remove(handle);
    // Dropped here, with the table free: a vault that is left writes to its store.
    object.map(drop).ok_or(ampoule_status::ClosedHandle)
}

/// How many are open.
pub(crate) fn count() -> usize {
    TABLE.read().unwrap_or_else(PoisonError::into_inner).open
}

struct Slot {
    generation: usize,
    object: Option<Object>,
}

struct Table {
    slots: Vec<Slot>,
    free: Vec<usize>,
    open: usize,
}

impl Table {
    fn has_room(&self) -> bool {
        !self.free.is_empty() || self.slots.len() < PLACES
    }

    fn insert(&mut self, object: Object) -> Option<usize> {
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.slots.len() < PLACES => {
                self.slots.push(Slot { generation: 0, object: None });
                self.slots.len().checked_sub(1)?
            }
            None => return None,
        };
        let slot = self.slots.get_mut(place)?;
        slot.object = Some(object);
        self.open = self.open.saturating_add(1);
        Some(MARK | slot.generation << PLACE_BITS | place)
    }

    fn object(&self, handle: usize) -> Option<Object> {
        let (place, generation) = parts(handle)?;
        let slot = self.slots.get(place)?;
        if slot.generation == generation { slot.object.clone() } else { None }
    }

    fn remove(&mut self, handle: usize) -> Option<Object> {
        let (place, generation) = parts(handle)?;
        let slot = self.slots.get_mut(place).filter(|slot| slot.generation == generation)?;
        let object = slot.object.take()?;
        self.open = self.open.saturating_sub(1);
        if slot.generation < MOST_GENERATION {
            slot.generation = slot.generation.saturating_add(1);
            self.free.push(place);
        }
        Some(object)
    }
}

/// Place and generation.
fn parts(handle: usize) -> Option<(usize, usize)> {
    let number = handle.checked_sub(MARK)?;
    Some((number & (PLACES.saturating_sub(1)), number >> PLACE_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table { slots: Vec::new(), free: Vec::new(), open: 0 }
    }

    #[test]
    fn a_closed_handle_names_nothing_though_its_place_is_used_again() {
        let mut table = table();
        let first = table.insert(Arc::new(1_u8)).unwrap();
        assert!(table.remove(first).is_some());
        assert!(table.remove(first).is_none());
        let second = table.insert(Arc::new(2_u8)).unwrap();
        assert_eq!(parts(first).unwrap().0, parts(second).unwrap().0);
        assert!(table.object(first).is_none());
        assert_eq!(table.object(second).unwrap().downcast_ref(), Some(&2_u8));
        assert_eq!(table.open, 1);
    }

    #[test]
    fn a_place_is_left_when_its_generations_are_used_up() {
        let mut table = table();
        let handle = table.insert(Arc::new(1_u8)).unwrap();
        table.slots[0].generation = MOST_GENERATION;
        let last = handle | MOST_GENERATION << PLACE_BITS;
        assert!(table.remove(last).is_some());
        assert!(table.remove(last).is_none());
        assert_eq!(parts(table.insert(Arc::new(2_u8)).unwrap()).unwrap().0, 1);
    }

    #[test]
    fn a_handle_of_another_kind_or_none_is_refused() {
        let handle = open(7_u8).unwrap();
        assert_eq!(get::<u16>(handle.cast()).err(), Some(ampoule_status::ClosedHandle));
        assert_eq!(get::<u8>(ptr::null()).err(), Some(ampoule_status::NullArgument));
        assert_eq!(get::<u8>(ptr::without_provenance(8)).err(), Some(ampoule_status::ClosedHandle));
        assert_eq!(get(handle.cast_const()).as_deref(), Ok(&7));
        assert_eq!(close(handle.addr()), Ok(()));
        assert_eq!(get(handle.cast_const()).err(), Some(ampoule_status::ClosedHandle));
    }
}
