"""Configuration as documents: what may be written in them, checked as a whole."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance.domain.documents import clocks, people, pipeline
from governance.domain.documents.fields import NAME, Reader, suggestion
from governance.domain.documents.known import Known
from governance.domain.faults import Fault

CHECKS: Mapping[str, Callable[[Reader, Known], dict[str, Any]]] = {
    "Calendar": clocks.calendar,
    "SLAPolicy": clocks.sla_policy,
    "Role": people.role,
    "Person": people.person,
    "Pipeline": pipeline.pipeline,
}
# In which order a batch is written: what is referred to first.
ORDER = ("Calendar", "Role", "SLAPolicy", "Pipeline", "Person")


class InvalidDocuments(ValueError):
    """Some documents are not valid; `faults` holds all that is wrong with any of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class Parsed:
    """One valid document: `document` is the normal form, without `kind` and name."""

    kind: str
    slug: str
    document: dict[str, Any]


def validate(sources: Sequence[object], known: Known) -> list[Parsed]:
    """Return the documents, normalised, in the order they came; all are valid or none is taken.

    Raises InvalidDocuments with every fault, its pointer starting with the document's index.
    """
    faults: list[Fault] = []
    named = [_named(source, i, faults) for i, source in enumerate(sources)]
    everything = _with_batch(known, [(kind, slug) for kind, slug, _ in named])
    parsed = [_checked(kind, slug, reader, everything) for kind, slug, reader in named if kind]
    seen: set[tuple[str, str]] = set()
    for i, (kind, slug, _) in enumerate(named):
        if (kind, slug) in seen:
            faults.append(Fault(f"/{i}", "duplicate", f"{kind} {slug} stands twice."))
        seen.add((kind, slug))
    if faults:
        raise InvalidDocuments(faults)
    return parsed


def _named(source: object, index: int, faults: list[Fault]) -> tuple[str, str, Reader]:
    reader = Reader(source, f"/{index}", faults)
    kind = reader.text("kind", required=bool(reader.values))
    if kind and kind not in CHECKS:
        detail = f"There is no kind {kind!r}." + suggestion(kind, list(CHECKS))
        reader.fault("kind", "unknown", detail)
        kind = ""
    if kind == "Person":
        slug = reader.text("username", required=True, limit=150)
        if slug and not NAME.fullmatch(slug):
            reader.fault("username", "username", "A username has letters, digits and @.+-_ only.")
    else:
        slug = reader.slug("slug") if kind else ""
    return kind, slug, reader


def _checked(kind: str, slug: str, reader: Reader, known: Known) -> Parsed:
    document = CHECKS[kind](reader, known)
    reader.done()
    return Parsed(kind, slug, document)


def _with_batch(known: Known, named: Sequence[tuple[str, str]]) -> Known:
    def also(existing: frozenset[str], kind: str) -> frozenset[str]:
        return existing | {slug for other, slug in named if other == kind and slug}

    return replace(
        known,
        calendars=also(known.calendars, "Calendar"),
        sla_policies=also(known.sla_policies, "SLAPolicy"),
        roles=also(known.roles, "Role"),
        usernames=also(known.usernames, "Person"),
        pipelines=also(known.pipelines, "Pipeline"),
    )
