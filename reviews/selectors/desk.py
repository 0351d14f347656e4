"""What one reviewer has in hand, has just decided, and may settle for others."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import Pipeline, User
from governance.selectors import delegations, policies
from reviews.enums import AssignmentState, Verdict
from reviews.models import Assignment, Decision, Note, ReviewItem
from reviews.selectors import records, restrictions
from reviews.selectors.blindness import TO_ADJUDICATE

RECENT = timedelta(minutes=10)
ANSWERS = (Verdict.ACCEPT, Verdict.CORRECT, Verdict.REJECT)
MAX_RECENT = 10


def pipeline(principal: Principal, slug: str) -> Pipeline | None:
    """Return a pipeline within reach."""
    row = Pipeline.objects.filter(slug=slug).exclude(live=None).first()
    return row if row is not None and principal.sees(row.pk) else None


def assignment(principal: Principal, assignment_id: uuid.UUID) -> Assignment | None:
    """Return an assignment of this person in a pipeline within reach, whatever became of it."""
    row = (
        Assignment.objects.select_related(
            "item__prediction", "item__pipeline", "item__config_version", "item__resolution"
        )
        .filter(pk=assignment_id, reviewer=principal.user_id)
        .first()
    )
    if row is None or not restrictions.reaches(principal, row.item.prediction):
        return None
    return row


def held(principal: Principal) -> list[Assignment]:
    """Return what this person holds now, the oldest first."""
    rows = Assignment.objects.filter(
        reviewer=principal.user_id, state=AssignmentState.CLAIMED
    ).select_related("item__pipeline")
    rows = restrictions.shown(principal, rows, "item__prediction__")
    return [row for row in rows.order_by("claimed_at") if principal.sees(row.item.pipeline_id)]


def recent(principal: Principal, now: datetime) -> list[Decision]:
    """Return this person's latest decisions that are young enough to be undone, newest first."""
    rows = Decision.objects.filter(
        reviewer=principal.user_id, decided_at__gt=now - RECENT, undoes=None, undone_by=None
    )
    rows = restrictions.shown(principal, rows, "item__prediction__")
    return list(
        rows.select_related("item__pipeline", "item__prediction").order_by("-decided_at")[
            :MAX_RECENT
        ]
    )


def decision_of(assignment_id: uuid.UUID) -> Decision | None:
    """Return the decision that was made under an assignment, an undone one too."""
    return (
        Decision.objects.filter(assignment=assignment_id, undoes=None)
        .select_related("undone_by", "item")
        .first()
    )


def decision(principal: Principal, decision_id: uuid.UUID) -> Decision | None:
    """Return a decision of this person that is no undo."""
    rows = Decision.objects.filter(pk=decision_id, reviewer=principal.user_id, undoes=None)
    return restrictions.shown(principal, rows, "item__prediction__").first()


def revisable(decision: Decision | None, now: datetime) -> bool:
    """Return whether an answer was given blind first, stands, and may be revised still."""
    return (
        decision is not None
        and decision.blind
        and decision.item.blind_first is not None
        and decision.verdict in ANSWERS
        and not hasattr(decision, "undone_by")
        and now - decision.decided_at <= RECENT
    )


def undone_before(row: Assignment) -> Decision | None:
    """Return the latest decision on the item that its reviewer took back."""
    return (
        Decision.objects.filter(
            item=row.item_id, reviewer=row.reviewer_id, undoes=None, undone_by__isnull=False
        )
        .order_by("-decided_at")
        .first()
    )


def notes(item: ReviewItem) -> "QuerySet[Note]":
    """Return the notes on an item, oldest first."""
    return Note.objects.filter(item=item).select_related("author").order_by("pk")


def judgements(item: ReviewItem) -> "QuerySet[Decision]":
    """Return the standing decisions on an item, oldest first."""
    return Decision.objects.filter(item=item, undoes=None, undone_by=None).order_by("pk")


def to_adjudicate(principal: Principal, actor: User) -> "QuerySet[ReviewItem]":
    """Return the items that wait for this person to settle them, the most urgent first.

    Those are within reach, of a tier that any adjudicator or one of their roles settles, and not
    decided by themselves.
    """
    waiting = records.items(principal).filter(status__in=TO_ADJUDICATE)
    if not principal.may(Permission.ADJUDICATE):
        return waiting.none()
    own = Decision.objects.filter(item=OuterRef("pk"), reviewer=actor, undoes=None, undone_by=None)
    return waiting.filter(_settled_by(waiting, actor), ~Exists(own)).order_by("urgent_at", "pk")


def _settled_by(waiting: "QuerySet[ReviewItem]", actor: User) -> Q:
    if actor.is_superuser:
        return Q()
    roles = delegations.roles_of(actor)
    condition = Q(pk__in=[])
    for version, tier in waiting.order_by().values_list("config_version", "tier").distinct():
        asked = policies.document(version)["tiers"][tier]["adjudicate_by"]
        if not asked or asked in roles:
            condition |= Q(config_version=version, tier=tier)
    return condition
