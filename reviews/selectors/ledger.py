"""The events of the ledger that a principal may read."""

import uuid
from collections.abc import Collection, Mapping

from django.db.models import Case, Exists, Model, OuterRef, Q, QuerySet, UUIDField, Value, When
from django.db.models.fields import BooleanField
from django.db.models.functions import Cast, Replace, Substr

from governance.domain.principal import Principal
from governance.enums import PolicyKind
from governance.models import Adjustment, AuditEvent, Incident, Stop, WebhookEndpoint
from governance.selectors import audit
from reviews.models import Prediction, ReviewItem

ITEM, PREDICTION = "item:", "prediction:"
ADJUSTMENT, STOP, INCIDENT, WEBHOOK = "adjustment:", "stop:", "incident:", "webhook:"
# Events of many pipelines, which they name.
OF_MANY = ("intake:", "signals:", "pack:", "model:", "evaluation:", "gate:")
KINDS = (
    "adjustment", "stop", "item", "prediction", "intake", "lesson", "signals", "token",
    "sign-in-link", "outbox", "maintenance", "consent", "hold", "erasure", "purge",
    "access-review", "incident", "pack", "webhook", "reviewer-notice", "figure-dispute",
    "retrospective", "model", "evaluation", "gate",
)  # fmt: skip
# What belongs to no pipeline and concerns them all.
SHARED = (
    "calendar:", "ledger:", "sla_policy:", "role:", "outbox:", "signoff:", "maintenance:",
    "retention:", "reviewer-notice:", "subject-keys:", "monitoring:",
)  # fmt: skip

OF_PIPELINES: tuple[tuple[str, type[Model]], ...] = (
    (ITEM, ReviewItem), (PREDICTION, Prediction), (ADJUSTMENT, Adjustment), (STOP, Stop),
    (INCIDENT, Incident), (WEBHOOK, WebhookEndpoint),
)  # fmt: skip


def events(principal: Principal, rows: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
    """Return those of `rows` that tell of pipelines within reach.

    An event has no pipeline of its own: its stream names an item, a prediction, a call of intake,
    a pipeline, a person or something shared. A call of intake, or a batch of signals, is
    told to whoever sees one of its pipelines.
    """
    if principal.pipelines is None:
        return rows
    told = _told(audit.slugs(principal), principal.pipelines)
    return rows.filter(Q(stream__in=audit.streams(principal)) | told)


def of_pipelines(pipelines: Mapping[int, str]) -> Q:
    """Return the condition that an event tells of these pipelines (slugs by id) or of them all.

    It follows from the events and from what never changes. Who is a member of what does change, so
    that events of accounts are not among them.
    """
    slugs = list(pipelines.values())
    own = Q(stream__in=[f"{PolicyKind.PIPELINE}:{slug}" for slug in slugs])
    return own | _told(slugs, pipelines)


def _told(slugs: list[str], pipelines: Collection[int]) -> Q:
    wanted = _brought(slugs)
    for start in SHARED:
        wanted |= Q(stream__startswith=start)
    for start, model in OF_PIPELINES:
        wanted |= Q(_of(start, model, pipelines))
    return wanted


def _brought(slugs: list[str]) -> Q:
    wanted = Q()
    for start in OF_MANY:
        wanted |= Q(stream__startswith=start)
    return wanted & Q(detail__pipelines__has_any_keys=slugs)


def _of(start: str, model: type[Model], pipelines: Collection[int]) -> Case:
    # The branch keeps the cast from meeting a stream that names something else.
    named = Replace(Substr(OuterRef("stream"), len(start) + 1), Value("-"), Value(""))
    found = model._default_manager.filter(pk=Cast(named, UUIDField()), pipeline__in=list(pipelines))
    return Case(
        When(stream__startswith=start, then=Exists(found)),
        default=Value(value=False),
        output_field=BooleanField(),
    )


def streams_of(known: uuid.UUID) -> list[str]:
    """Return the streams that may tell of the thing with this id, or of a prediction's item."""
    streams = [f"{kind}:{known}" for kind in KINDS]
    item = ReviewItem.objects.filter(prediction=known).values_list("pk", flat=True).first()
    return streams if item is None else [*streams, f"{ITEM}{item}"]


def actions() -> list[str]:
    """Return the words that actions are recorded under: one probe of the index for each."""
    found: list[str] = []
    rows = AuditEvent.objects.order_by("action").values_list("action", flat=True)
    word = rows.first()
    while word is not None:
        found.append(word)
        word = rows.filter(action__gt=word).first()
    return found
