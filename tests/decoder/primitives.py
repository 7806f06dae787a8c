"""What the format is built from: docs/FORMAT.md, section "Building blocks"."""

import hashlib
import hmac

import cbor2
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305


class Refused(Exception):
    """Bytes that are not what the format says, or that nobody with the right key wrote."""


def require(condition, what):
    if not condition:
        raise Refused(what)


def refused(work, what):
    try:
        work()
    except Refused:
        return
    raise SystemExit(f"accepted: {what}")


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def lp(data):
    return u32(len(data)) + data


def label(text):
    return lp(b"ampoule/v1/" + text.encode())


def sha512(data):
    return hashlib.sha512(data).digest()


def H(text, data):
    return sha512(label(text) + data)[:32]


def _hmac(hash_name, key, data):
    return hmac.new(key, data, hash_name).digest()


def expand(hash_name, prk, info, length):
    out = block = b""
    while len(out) < length:
        block = _hmac(hash_name, prk, block + info + bytes([len(out) // hashlib.new(hash_name).digest_size + 1]))
        out += block
    return out[:length]


def D(key, role, context, length=32):
    return expand("sha512", _hmac("sha512", bytes(64), key), label(role) + context, length)


def encode(value):
    return cbor2.dumps(value, canonical=True)


def decode(data):
    """Deterministic CBOR: what does not encode to the same bytes again is refused."""
    try:
        value = cbor2.loads(data)
        again = cbor2.dumps(value, canonical=True)
    except Exception as error:
        raise Refused("not CBOR") from error
    require(again == data, "CBOR in another form")
    return value


def structure(data, least, most=None):
    """An array that starts with version 1 and ends with extensions, none of which is critical."""
    value = decode(data) if isinstance(data, bytes) else data
    require(isinstance(value, list) and least <= len(value) <= (most or least), "wrong number of fields")
    require(value[0] == 1, "unknown version")
    extensions(value[-1])
    return value


def extensions(value):
    require(isinstance(value, list) and len(value) <= 16, "extensions")
    numbers = [number for number, _, _ in value]
    require(numbers == sorted(set(numbers)), "order of extensions")
    require(not any(critical for _, critical, _ in value), "critical extension")


SUITES = {1: ("AEAD_AES_256_GCM", AESGCM), 2: ("AEAD_CHACHA20_POLY1305", ChaCha20Poly1305)}


def message_key(suite, key, salt, context):
    """Key, base nonce and commitment of C2SP chunked-encryption."""
    info = b"c2sp.org/chunked-encryption@v1+" + SUITES[suite][0].encode() + b"\0" + salt + context
    okm = expand("sha512", key, info, 76)
    return okm[:32], okm[32:44], okm[44:]


def open_chunked(suite, key, context, sealed):
    require(len(sealed) >= 72, "too short")
    salt, commitment, chunks = sealed[:24], sealed[24:56], sealed[56:]
    key, nonce, expected = message_key(suite, key, salt, context)
    require(hmac.compare_digest(commitment, expected), "commitment")
    cipher = SUITES[suite][1](key)
    out = bytearray()
    count = len(chunks) // 16400 + 1
    for number in range(count):
        chunk = chunks[number * 16400 : (number + 1) * 16400]
        require(len(chunk) >= 16, "the last chunk is missing")
        chunk_nonce = (int.from_bytes(nonce, "big") ^ number).to_bytes(12, "big")
        try:
            out += cipher.decrypt(chunk_nonce, chunk, b"")
        except InvalidTag as error:
            raise Refused("chunk") from error
    return bytes(out)


def open_once(suite, key_and_nonce, sealed):
    try:
        return SUITES[suite][1](key_and_nonce[:32]).decrypt(key_and_nonce[32:], sealed, b"")
    except (InvalidTag, ValueError) as error:
        raise Refused("sealed key") from error


def padded_len(length):
    if length <= 512:
        return 512
    if length <= 1 << 20:
        power = 1 << (length - 1).bit_length()
        return power * 3 // 4 if length <= power * 3 // 4 else power
    exponent = length.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return length + mask & ~mask


def unpad(padded, exact=True):
    length = int.from_bytes(padded[:4], "big")
    require(4 + length <= len(padded) and not any(padded[4 + length :]), "padding")
    require(not exact or len(padded) == padded_len(4 + length), "padded size")
    return padded[4 : 4 + length]


def statement(data):
    """Payload of a COSE_Sign1, its signature, and what is signed without the external data."""
    value = decode(data)
    require(isinstance(value, list) and len(value) == 4, "statement")
    protected, unprotected, payload, signature = value
    require(protected == bytes.fromhex("a10127") and unprotected == {}, "statement header")
    return payload, signature


def verify(data, kind, key):
    """The payload of a statement, if `key` signed it as one of this kind."""
    payload, signature = statement(data)
    aad = b"ampoule/v1/sign/" + kind.encode()
    check_signature(key, signature, cbor2.dumps(["Signature1", bytes.fromhex("a10127"), aad, payload]))
    return payload


def check_signature(key, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused("signature") from error


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def xwing(seed):
    """Private keys and public key of an X-Wing seed."""
    expanded = hashlib.shake_256(seed).digest(96)
    pq = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    classic = X25519PrivateKey.from_private_bytes(expanded[64:])
    return pq, classic, pq.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw()


def hpke_open(seed, info, sealed):
    """RFC 9180, base mode: X-Wing, HKDF-SHA256, ChaCha20Poly1305."""
    require(len(sealed) >= 1136, "too short")
    pq, classic, public = xwing(seed)
    share = sealed[1088:1120]
    try:
        secrets = pq.decapsulate(sealed[:1088]) + classic.exchange(X25519PublicKey.from_public_bytes(share))
    except ValueError as error:
        raise Refused("share") from error
    shared = hashlib.sha3_256(secrets + share + public[1184:] + b"\\.//^\\").digest()
    suite = b"HPKE" + bytes.fromhex("647a00010003")

    def extract(salt, name, material):
        return _hmac("sha256", salt or bytes(32), b"HPKE-v1" + suite + name + material)

    def output(name, length):
        return expand("sha256", secret, length.to_bytes(2, "big") + b"HPKE-v1" + suite + name + context, length)

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    secret = extract(shared, b"secret", b"")
    try:
        return ChaCha20Poly1305(output(b"key", 32)).decrypt(output(b"base_nonce", 12), sealed[1120:], b"")
    except InvalidTag as error:
        raise Refused("sealed to a person") from error
