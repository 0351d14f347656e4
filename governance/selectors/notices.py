"""The notice to reviewers that is in force, and who has read it."""

from collections.abc import Iterable
from datetime import datetime

from governance.domain.notice_text import BUILT_IN
from governance.domain.principal import Principal
from governance.enums import Permission
from governance.models import NoticeAcknowledgement, ReviewerNotice


def current() -> ReviewerNotice:
    """Return the notice in force.

    Where nobody has written one it is the text that comes with the software: not saved before
    somebody reads it, and the next version once another release says something else.
    """
    last = ReviewerNotice.objects.order_by("-number").first()
    if last is not None and (last.written_by_id is not None or last.text == BUILT_IN):
        return last
    return ReviewerNotice(number=last.number + 1 if last else 1, text=BUILT_IN)


def acknowledged(user_id: int, notice: ReviewerNotice) -> NoticeAcknowledgement | None:
    """Return the record that a person read a version, if they did."""
    return NoticeAcknowledgement.objects.filter(
        person=user_id, notice__number=notice.number
    ).first()


def unread(principal: Principal) -> ReviewerNotice | None:
    """Return the notice in force to a reviewer who has not read it, else None."""
    if not principal.may(Permission.REVIEW):
        return None
    notice = current()
    return None if acknowledged(principal.user_id, notice) else notice


def first_told(people: Iterable[int]) -> dict[int, datetime]:
    """Return when each of these people first read a version; who never did is left out."""
    rows = NoticeAcknowledgement.objects.filter(person__in=list(people)).order_by("-at")
    return {row.person_id: row.at for row in rows}
