"""The verifier that travels with exports: the standard library alone, held to kept libraries."""

import ast
import base64
import hashlib
import math
import sys
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from governance.domain import case_verifier, merkle, signed_notes

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_it_needs_nothing_but_python():
    tree = ast.parse(Path(case_verifier.__file__).read_text("utf-8"))
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@given(VALUES)
def test_its_canonical_json_is_that_of_rfc_8785(value):
    assert case_verifier.canonical(value) == rfc8785.dumps(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_its_numbers_are_those_of_rfc_8785(value):
    assert case_verifier.canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, -(2**53)])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(case_verifier.Wrong):
        case_verifier.canonical([value])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80))
def test_its_signatures_are_those_of_ed25519(seed, message):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert case_verifier.signed_by(public, message, signature)
    assert not case_verifier.signed_by(public, message + b"x", signature)


def test_a_published_signature_holds():
    # RFC 8032, section 7.1, test 3.
    public = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
    signature = bytes.fromhex(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )
    assert case_verifier.signed_by(public, bytes.fromhex("af82"), signature)


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_a_signature_with_one_other_bit_does_not_hold(at):
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = bytearray(key.sign(b"m"))
    signature[at] ^= 1
    assert not case_verifier.signed_by(key.public_key().public_bytes_raw(), b"m", bytes(signature))


def test_a_signature_of_another_length_or_scalar_does_not_hold():
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    scalar = int.from_bytes(signature[32:], "little") + case_verifier.ORDER
    assert not case_verifier.signed_by(public, b"m", signature[:63])
    assert not case_verifier.signed_by(public, b"m", signature[:32] + scalar.to_bytes(32, "little"))
    assert not case_verifier.signed_by(b"\xff" * 32, b"m", signature)


def test_its_proofs_are_those_of_the_tree():
    leaves = [merkle.leaf_hash(b"%d" % n) for n in range(23)]

    def perfect(level, index):
        return merkle.root(leaves[index << level : (index + 1) << level])

    for size in range(1, 23):
        root = merkle.root(leaves[:size])
        for index in range(size):
            path = merkle.path_in(index, size, perfect)
            assert case_verifier.root_from(leaves[index], index, size, path) == root
            with pytest.raises(case_verifier.Wrong, match="too long"):
                case_verifier.root_from(leaves[index], index, size, [*path, root])


def test_it_reads_the_notes_and_keys_that_are_signed_here():
    signer = signed_notes.Signer("a.example", hashlib.sha256(b"k").digest())
    note = signed_notes.signed(signed_notes.Checkpoint("a.example", 7, b"\x05" * 32), signer)
    keys = case_verifier.keys_of([str(signer.verifier)])
    assert case_verifier.checkpoint_of(note, keys) == (7, b"\x05" * 32)
    with pytest.raises(case_verifier.Wrong):
        case_verifier.checkpoint_of(note.replace("\n7\n", "\n8\n"), keys)
    with pytest.raises(case_verifier.Wrong):
        case_verifier.keys_of([str(signer.verifier).replace("a.example", "b.example")])
    assert base64.b64encode(signer.verifier.public).decode()[:4]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no whole JSON"),
        (b"{", "no whole JSON"),
        (b"\xff", "no whole JSON"),
        (b"[]", "no file of the format"),
        (b'{"format": "other"}', "no file of the format"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"format": "countersign/case-file/1"}', "missing"),
        (b'{"format": "countersign/case-file/1", "ledger": 7}', "missing"),
    ],
)
def test_what_is_no_case_file_is_said_to_be_none(raw, says):
    with pytest.raises(case_verifier.Wrong, match=says):
        case_verifier.verify(raw)


def test_the_command_line_says_how_it_is_called(tmp_path, capsys):
    assert case_verifier.main([]) == 2
    assert case_verifier.main([str(tmp_path / "none")]) == 2
    (tmp_path / "file").write_bytes(b"{")
    assert case_verifier.main([str(tmp_path / "file"), "--key", "x"]) == 1
    assert "no whole JSON" in capsys.readouterr().err
