"""The Merkle tree of RFC 9162, section 2.1: roots, and proofs of inclusion and consistency."""

import hashlib
from collections.abc import Callable, Sequence

# A tile holds 2**8 hashes of one level.
TILE = 8


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
    """The root over leaf hashes that arrive one by one, in memory of O(log n).

    `size` and `peaks` go on where another stopped. `completed` gathers the perfect trees of whole
    tiles (256, 65,536, … leaves) as (level, index, hash), for whoever stores them.
    """

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        # Roots of perfect trees, the largest first; together they hold all leaves so far.
        self._trees: list[bytes] = list(peaks)
        self.size = size
        self.completed: list[tuple[int, int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        node, index, level = leaf, self.size, 0
        while index % 2:
            node, index, level = node_hash(self._trees.pop(), node), index // 2, level + 1
            if level % TILE == 0:
                self.completed.append((level, index, node))
        self._trees.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over the leaves so far, as `root` does over a list of them."""
        if not self._trees:
            return root(())
        node = self._trees[-1]
        for tree in reversed(self._trees[:-1]):
            node = node_hash(tree, node)
        return node


Perfect = Callable[[int, int], bytes]


def peaks(size: int, perfect: Perfect) -> list[bytes]:
    """Return the roots of the perfect trees that make up a tree of `size` leaves.

    `perfect(level, index)` is the root over leaves index * 2**level and those after, 2**level.
    """
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return [perfect(level, (size >> level) - 1) for level in levels]


def subroot(start: int, end: int, perfect: Perfect) -> bytes:
    """Return the root over leaves `start` to `end`, which is a subtree of a larger tree."""
    if end - start == 1:
        return perfect(0, start)
    half = _split(end - start)
    if end - start == 2 * half:
        level = half.bit_length()
        return perfect(level, start >> level)
    left, right = subroot(start, start + half, perfect), subroot(start + half, end, perfect)
    return node_hash(left, right)


def path_in(index: int, size: int, perfect: Perfect) -> list[bytes]:
    """Return the audit path of leaf `index` in a tree of `size` leaves; IndexError beyond them."""
    if not 0 <= index < size:
        raise IndexError(f"There is no leaf {index} among {size}.")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subroot(middle, end, perfect))
            end = middle
        else:
            path.append(subroot(start, middle, perfect))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, perfect: Perfect) -> list[bytes]:
    """Return the proof that a tree of `new` leaves begins with one of `old`: RFC 9162, 2.1.4."""
    if not 0 < old <= new:
        raise IndexError(f"A tree of {old} leaves is not the start of one of {new}.")
    path, start, end, whole = [], 0, new, True
    while old != end - start:
        half = _split(end - start)
        if old <= half:
            path.append(subroot(start + half, end, perfect))
            end = start + half
        else:
            path.append(subroot(start, start + half, perfect))
            start, old, whole = start + half, old - half, False
    if not whole:
        path.append(subroot(start, end, perfect))
    return path[::-1]


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


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


def consistent(
    *, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether `path` proves that the tree `new` begins with the tree `old`."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new:
        return False
    rest = [old_root, *path] if old & (old - 1) == 0 else list(path)
    return bool(rest) and _replayed(old - 1, new - 1, rest) == (old_root, new_root)


def _replayed(first: int, last: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return the two roots that a consistency path makes: RFC 9162, 2.1.4.2."""
    while first % 2:
        first, last = first // 2, last // 2
    old_node = new_node = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if first % 2 or first == last:
            old_node, new_node = node_hash(node, old_node), node_hash(node, new_node)
            while first and not first % 2:
                first, last = first // 2, last // 2
        else:
            new_node = node_hash(new_node, node)
        first, last = first // 2, last // 2
    return (old_node, new_node) if last == 0 else None
