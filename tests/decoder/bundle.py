"""The proof of a bundle, and the pieces of lines that it brings."""

from base64 import b64decode, b64encode
from hashlib import sha256

from primitives import H, Refused, check_signature, decode, label, lp, require, structure

ORIGIN = "ampoule/log/"


def check_proof(proof, chart, content, cards):
    """That the log of a device whose card is known says what the content is."""
    try:
        follow_proof(proof, chart, content, cards)
    except (ValueError, TypeError, IndexError) as error:
        raise Refused("form of a proof") from error


def follow_proof(proof, chart, content, cards):
    _, note, leaf, inclusion, way, consistency, _ = structure(proof, 7)
    text, signatures = note.decode().split("\n\n")
    origin, leaves, root = text.split("\n")
    log, leaves, root = bytes.fromhex(origin.removeprefix(ORIGIN)), int(leaves), b64decode(root)
    devices = [device for device in cards.devices.values() if H("log", device.hash)[:16] == log]
    require(len(devices) == 1, "device of a log")
    dash, name, signature = signatures.removesuffix("\n").split(" ")
    signature = b64decode(signature)
    key_id = sha256(name.encode() + b"\n\x01" + devices[0].log).digest()[:4]
    require((dash, name, signature[:4]) == ("\u2014", origin, key_id), "signature line of a note")
    check_signature(devices[0].log, signature[4:], text.encode() + b"\n")
    again = f"{ORIGIN}{log.hex()}\n{leaves}\n{b64encode(root).decode()}\n\n\u2014 {name} {b64encode(signature).decode()}\n"
    require(note == again.encode(), "form of a note")

    _, place, path = plain(inclusion, 3)
    require(place + 1 == leaves, "last leaf")
    require(root_by(leaf, place, leaves, hashes(path)) == root, "inclusion")
    require(leaf[:1] == b"\x01" and lp(leaf[37:]) == leaf[33:], "leaf")
    key = H("marked", label("bundle") + chart)
    _, siblings, end = plain(way, 3)
    require(end is not None and end[0] == key and end[1][8:] == content[:24], "mark of a bundle")
    node, siblings = H("map-leaf", end[0] + end[1]), hashes(siblings)
    for depth in reversed(range(len(siblings))):
        right = key[depth // 8] & 0x80 >> depth % 8
        node = H("map-node", siblings[depth] + node if right else node + siblings[depth])
    require(node == leaf[1:33], "root of a map")
    if consistency is not None:
        hashes(plain(consistency, 2)[1])


def frames_of(data):
    """Type, payload and place of each frame."""
    require(data[:5] == b"AMPB\x01", "bundle")
    frames, at = [], 5
    while at < len(data):
        size = int.from_bytes(data[at + 1 : at + 5], "big")
        frames.append((data[at], data[at + 5 : at + 5 + size], at))
        at += 5 + size
    require(at == len(data), "end of a bundle")
    return frames


def forged(data):
    """Bundles that a courier can make of this one, with a sum that is right."""
    frames = [(kind, payload) for kind, payload, _ in frames_of(data)[:-1]]
    *content, (_, proof) = frames
    for at in range(1, len(content)):
        yield summed(content[:at] + content[at + 1 :], proof)
        yield summed(content[:at] + [content[at]] + content[at:], proof)
        if at > 1 and content[at][0] == content[at - 1][0]:
            yield summed(content[: at - 1] + [content[at], content[at - 1]] + content[at + 1 :], proof)
    for at in range(len(proof)):
        changed = bytearray(proof)
        changed[at] ^= 1 << at % 8
        yield summed(content, bytes(changed))


def summed(content, proof):
    frame = lambda kind, payload: bytes([kind]) + lp(payload)
    data = b"AMPB\x01" + b"".join(frame(*each) for each in content)
    end = H("bundle", H("bundle-content", data) + proof)
    return data + frame(8, proof) + frame(9, end)


def plain(data, fields):
    """A proof of a log: without extensions."""
    value = decode(data)
    require(isinstance(value, list) and len(value) == fields and value[0] == 1, "proof")
    return value


def hashes(path):
    require(len(path) % 32 == 0, "hashes of a path")
    return [path[at : at + 32] for at in range(0, len(path), 32)]


def root_by(leaf, place, leaves, path):
    """RFC 9162, 2.1.3.2."""
    node, last = sha256(b"\x00" + leaf).digest(), leaves - 1
    for beside in path:
        require(last > 0, "length of a path")
        if place & 1 or place == last:
            node = sha256(b"\x01" + beside + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\x01" + node + beside).digest()
        place, last = place >> 1, last >> 1
    require(last == 0, "length of a path")
    return node


def check_pieces(pieces, entries, whole):
    """That the entries lead each line from where it begins to where it ends."""
    objects = iter([H("object", entry[52:]) for entry in entries])
    for _, _, (count, hash), to, absent in pieces:
        absent = {place: (object, why, ids) for place, object, why, ids in absent}
        while count < to[0]:
            count += 1
            object, why, ids = absent.pop(count, (None, None, None))
            require((why == 2) == (ids is not None), "what is absent")
            object = object or next(objects, None)
            require(object is not None, "an entry of a bundle")
            hash = sha256(label("scope-line") + hash + object).digest()
        require([count, hash] == to and not absent, "end of a line")
    require(not whole or next(objects, None) is None, "entries in no line")
