"""The Merkle tree of RFC 9162, section 2.1: roots and inclusion proofs."""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; that of no leaf is SHA-256 of nothing.

    Joining pairs level by level, and carrying an odd last node up as it is, gives the same tree as
    the split at the largest power of two in the RFC.
    """
    if not leaves:
        return hashlib.sha256(b"").digest()
    level = list(leaves)
    while len(level) > 1:
        level = _level_above(level)
    return level[0]


def _level_above(level: list[bytes]) -> list[bytes]:
    paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return [*paired, level[-1]] if len(level) % 2 else paired


class RunningRoot:
    """The root over leaf hashes that arrive one by one, in memory of O(log n)."""

    def __init__(self) -> None:
        # Roots of perfect trees, the largest first; together they hold all leaves so far.
        self._trees: list[bytes] = []
        self._size = 0

    def add(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        node, size = leaf, self._size
        while size % 2:
            node, size = node_hash(self._trees.pop(), node), size // 2
        self._trees.append(node)
        self._size += 1

    def root(self) -> bytes:
        """Return the root over the leaves so far, as `root` does over a list of them."""
        if not self._trees:
            return root(())
        node = self._trees[-1]
        for tree in reversed(self._trees[:-1]):
            node = node_hash(tree, node)
        return node


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the audit path of leaf `index`, from the bottom up; IndexError beyond the leaves."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path, level = [], list(leaves)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        level, index = _level_above(level), index // 2
    return path


def includes(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Return whether `path` proves that `leaf` is leaf `index` of the tree with root `expected`."""
    if not 0 <= index < size:
        return False
    node, rest, last = leaf, list(path), size - 1
    while last:
        if index % 2:
            if not rest:
                return False
            node = node_hash(rest.pop(0), node)
        elif index < last:
            if not rest:
                return False
            node = node_hash(node, rest.pop(0))
        index, last = index // 2, last // 2
    return not rest and node == expected
