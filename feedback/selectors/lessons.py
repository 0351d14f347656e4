"""Lessons that a principal may read, and who may write them."""

from django.db.models import QuerySet

from feedback.models import Lesson
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.selectors import audit

WRITE = (Permission.ADJUDICATE, Permission.APPROVE)
READ = (*WRITE, Permission.AUDIT)


def within(principal: Principal) -> "QuerySet[Lesson]":
    """Return the lessons of the pipelines within reach."""
    rows = Lesson.objects.select_related("pipeline", "owner")
    return audit.within(rows, principal, "pipeline")


def may_write(principal: Principal) -> bool:
    """Return whether somebody may write lessons: who settles disagreements or signs changes."""
    return any(principal.may(permission) for permission in WRITE)


def may_read(principal: Principal) -> bool:
    """Return whether somebody may read lessons and the pages of lineage."""
    return any(principal.may(permission) for permission in READ)
