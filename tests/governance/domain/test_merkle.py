"""The tree of RFC 9162, held to the published vectors and, for every small size, to its words."""

import pytest

from governance.domain import merkle

# The leaves and roots of the test vectors of certificate transparency (RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [merkle.leaf_hash(b"%d" % number) for number in range(70)]


def perfect(level: int, index: int) -> bytes:
    return merkle.root(HASHES[index << level : (index + 1) << level])


def test_the_published_roots_are_found():
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [merkle.root(hashes[: size + 1]).hex() for size in range(8)] == list(ROOTS)
    assert merkle.root(()).hex().startswith("e3b0c44298fc1c14")


def test_a_running_root_is_the_root_and_goes_on_where_another_stopped():
    for size in range(70):
        running = merkle.RunningRoot(size, merkle.peaks(size, perfect))
        assert running.root() == merkle.root(HASHES[:size])
        running.add(HASHES[size])
        assert running.root() == merkle.root(HASHES[: size + 1])


def test_whole_tiles_are_handed_out_as_they_are_completed():
    running = merkle.RunningRoot()
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(600)]
    for leaf in leaves:
        running.add(leaf)
    assert running.completed == [
        (8, 0, merkle.root(leaves[:256])),
        (8, 1, merkle.root(leaves[256:512])),
    ]


def test_every_leaf_of_every_tree_is_proved_and_nothing_else_is():
    for size in range(1, 40):
        root = merkle.root(HASHES[:size])
        for index in range(size):
            path = merkle.path_in(index, size, perfect)
            proof = {"index": index, "size": size, "path": path, "expected": root}
            assert merkle.includes(leaf=HASHES[index], **proof)
            assert not merkle.includes(leaf=HASHES[(index + 1) % 70], **proof)
            assert not merkle.includes(leaf=HASHES[index], **proof | {"path": [*path, root]})
            assert not merkle.includes(leaf=HASHES[index], **proof | {"index": index + size})
            if path:
                assert not merkle.includes(leaf=HASHES[index], **proof | {"path": path[1:]})


def test_every_tree_is_proved_to_begin_with_every_smaller_one():
    for new in range(1, 40):
        new_root = merkle.root(HASHES[:new])
        for old in range(1, new + 1):
            old_root = merkle.root(HASHES[:old])
            path = merkle.consistency_path(old, new, perfect)
            proof = {"old": old, "new": new, "path": path}
            assert merkle.consistent(old_root=old_root, new_root=new_root, **proof)
            assert not merkle.consistent(old_root=HASHES[69], new_root=new_root, **proof)
            assert not merkle.consistent(old_root=old_root, new_root=HASHES[69], **proof)
            if path:
                shorter = proof | {"path": path[:-1]}
                assert not merkle.consistent(old_root=old_root, new_root=new_root, **shorter)


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_proof_for_a_leaf_that_is_not_there(index, size):
    with pytest.raises(IndexError, match=f"no leaf {index} among {size}"):
        merkle.path_in(index, size, perfect)


@pytest.mark.parametrize(("old", "new"), [(0, 4), (5, 4)])
def test_a_tree_cannot_begin_with_a_larger_one(old, new):
    with pytest.raises(IndexError):
        merkle.consistency_path(old, new, perfect)
