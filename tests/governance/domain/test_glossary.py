import json

import pytest

from governance.domain.canonical import digest
from governance.domain.documents import validate
from governance.domain.documents.diffs import diff
from tests.governance.domain.test_documents import KNOWN, faults, pipeline, sentences

# What the document of the tests had as its digest before documents could have a glossary.
BEFORE = "9df6e7def2eafcb103e67fc876c94b8123f0c1cb571d91affc75144899898961"
CARD = {"meaning": "What the bank has issued."}


def document(**change):
    (parsed,) = validate([pipeline(**change)], KNOWN)
    return parsed.document


@pytest.mark.parametrize("change", [{}, {"glossary": {}}, {"glossary": None}])
def test_a_document_without_terms_keeps_the_digest_it_had(change) -> None:
    assert "glossary" not in document(**change)
    assert digest(document(**change)) == BEFORE


def test_terms_are_written_out_in_order_whatever_order_they_came_in() -> None:
    first = document(glossary={"Zinc": {"meaning": "A metal.", "see": "Ore"}, "Ore": CARD})
    second = document(glossary={"Ore": CARD, "Zinc": {"see": "Ore", "meaning": "A metal."}})
    assert json.dumps(first["glossary"]) == json.dumps(second["glossary"])
    assert first["glossary"]["Ore"] == {"meaning": "What the bank has issued.", "see": ""}


@pytest.mark.parametrize(
    ("glossary", "pointer", "code"),
    [
        ([], "", "type"),
        ({"card": {}}, "/card/meaning", "required"),
        ({"card": None}, "/card/meaning", "required"),
        ({"card": {"meaning": "  "}}, "/card/meaning", "blank"),
        ({"card": {"meaning": "x" * 2001}}, "/card/meaning", "length"),
        ({"card": {"meaning": "a\x00b"}}, "/card/meaning", "length"),
        ({"card": "A card"}, "/card", "type"),
        ({"card": CARD | {"means": "x"}}, "/card/means", "unknown_field"),
        ({"card": CARD | {"see": "card"}}, "/card/see", "self"),
        ({"card": CARD | {"see": "ledger"}}, "/card/see", "unknown"),
        ({"Card": CARD, "card": CARD}, "/card", "duplicate"),
        ({"Stra\u00dfe": CARD, "STRASSE": CARD}, "/STRASSE", "duplicate"),
        ({"caf\u00e9": CARD, "cafe\u0301": CARD}, "/cafe\u0301", "duplicate"),
        ({"": CARD}, "/", "term"),
        ({" card": CARD}, "/ card", "term"),
        ({"debit  card": CARD}, "/debit  card", "term"),
        ({"debit\ncard": CARD}, "/debit\ncard", "term"),
        ({"c\x1bard": CARD}, "/c\x1bard", "term"),
        ({"...": CARD}, "/...", "term"),
        ({"x" * 81: CARD}, "/" + "x" * 81, "term"),
        ({2: CARD}, "/2", "term"),
        ({str(n): CARD for n in range(501)}, "", "length"),
    ],
)
def test_what_is_no_glossary_is_refused_at_its_place(glossary, pointer, code) -> None:
    assert faults(pipeline(glossary=glossary)) == {(f"/0/glossary{pointer}", code)}


def test_a_name_of_a_term_stands_in_a_pointer_as_pointers_write_it() -> None:
    assert faults(pipeline(glossary={"n/a~": {}})) == {("/0/glossary/n~1a~0/meaning", "required")}


def test_a_fault_says_what_to_do() -> None:
    said = sentences(pipeline(glossary={"Card": CARD, "card": CARD}))
    assert "stands twice, the other time as 'Card': keep one of them." in said
    said = sentences(pipeline(glossary={"card": CARD, "bank": CARD | {"see": "crd"}}))
    assert "Did you mean 'card'?" in said


def test_a_difference_names_the_terms_that_changed_and_no_other() -> None:
    old = document(glossary={"card": CARD, "ore": CARD})
    new = document(glossary={"card": {"meaning": "Plastic."}, "ore": CARD, "tin": CARD})
    assert diff(old, new) == [
        {"path": "/glossary/card/meaning", "old": CARD["meaning"], "new": "Plastic."},
        {"path": "/glossary/tin", "new": CARD | {"see": ""}},
    ]
