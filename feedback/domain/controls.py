"""The control matrix: what rules ask, what the software does, and where the evidence lies.

All of it stands in `controls.yaml` beside this file, dated: statutes and the numbers of their
articles stand there and nowhere else, so that a lawyer corrects them in one place.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("controls.yaml")
BUILT, PARTLY, NOT_YET = "built", "partly", "not yet"
STATES = (BUILT, PARTLY, NOT_YET)


@dataclass(frozen=True)
class Evidence:
    """Where evidence lies: models (`app.model`), actions of the ledger, and sections of a pack."""

    records: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Control:
    """One row. `tests` are ids such as `tests/…/test_x.py::test_o9_…`; a part has a `reason`."""

    id: str
    sources: tuple[str, ...]
    does: str
    state: str
    reason: str
    nist: tuple[str, ...]
    iso: tuple[str, ...]
    evidence: Evidence
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """All rows, as of a day, and the names of what they are mapped to."""

    as_of: str
    note: str
    nist: Mapping[str, str]
    iso: Mapping[str, str]
    rows: tuple[Control, ...]

    def of(self, system: str, name: str) -> Iterator[Control]:
        """Return the rows that are mapped to a subcategory (`nist`) or control (`iso`)."""
        return (row for row in self.rows if name in getattr(row, system))


class BadMatrix(ValueError):
    """The file does not say what it must."""


@functools.cache
def matrix() -> Matrix:
    """Return the matrix; BadMatrix when the file is not sound."""
    said = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    rows = tuple(_control(row) for row in said["rows"])
    found = Matrix(str(said["as_of"]), said["note"], said["nist"], said["iso"], rows)
    _refuse_unsound(found)
    return found


def _control(row: Mapping[str, Any]) -> Control:
    names = {name: tuple(row.get(name, ())) for name in ("sources", "nist", "iso", "tests")}
    evidence = Evidence(**{name: tuple(each) for name, each in row.get("evidence", {}).items()})
    return Control(
        id=row["id"], does=row["does"], state=row["state"], reason=row.get("reason", ""),
        evidence=evidence, **names,
    )  # fmt: skip


def _refuse_unsound(found: Matrix) -> None:
    for row in found.rows:
        if row.state not in STATES or (row.state == BUILT) != (row.reason == ""):
            raise BadMatrix(f"{row.id}: a row is built, or says what is not and why.")
        if row.state == BUILT and not row.tests:
            raise BadMatrix(f"{row.id}: what is built has a test.")
        unknown = (set(row.nist) - set(found.nist)) | (set(row.iso) - set(found.iso))
        if unknown:
            raise BadMatrix(f"{row.id}: {', '.join(sorted(unknown))} has no name.")


def statement(rows: Mapping[str, int], actions: Mapping[str, int]) -> dict[str, Any]:
    """Return the statement of applicability, with the evidence that a pack holds for each row.

    `rows` counts the lines of each section of the pack, `actions` the events of each action.
    """
    found = matrix()
    return {
        "as_of": found.as_of,
        "note": found.note,
        "rows": [_stated(row, found, rows, actions) for row in found.rows],
        "nist": _mapped(found, "nist"),
        "iso": _mapped(found, "iso"),
        "states": dict(sorted(Counter(row.state for row in found.rows).items())),
    }


def _stated(
    row: Control, found: Matrix, rows: Mapping[str, int], actions: Mapping[str, int]
) -> dict[str, Any]:
    links = [
        {"file": f"{name}.jsonl", "rows": rows[name]}
        for name in row.evidence.sections
        if rows.get(name)
    ]
    told = [
        {"file": "events.jsonl", "action": name, "rows": actions[name]}
        for name in row.evidence.actions
        if actions.get(name)
    ]
    return asdict(row) | {"evidence": [*links, *told]}


def _mapped(found: Matrix, system: str) -> list[dict[str, Any]]:
    names: Mapping[str, str] = getattr(found, system)
    return [
        {"id": name, "name": says, "rows": [row.id for row in found.of(system, name)]}
        for name, says in names.items()
    ]
