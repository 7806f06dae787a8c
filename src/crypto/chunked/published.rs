//! The published vectors of C2SP chunked-encryption (C2SP/wycheproof), in both directions: what others sealed opens here, and
//! what is sealed here with their salt is, byte for byte, what they sealed. Files of a vault go the same two ways in
//! `tests/decoder`, by Cobblestone-256 of the Python package `cryptography`.

use super::*;
use crate::crypto::{kdf, role};
use wycheproof::{
    HashFunction, TestResult,
    chunked_encryption::{ChunkedEncryptionAead, TestName, TestSet},
};

#[test]
fn others_messages_open_and_are_sealed_alike() {
    let set = TestSet::load(TestName::Cobblestone256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        assert_eq!((group.aead, group.hash), (ChunkedEncryptionAead::Aes256Gcm, HashFunction::Sha2_512));
        for test in &group.tests {
            let sealed = miniz_oxide::inflate::decompress_to_vec_zlib(&test.ct).unwrap();
            let key = Secret::<role::DataKey>::from_slice(&test.key);
            let opened = key.and_then(|key| open(Suite::Aes256Gcm, &key, &[&test.ctx], &sealed));
            if test.result == TestResult::Invalid {
                invalid += 1;
                assert!(opened.is_err(), "{}: {}", test.tc_id, test.comment);
                continue;
            }
            valid += 1;
            let opened = opened.unwrap_or_else(|_| panic!("{}: {}", test.tc_id, test.comment));
            assert_eq!(Some(opened.len()), test.msg_length, "{}", test.tc_id);
            assert_eq!(&test.msg_sha512.as_ref().unwrap()[..], kdf::sha512(&opened), "{}", test.tc_id);
            let key = Secret::<role::DataKey>::from_slice(&test.key).unwrap();
            let salt = *sealed.first_chunk().unwrap();
            assert!(seal(Suite::Aes256Gcm, &key, salt, &[&test.ctx], &opened).unwrap() == sealed, "{}", test.tc_id);
        }
    }
    // As many as the set says that it has.
    assert_eq!(valid + invalid, set.number_of_tests);
    assert!(valid > 0 && invalid > 0);
}
