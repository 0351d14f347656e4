"""What people answered before they saw the prediction or each other."""

from datetime import datetime

from django.db.models import F, Q, QuerySet

from governance.models import Pipeline
from reviews.models import Decision
from reviews.selectors.desk import ANSWERS


def first(pipeline: Pipeline, since: datetime | None, until: datetime) -> "QuerySet[Decision]":
    """Return the first blind answers of a pipeline's items, given after `since` up to `until`.

    One that its reviewer revised stays their first; one that was taken back, or belongs to a cycle
    before the item was reopened, is none.
    """
    rows = Decision.objects.filter(
        Q(undone_by=None) | Q(revised_by__isnull=False), undoes=None, revises=None, blind=True,
        item__pipeline=pipeline, verdict__in=ANSWERS, decided_at__lte=until,
        assignment__slot__gt=F("item__closed_slots"),
    )  # fmt: skip
    return rows.filter(decided_at__gt=since) if since else rows
