import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.domain.documents.glossary import compared
from reviews.domain.glossary import Glossary
from reviews.domain.legible import Mark, Word, legible

TERMS = ("card", "debit card", "debit", "C++", ".NET", "caf\u00e9", "straße", "$ amount")
GLOSSARY = Glossary({term: {} for term in TERMS})


def found(text: str, glossary: Glossary = GLOSSARY) -> list[tuple[str, str]]:
    """Return each place that is found, with the term that is found there."""
    names = {number: term for term, number in glossary.numbers.items()}
    return [(p.text, names[p.number]) for p in glossary.pieces(text) if isinstance(p, Word)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My CARD is gone.", [("CARD", "card")]),
        ("cards, discard, card_id, card2, Kreditcard", []),
        ("card's (card)", [("card", "card")]),
        ("A Debit\n  Card, a debit, a card.",
         [("Debit\n  Card", "debit card"), ("debit", "debit"), ("card", "card")]),
        ("debit cards", [("debit", "debit")]),
        ("C++ and .net, not C+++x", [("C++", "C++"), (".net", ".NET")]),
        ("C++11 is no term, ASP.NET neither", []),
        (unicodedata.normalize("NFD", "Ein Caf\u00e9."), [("Cafe\u0301", "caf\u00e9")]),
        ("debit card\u0301", [("debit", "debit")]),
        ("the $ amount", [("$ amount", "$ amount")]),
        ("", []),
    ],
)  # fmt: skip
def test_terms_are_found_as_whole_words_the_longest_first(text, words) -> None:
    assert found(text) == words


def test_terms_are_numbered_by_their_names_in_whatever_order_they_are_stored() -> None:
    numbers = Glossary({"pin": {}, "Zinc": {}, "card": {}, "Ore": {}}).numbers
    assert list(numbers.items()) == [("card", 1), ("Ore", 2), ("pin", 3), ("Zinc", 4)]


def test_only_the_first_place_of_a_term_in_a_text_is_found() -> None:
    assert found("card, debit card, card, debit card") == [
        ("card", "card"), ("debit card", "debit card"),
    ]  # fmt: skip


def test_hidden_characters_stay_marked_and_no_term_reaches_over_them() -> None:
    shown = GLOSSARY.marked(legible("a ca\u200brd, a \u202ecard\u202c, a card"))
    assert [p.text for p in shown.pieces if isinstance(p, Word)] == ["card"]
    assert len([p for p in shown.pieces if isinstance(p, Mark)]) == 3


def test_a_reason_code_is_a_term_when_it_spells_all_of_it() -> None:
    assert GLOSSARY.number_of("debit_card") == GLOSSARY.numbers["debit card"]
    assert GLOSSARY.number_of("debit-card") == GLOSSARY.numbers["debit card"]
    assert GLOSSARY.number_of("card_lost") is None


@given(st.text(st.sampled_from("card debit.NETC+$\u0301\u00e9_ \n")))
def test_no_character_is_lost_or_added(text: str) -> None:
    pieces = list(GLOSSARY.pieces(text))
    assert "".join(p.text if isinstance(p, Word) else p for p in pieces) == text
    assert all(pieces)


def test_a_long_text_and_a_large_glossary_take_no_time_to_speak_of() -> None:
    glossary = Glossary({f"card number {n} of the bank" * 3: {} for n in range(500)})
    text = "card number 7 of the " * 5000
    started = time.process_time()
    assert found(text, glossary) == []
    assert time.process_time() - started < 5


def test_what_differs_between_glossaries_is_told_by_term_whatever_its_case() -> None:
    one, two = {"meaning": "1", "see": ""}, {"meaning": "2", "see": ""}
    old = {"Card": one, "gone": one, "same": one}
    new = {"card": two, "new": one, "Same": one}
    told = [(each.term, each.old, each.new) for each in compared(old, new)]
    assert told == [("card", one, two), ("gone", one, None), ("new", None, one)]
