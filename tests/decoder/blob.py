"""Content of files: the descriptor, the chunks, the tree over them."""

from blake import Tree
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from primitives import D, Refused, label, open_chunked, padded_len, require, structure

CHUNK, SEALED, PREFIX, TAG = 16384, 16400, 56, 16


class Descriptor:
    def __init__(self, data):
        _, self.blob, self.length, self.root, self.key, _ = structure(data, 6)
        require(len(self.blob) == 16 and len(self.root) == 32 and len(self.key) == 32, "descriptor")
        self.padded = padded_len(self.length)
        self.groups = -(-self.padded // CHUNK)

    def lengths(self):
        """Of the chunks and of the outboard."""
        return PREFIX + self.padded + TAG * (self.padded // CHUNK + 1), 64 * (self.groups - 1)

    def context(self, chart):
        return label("blob") + chart + self.blob

    def tree(self, chart):
        return Tree(D(self.key, "outboard", chart + self.blob))


def open_blob(suite, chart, descriptor, chunks, outboard):
    """The content of a file."""
    require((len(chunks), len(outboard)) == descriptor.lengths(), "length of a blob")
    plain = open_chunked(suite, descriptor.key, descriptor.context(chart), chunks)
    require(len(plain) == descriptor.padded and not any(plain[descriptor.length :]), "padding of a blob")
    descriptor.tree(chart).check(plain, outboard, descriptor.root)
    if suite == 1:
        require(open_elsewhere(descriptor.key, descriptor.context(chart), chunks) == plain, "opened by Cobblestone-256")
    return plain[: descriptor.length]


class Blobs:
    """The folder beside the file of SQLite."""

    def __init__(self, folder):
        self.folder = folder
        self.rest = {path for path in folder.glob("*/*")} if folder.is_dir() else set()

    def path(self, descriptor, part):
        name = descriptor.blob.hex()
        return self.folder / name[:2] / f"{name}.{part}"

    def read(self, data):
        descriptor = Descriptor(data)
        chunks, outboard = self.path(descriptor, "chunks"), self.path(descriptor, "outboard")
        self.rest -= {chunks, outboard}
        return descriptor, chunks.read_bytes(), outboard.read_bytes() if descriptor.groups > 1 else b""

    def replace(self, descriptor, chunks):
        """Puts other chunks in the place of those that are there, which stay beside them."""
        path = self.path(descriptor, "chunks")
        require(len(chunks) == path.stat().st_size, "length of chunks")
        path.rename(path.with_suffix(".replaced"))
        path.write_bytes(chunks)

    def all_read(self):
        return not self.rest


def open_elsewhere(key, context, sealed):
    """By an implementation of C2SP chunked-encryption that is neither this one nor the library's."""
    opener = Cobblestone256Decryptor(key, context)
    try:
        return opener.update(sealed) + opener.finalize()
    except InvalidTag as error:
        raise Refused("chunk, by Cobblestone-256") from error


def sealed_elsewhere(key, context, plain):
    sealer = Cobblestone256Encryptor(key, context)
    return sealer.update(plain) + sealer.finalize()


def changes(chunks, outboard):
    """What whoever owns the store can make of a blob without its key. `several` chunks are moved, doubled and dropped."""

    def flipped(data, at):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        return bytes(changed)

    for at in range(PREFIX):
        yield f"byte {at} before the chunks", flipped(chunks, at), outboard
    starts = range(PREFIX, len(chunks), SEALED)
    for start in starts:
        end = min(start + SEALED, len(chunks))
        for at in {start, (start + end) // 2, end - TAG - 1, *range(end - TAG, end)}:
            if at >= PREFIX:
                yield f"byte {at} of the chunks", flipped(chunks, at), outboard
        yield f"cut off at {start}", chunks[:start], outboard
        yield f"without the chunk at {start}", chunks[:start] + chunks[end:], outboard
        yield f"the chunk at {start} twice", chunks[:end] + chunks[start:end] + chunks[end:], outboard
    for one, other in zip(starts, starts[1:]):
        if other + SEALED <= len(chunks):
            pair = chunks[other : other + SEALED] + chunks[one:other]
            yield f"the chunk at {one} after the next", chunks[:one] + pair + chunks[other + SEALED :], outboard
    for more in (1, TAG, SEALED):
        yield f"{more} bytes more", chunks + bytes(more), outboard
        yield f"{more} bytes more of the outboard", chunks, outboard + bytes(more)
    yield "a byte less", chunks[:-1], outboard
    for at in range(0, len(outboard), 13):
        yield f"byte {at} of the outboard", chunks, flipped(outboard, at)
    for at in range(64, len(outboard), 64):
        yield f"the outboard cut off at {at}", chunks, outboard[:at]
        pair = outboard[at : at + 64] + outboard[at - 64 : at]
        yield f"parents at {at} exchanged", chunks, outboard[: at - 64] + pair + outboard[at + 64 :]
