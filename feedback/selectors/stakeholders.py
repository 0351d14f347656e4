"""The page of a pipeline for those whom it concerns: editions, and what follows from records."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from feedback.domain import stakeholder_pages
from feedback.domain.stakeholder_pages import Part, Written
from feedback.enums import Publicity
from feedback.models import ModelVersion, StakeholderEdition
from feedback.selectors import quality, system_cards
from feedback.selectors.quality import Cell, Wanted
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.enums import Permission
from governance.exceptions import NotFound
from governance.models import Incident, Pipeline, User
from governance.selectors import audit, effective, incidents, stops

PERIOD = 90
"""Days of traffic that the figures of an edition rest on."""


def may_publish(principal: Principal) -> bool:
    """Return whether somebody may say what is told of a pipeline: who signs changes."""
    return principal.may(Permission.APPROVE)


def within(principal: Principal) -> "QuerySet[StakeholderEdition]":
    """Return the editions of the pipelines within reach."""
    rows = StakeholderEdition.objects.select_related("pipeline", "published_by")
    return audit.within(rows, principal, "pipeline")


def newest() -> "QuerySet[StakeholderEdition]":
    """Return the newest edition of each pipeline."""
    last = StakeholderEdition.objects.filter(pipeline=OuterRef("pipeline")).order_by("-number")
    rows = StakeholderEdition.objects.select_related("pipeline")
    return rows.filter(pk=Subquery(last.values("pk")[:1]))


def told(slug: str, *, signed_in: bool) -> StakeholderEdition:
    """Return what is told of a pipeline to somebody. Raises NotFound where that is nothing."""
    row = newest().filter(pipeline__slug=slug).first()
    open_to = {Publicity.PUBLIC, Publicity.INTERNAL} if signed_in else {Publicity.PUBLIC}
    if row is None or row.publicity not in open_to:
        raise NotFound("Nothing is told here.")
    return row


def content(
    principal: Principal, user: User, pipeline: Pipeline, written: Written, now: datetime
) -> dict[str, Any]:
    """Return what an edition of now would say: `written`, and what follows from the record."""
    assert pipeline.live is not None
    return {
        "pipeline": pipeline.slug,
        "name": pipeline.name,
        "at": rfc3339(now),
        "question": pipeline.live.document["question"]["prompt"],
        "written": written.as_fact(),
        "oversight": system_cards.oversight(pipeline),
        "performance": _performance(pipeline, user, now),
        "limits": _limits(principal, pipeline),
        "state": state(pipeline),
    }


def state(pipeline: Pipeline) -> dict[str, Any]:
    """Return what is in force in a pipeline, what went wrong and is open, and what is stopped."""
    now = effective.of(pipeline)
    open_ones = incidents.open_ones(Incident.objects.filter(pipeline=pipeline))
    return {
        "model": now.model and f"{now.model['name']} {now.model['version']}",
        "config": now.config.number if now.config else None,
        "incidents": [
            {"severity": row.get_severity_display(), "since": rfc3339(row.opened_at)}
            for row in open_ones.order_by("opened_at")
        ],
        "stops": [
            {"tier": row.tier or None, "since": rfc3339(row.effective_at)}
            for row in stops.in_force(pipeline.pk)
        ],
    }


def changed(row: StakeholderEdition, now: datetime) -> list[str]:
    """Return what is no longer as an edition says."""
    days = (now - row.published_at).days
    return stakeholder_pages.changed(row.content, state(row.pipeline), days)


def outdated(principal: Principal, now: datetime) -> list[StakeholderEdition]:
    """Return the editions that people read and that are no longer true."""
    rows = audit.within(newest().exclude(publicity=Publicity.NOBODY), principal, "pipeline")
    return [row for row in rows if changed(row, now)]


def _performance(pipeline: Pipeline, user: User, now: datetime) -> dict[str, Any]:
    since = now - timedelta(days=PERIOD)
    whole, *_ = _cells(pipeline, "", since, user, now)
    parts = [_part(cell) for cell in _cells(pipeline, "scenario_type", since, user, now)]
    return stakeholder_pages.performance(_part(whole), parts, whole.sentence, PERIOD)


def _cells(
    pipeline: Pipeline, by: str, since: datetime, user: User, now: datetime
) -> Sequence[Cell]:
    wanted = Wanted(pipeline, by=by, since=since, until=now)
    return quality.cells(wanted, asked_by=user, now=now)


def _part(cell: Cell) -> Part:
    return Part(cell.by or "other", cell.n, cell.n_reviewed, cell.figure)


def _limits(principal: Principal, pipeline: Pipeline) -> list[str]:
    """Return what is not known of the model in force, where it is registered."""
    model = effective.of(pipeline).model
    if model is None:
        return []
    row = ModelVersion.objects.filter(name=model["name"], version=model["version"]).first()
    if row is None:
        return ["What the model in force was trained on is not on record."]
    return [each["text"] for each in system_cards.of(principal, row)["limits"]]
