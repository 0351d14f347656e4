"""Disputes of figures: one's own, and those that somebody may answer."""

import uuid

from django.db.models import QuerySet

from feedback.models import FigureDispute
from feedback.selectors.reviewer_figures import leads
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import User
from governance.selectors import audit, persons


def within(principal: Principal) -> "QuerySet[FigureDispute]":
    """Return one's own disputes and, to who may see figures of others, those within reach."""
    rows = FigureDispute.objects.select_related("person", "pipeline", "answer__judge")
    seen = audit.within(rows, principal, "pipeline")
    return seen if leads(principal) else seen.filter(person=principal.user_id)


def waiting(principal: Principal) -> "QuerySet[FigureDispute]":
    """Return the disputes within reach that nobody has answered, the oldest first."""
    return within(principal).filter(answer=None).order_by("pk")


def one(principal: Principal, dispute_id: uuid.UUID) -> FigureDispute | None:
    """Return a dispute within reach."""
    return within(principal).filter(pk=dispute_id).first()


def may_answer(principal: Principal, user: User, row: FigureDispute) -> bool:
    """Return whether somebody may answer: who leads, and is another person."""
    return principal.may(Permission.ADJUDICATE) and (
        persons.person_of(row.person) not in persons.linked(user)
    )
