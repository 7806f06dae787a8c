"""The tree of BLAKE3, keyed, as far as its parents: the package hashes the whole, this gives what stands inside.

The BLAKE3 paper, 2.1 to 2.6. What it gives for the root is compared with the package each time.
"""

from struct import pack, unpack

from blake3 import blake3
from primitives import require

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED_HASH = 1, 2, 4, 8, 16
CHUNK, GROUP, WORD = 1024, 16384, 0xFFFFFFFF


def mix(v, a, b, c, d, x, y):
    v[a] = v[a] + v[b] + x & WORD
    v[d] ^= v[a]
    v[d] = v[d] >> 16 | v[d] << 16 & WORD
    v[c] = v[c] + v[d] & WORD
    v[b] ^= v[c]
    v[b] = v[b] >> 12 | v[b] << 20 & WORD
    v[a] = v[a] + v[b] + y & WORD
    v[d] ^= v[a]
    v[d] = v[d] >> 8 | v[d] << 24 & WORD
    v[c] = v[c] + v[d] & WORD
    v[b] ^= v[c]
    v[b] = v[b] >> 7 | v[b] << 25 & WORD


def compress(value, block, counter, flags):
    """The first half of the output: a chaining value, or with ROOT a hash of 32 bytes."""
    words = unpack("<16I", block.ljust(64, b"\0"))
    v = [*value, *IV[:4], counter & WORD, counter >> 32, len(block), flags]
    for _ in range(7):
        for at, (a, b, c, d) in enumerate(COLUMNS + DIAGONALS):
            mix(v, a, b, c, d, words[2 * at], words[2 * at + 1])
        words = [words[at] for at in PERMUTATION]
    return [low ^ high for low, high in zip(v[:8], v[8:])]


class Tree:
    """The tree under one key."""

    def __init__(self, key):
        self.key, self.words = key, unpack("<8I", key)

    def chunk(self, data, number, last=0):
        value = self.words
        blocks = [data[at : at + 64] for at in range(0, len(data), 64)]
        for at, block in enumerate(blocks):
            flags = KEYED_HASH | CHUNK_START * (at == 0)
            if at == len(blocks) - 1:
                flags |= CHUNK_END | last
            value = compress(value, block, number, flags)
        return pack("<8I", *value)

    def parent(self, left, right, last=0):
        return pack("<8I", *compress(self.words, left + right, 0, KEYED_HASH | PARENT | last))

    def value(self, data, first, last=0):
        """Of a subtree that starts with chunk `first`; with ROOT, of the whole."""
        if len(data) <= CHUNK:
            return self.chunk(data, first, last)
        chunks = -(-len(data) // CHUNK)
        left = 1 << (chunks - 1).bit_length() - 1
        halves = self.value(data[: left * CHUNK], first), self.value(data[left * CHUNK :], first + left)
        return self.parent(*halves, last)

    def whole(self, data):
        return blake3(data, key=self.key).digest()

    def outboard(self, data):
        """The parents of this content, in post-order, and the root."""
        groups = [data[at : at + GROUP] for at in range(0, len(data), GROUP)]
        parents = []

        def walk(first, count, last=0):
            if count == 1:
                return self.value(groups[first], first * GROUP // CHUNK, last)
            left = 1 << (count - 1).bit_length() - 1
            halves = walk(first, left), walk(first + left, count - left)
            parents.extend(halves)
            return self.parent(*halves, last)

        root = walk(0, len(groups), ROOT)
        require(self.whole(data) == root, "root")
        return b"".join(parents), root
