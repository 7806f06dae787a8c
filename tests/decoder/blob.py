"""Content of files: the descriptor, the chunks, the tree over them."""

from blake import Tree
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from primitives import D, Refused, decode, label, open_chunked, padded_len, require, structure, u64

CHUNK, SEALED, PREFIX, TAG = 16384, 16400, 56, 16


class Descriptor:
    def __init__(self, data):
        _, self.blob, self.length, self.root, self.key, more = structure(data, 6)
        require(len(self.blob) == 16 and len(self.root) == 32 and len(self.key) == 32, "descriptor")
        previews = [decode(value) for number, _, value in more if number == 1]
        self.preview = previews[0] if previews else None
        for media_type, preview in previews:
            require(len(media_type.encode()) <= 255 and len(preview) <= 262144, "preview")
        self.padded = padded_len(self.length)
        self.groups = -(-self.padded // CHUNK)

    def lengths(self):
        """Of the chunks and of the outboard."""
        return PREFIX + self.padded + TAG * (self.padded // CHUNK + 1), 64 * (self.groups - 1)

    def context(self, chart):
        return label("blob") + chart + self.blob

    def tree(self, chart):
        return Tree(D(self.key, "outboard", chart + self.blob))

    def incoming(self, index_key, chart):
        """Under which id a receiver keeps it."""
        context = chart + self.blob + u64(self.length) + self.root + self.key
        return D(index_key, "incoming", context)[:16]


def open_blob(suite, chart, descriptor, chunks, outboard):
    """The content of a file."""
    require(len(outboard) == descriptor.lengths()[1], "length of an outboard")
    content, made = receive(suite, chart, descriptor, chunks)
    require(made == outboard, "outboard")
    return content


def receive(suite, chart, descriptor, chunks):
    """The content of a file, from the chunks alone, and the outboard that follows from them."""
    require(len(chunks) == descriptor.lengths()[0], "length of chunks")
    plain = open_chunked(suite, descriptor.key, descriptor.context(chart), chunks)
    require(len(plain) == descriptor.padded and not any(plain[descriptor.length :]), "padding of a blob")
    outboard, root = descriptor.tree(chart).outboard(plain)
    require(root == descriptor.root, "root of another content")
    if suite == 1:
        require(open_elsewhere(descriptor.key, descriptor.context(chart), chunks) == plain, "opened by Cobblestone-256")
    return plain[: descriptor.length], outboard


class Blobs:
    """The folder beside the file of SQLite."""

    def __init__(self, folder):
        self.folder = folder
        self.rest = {path for path in folder.glob("*/*")} if folder.is_dir() else set()

    def path(self, blob, part):
        name = blob.hex()
        return self.folder / name[:2] / f"{name}.{part}"

    def parts(self, blob, end=""):
        """The chunks and the outboard of a blob, or nothing where it is not there."""
        paths = [self.path(blob, part + end) for part in ("chunks", "outboard")]
        self.rest -= set(paths)
        chunks, outboard = [path.read_bytes() if path.is_file() else b"" for path in paths]
        return (chunks, outboard) if chunks else None

    def replace(self, descriptor, chunks):
        """Puts other chunks in the place of those that are there, which stay beside them."""
        replace(self.path(descriptor.blob, "chunks"), chunks)

    def all_read(self):
        return not self.rest


def replace(path, chunks):
    require(len(chunks) == path.stat().st_size, "length of chunks")
    path.rename(path.with_suffix(".replaced"))
    path.write_bytes(chunks)


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
    """What whoever owns the store can make of a blob without its key."""
    for what, changed in changes_of_chunks(chunks):
        yield what, changed, outboard
    for more in (1, TAG, SEALED):
        yield f"{more} bytes more of the outboard", chunks, outboard + bytes(more)
    for at in range(0, len(outboard), 13):
        yield f"byte {at} of the outboard", chunks, flipped(outboard, at)
    for at in range(64, len(outboard), 64):
        yield f"the outboard cut off at {at}", chunks, outboard[:at]
        pair = outboard[at : at + 64] + outboard[at - 64 : at]
        yield f"parents at {at} exchanged", chunks, outboard[: at - 64] + pair + outboard[at + 64 :]


def changes_of_chunks(chunks):
    """What whoever carries the chunks can make of them: each byte of a few, some bytes of each of many."""
    starts = range(PREFIX, len(chunks), SEALED)
    at_all = set(range(PREFIX)) if len(chunks) > 1024 else set(range(len(chunks)))
    for start in starts:
        end = min(start + SEALED, len(chunks))
        at_all |= {max(start, at) for at in (start, (start + end) // 2, *range(end - TAG - 1, end))}
        yield f"without the chunk at {start}", chunks[:start] + chunks[end:]
        yield f"the chunk at {start} twice", chunks[:end] + chunks[start:end] + chunks[end:]
    for at in sorted(at_all):
        yield f"byte {at} of the chunks", flipped(chunks, at)
        yield f"cut off at {at}", chunks[:at]
    for one, other in zip(starts, starts[1:]):
        if other + SEALED <= len(chunks):
            pair = chunks[other : other + SEALED] + chunks[one:other]
            yield f"the chunk at {one} after the next", chunks[:one] + pair + chunks[other + SEALED :]
    for more in (1, TAG, SEALED):
        yield f"{more} bytes more", chunks + bytes(more)


def flipped(data, at):
    changed = bytearray(data)
    changed[at] ^= 1 << at % 8
    return bytes(changed)
