//! Argon2id (RFC 9106), within a floor and a ceiling that the reader checks before it allocates.

use super::{Failed, Secret, role};
use argon2::{Algorithm, Argon2, Params, Version};

/// Cost of Argon2id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub(crate) struct Cost {
    /// Memory, in KiB.
    #[n(0)]
    pub(crate) memory_kib: u32,
    /// Passes over the memory.
    #[n(1)]
    pub(crate) passes: u32,
    /// Lanes.
    #[n(2)]
    pub(crate) lanes: u32,
}

impl Cost {
    /// The least that is accepted: 64 MiB, three passes, one lane.
    pub(crate) const FLOOR: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// The most that is accepted: 256 MiB, ten passes, four lanes.
    pub(crate) const CEILING: Self = Self { memory_kib: 256 * 1024, passes: 10, lanes: 4 };

    /// Whether it is between floor and ceiling.
    pub(crate) fn is_allowed(self) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        (Self::FLOOR.memory_kib..=Self::CEILING.memory_kib).contains(&memory_kib)
            && (Self::FLOOR.passes..=Self::CEILING.passes).contains(&passes)
            && (Self::FLOOR.lanes..=Self::CEILING.lanes).contains(&lanes)
    }
}

/// The factor of a passphrase. Fails before allocating where the cost is out of bounds.
pub(crate) fn argon2id(
    cost: Cost,
    salt: &[u8; 16],
    passphrase: &[u8],
) -> Result<Secret<role::PassphraseFactor>, Failed> {
    if !cost.is_allowed() {
        return Err(Failed);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| Failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut result = Ok(());
    let secret = Secret::fill_with(|out| result = argon2.hash_password_into(passphrase, salt, out));
    result.map(|()| secret).map_err(|_| Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f42_costs_outside_floor_and_ceiling_are_refused() {
        let floor = Cost::FLOOR;
        for cost in [
            Cost { memory_kib: 64 * 1024 - 1, ..floor },
            Cost { memory_kib: 256 * 1024 + 1, ..floor },
            Cost { memory_kib: u32::MAX, ..floor },
            Cost { passes: 2, ..floor },
            Cost { passes: 11, ..floor },
            Cost { lanes: 0, ..floor },
            Cost { lanes: 5, ..floor },
        ] {
            assert!(argon2id(cost, &[0; 16], b"passphrase").is_err(), "{cost:?}");
        }
        assert!(floor.is_allowed() && Cost::CEILING.is_allowed());
    }
}
