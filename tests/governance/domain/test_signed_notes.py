"""Signed notes: what is signed is bound to a name and a key, and nothing else is believed."""

import base64

import pytest

from governance.domain.signed_notes import (
    Checkpoint,
    NoteError,
    Signer,
    Verifier,
    opened,
    signed,
    verifier_of,
)

SIGNER = Signer("countersign.example.org", bytes(range(32)))
OTHER = Signer("countersign.example.org", bytes(32))
KNOWN = {SIGNER.verifier.key_id: SIGNER.verifier}
CHECKPOINT = Checkpoint("countersign.example.org", 3, b"\x07" * 32)
NOTE = signed(CHECKPOINT, SIGNER)


def test_a_note_says_what_was_signed():
    assert NOTE.startswith(
        "countersign.example.org\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n"
    )
    assert opened(NOTE, KNOWN) == CHECKPOINT


def test_the_key_of_the_published_example_is_read():
    # The example of the description of signed notes.
    word = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    verifier = verifier_of(word)
    assert str(verifier) == word
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    made = (
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
        "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    )
    assert verifier.holds(text.encode(), base64.b64decode(made)[4:])


def test_a_key_is_published_as_one_word():
    assert verifier_of(str(SIGNER.verifier)) == SIGNER.verifier


@pytest.mark.parametrize(
    "word", ["", "name", "name+00000000+AAAA", str(SIGNER.verifier).replace("+", "+0", 1)]
)
def test_what_is_no_key_is_refused(word):
    with pytest.raises(NoteError):
        verifier_of(word)


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n3\n", "\n4\n"),
        NOTE.replace("countersign.example.org\n3", "elsewhere\n3"),
        signed(CHECKPOINT, OTHER),
        signed(CHECKPOINT),
        "",
        "\n\n",
        NOTE[: len(NOTE) // 2],
        NOTE.replace(" countersign.example.org ", " another.example.org "),
    ],
)
def test_what_nobody_known_has_signed_is_not_believed(note):
    with pytest.raises(NoteError):
        opened(note, KNOWN)


def test_one_known_signature_of_several_is_enough():
    assert opened(signed(CHECKPOINT, OTHER, SIGNER), KNOWN) == CHECKPOINT


def test_a_signed_text_that_is_no_checkpoint_is_refused():
    odd = signed(Checkpoint("a", 3, b"short"), SIGNER)
    with pytest.raises(NoteError, match="no checkpoint"):
        opened(odd, KNOWN)


def test_another_name_has_another_key_id():
    assert Verifier("a", bytes(32)).key_id != Verifier("b", bytes(32)).key_id
