"""The control matrix: each row links to tests and evidence that exist, or says what is missing."""

import ast
import functools
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from feedback.domain import controls
from governance.selectors import pack_sections
from tests.feedback.packs.conftest import Office, bytes_of, files_of, lines_of

TREE = Path(settings.BASE_DIR)
ROWS = [f"O{number}" for number in range(1, 27)]


@functools.cache
def functions_of(file: str) -> frozenset[str]:
    path = TREE / file
    if not path.is_file():
        return frozenset()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef))


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return name in functions_of(file)


def test_every_obligation_has_its_row() -> None:
    assert [row.id for row in controls.matrix().rows] == ROWS


def test_every_test_that_a_row_names_is_in_the_tree() -> None:
    named = {test for row in controls.matrix().rows for test in row.tests}
    assert {test for test in named if not exists(test)} == set()


@pytest.mark.parametrize("system", ["nist", "iso"])
def test_o21_every_subcategory_that_is_mapped_links_to_a_test_that_exists(system: str) -> None:
    found = controls.matrix()
    without = set()
    for name in getattr(found, system):
        rows = list(found.of(system, name))
        assert rows, f"{name} is mapped to no row"
        there = [row for row in rows if row.state != controls.NOT_YET]
        if not there:
            without.add(name)
            assert all(row.reason for row in rows)
            continue
        assert any(exists(test) for row in there for test in row.tests), name
    # Counted apart: what waits for rows that are not built. Take a name away when its row is.
    waiting: dict[str, set[str]] = {"nist": set(), "iso": set()}
    assert without == waiting[system]


def test_all_evidence_that_a_row_names_exists() -> None:
    names = {section.name for section in pack_sections.sections()} | {"decisions"}
    for row in controls.matrix().rows:
        assert set(row.evidence.sections) <= names, row.id
        for label in row.evidence.records:
            assert apps.get_model(label)


def test_statutes_stand_in_the_matrix_alone() -> None:
    for row in controls.matrix().rows:
        assert row.sources
    assert controls.matrix().as_of >= "2026-11-26"


def test_o22_the_export_has_every_row_with_links_to_its_evidence(office: Office) -> None:
    raw = bytes_of(office.ask())
    (stated,) = lines_of(raw, "controls.json")
    assert [row["id"] for row in stated["rows"]] == ROWS
    files = files_of(raw)
    for row in stated["rows"]:
        for link in row["evidence"]:
            assert link["rows"] > 0
            assert link["file"] in files
    by_id: dict[str, Any] = {row["id"]: row for row in stated["rows"]}
    assert {"file": "stops.jsonl", "rows": 1} in by_id["O9"]["evidence"]
    assert {"action": "adjustment.signed", "file": "events.jsonl", "rows": 2} in (
        by_id["O25"]["evidence"]
    )
    assert {row["state"] for row in by_id.values()} == {"built"}
    page = files["README.html"].decode()
    assert "Statement of applicability" in page
    assert "No evidence in this pack" in page
    assert [each["id"] for each in stated["iso"]][:2] == ["A.3.2", "A.3.3"]


def test_a_row_that_neither_holds_nor_says_why_is_refused() -> None:
    found = controls.matrix()
    row = found.rows[0]
    bad = controls.Control(
        "X1", row.sources, "Nothing.", controls.BUILT, "", (), (), controls.Evidence(), ()
    )
    with pytest.raises(controls.BadMatrix):
        controls._refuse_unsound(
            controls.Matrix(found.as_of, found.note, found.nist, found.iso, (bad,))
        )
