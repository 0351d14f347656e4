"""The queues within a person's reach, and what each holds for them."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, Q

from governance.domain.principal import Principal
from governance.models import Pipeline, User
from governance.selectors import policies
from reviews.models import Lane, ReviewItem
from reviews.selectors.claimable import claimable, skills_of
from reviews.selectors.restrictions import in_force

CAP = 1000


@dataclass
class QueueView:
    """A queue. `open` counts what this person could take among the CAP most urgent of each lane.

    `overdue` and `next_due` are of those, and `capped` says that there are more. `lacking` are the
    skills without which some or all of it is for others; `closed` says that all of it is.
    """

    slug: str
    open: int = 0
    capped: bool = False
    overdue: int = 0
    next_due: datetime | None = None
    lacking: frozenset[str] = frozenset()
    closed: bool = False


@dataclass
class PipelineView:
    """A pipeline with its queues."""

    slug: str
    name: str
    example: bool
    queues: list[QueueView] = field(default_factory=list)


def overview(principal: Principal, actor: User, now: datetime) -> list[PipelineView]:
    """Return the pipelines within reach, by name, with one bounded query for each lane."""
    rows = Pipeline.objects.exclude(live=None).order_by("name")
    if principal.pipelines is not None:
        rows = rows.filter(pk__in=principal.pipelines)
    found = list(rows)
    lanes: dict[tuple[int, str], list[Lane]] = {}
    for lane in Lane.objects.filter(pipeline__in=found):
        lanes.setdefault((lane.pipeline_id, lane.queue), []).append(lane)
    held = skills_of(actor, now)
    return [_pipeline(row, lanes, held, actor, now) for row in found]


def _pipeline(
    row: Pipeline,
    lanes: dict[tuple[int, str], list[Lane]],
    held: frozenset[str],
    actor: User,
    now: datetime,
) -> PipelineView:
    document = policies.document(row.live_id)
    known = {slug: frozenset(queue["skills"]) for slug, queue in document["queues"].items()}
    # A queue that a later version dropped may still hold items.
    names = [*known, *sorted({name for pk, name in lanes if pk == row.pk} - set(known))]
    return PipelineView(
        row.slug,
        row.name,
        row.example,
        [
            _queue(
                name, lanes.get((row.pk, name), []), known.get(name, frozenset()), held, actor, now
            )
            for name in names
        ],
    )


def one(pipeline: Pipeline, slug: str, actor: User, now: datetime) -> QueueView:
    """Return one queue of a pipeline."""
    document = policies.document(pipeline.live_id)
    skills = frozenset(document["queues"].get(slug, {}).get("skills", ()))
    lanes = list(Lane.objects.filter(pipeline=pipeline, queue=slug))
    return _queue(slug, lanes, skills, skills_of(actor, now), actor, now)


def _queue(
    slug: str,
    lanes: list[Lane],
    skills: frozenset[str],
    held: frozenset[str],
    actor: User,
    now: datetime,
) -> QueueView:
    restricted = in_force()
    view = QueueView(slug, lacking=skills - held, closed=not skills <= held)
    for lane in lanes:
        if not lane.skills <= held:
            view.lacking |= lane.skills - held
            continue
        view.closed = False
        items = ReviewItem.objects.filter(lane=lane, open_slots__gt=0)
        waiting = items.order_by("urgent_at", "pk").values("pk")
        # The head of the lane first: what is asked of each item is then asked of CAP at most.
        head = (
            claimable(lane.pk, actor, now, restricted)
            .filter(pk__in=waiting[:CAP])
            .aggregate(
                open=Count("pk"),
                overdue=Count("pk", filter=Q(due_at__lt=now)),
                next_due=Min("due_at", filter=Q(due_at__gte=now)),
            )
        )
        view.open += head["open"]
        view.capped = view.capped or waiting[CAP : CAP + 1].exists()
        view.overdue += head["overdue"]
        view.next_due = min(filter(None, (view.next_due, head["next_due"])), default=None)
    return view
