"""Which glossary somebody last worked with, and which were in force."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from governance.domain.documents.glossary import Difference, compared
from governance.domain.principal import Principal
from governance.enums import PolicyMode
from governance.models import Pipeline, PolicyActivation, PolicyVersion
from governance.selectors import policies
from reviews.models import Decision

MOST = 50


def last_met(principal: Principal, version: PolicyVersion) -> PolicyVersion | None:
    """Return the version of the same pipeline under which somebody last decided, or None.

    None too where that has the glossary of `version`.
    """
    same = PolicyVersion.objects.filter(kind=version.kind, slug=version.slug)
    others = same.exclude(glossary_version=version.glossary_version)
    if not others.exists():
        return None
    last = (
        Decision.objects.filter(
            reviewer=principal.user_id, undoes=None, config_version__in=same.values("pk")
        )
        .order_by("-decided_at")
        .values_list("config_version", flat=True)
        .first()
    )
    found = None if last is None else policies.version(last)
    return None if found is None or found.glossary_version == version.glossary_version else found


@dataclass(frozen=True)
class Step:
    """That another glossary came into force, with what differs from the one before."""

    activation: PolicyActivation
    version: PolicyVersion
    changes: list[Difference]


def steps(pipeline: Pipeline) -> list[Step]:
    """Return how the glossary in force came to be what it is, the newest first, MOST at most."""
    rows = PolicyActivation.objects.filter(pipeline=pipeline, mode=PolicyMode.LIVE)
    rows = rows.select_related("actor", "version").defer("version__document", "version__diff")
    found = list(_changing(rows.order_by("at", "pk")))[-MOST:]
    return [_step(row, before) for row, before in reversed(found)]


def _changing(rows: "QuerySet[PolicyActivation]") -> Iterator[tuple[PolicyActivation, object]]:
    before: PolicyVersion | None = None
    for row in rows.iterator():
        version = row.version
        if version is None:
            continue
        if version.glossary_version != (before.glossary_version if before else 0):
            yield row, before.pk if before else None
        before = version


def _step(row: PolicyActivation, before: object) -> Step:
    version = policies.version(row.version_id)
    old = {} if before is None else policies.document(before).get("glossary", {})
    return Step(row, version, compared(old, version.document.get("glossary", {})))
