"""Telling reviewers what is measured: writing the notice, and saying that one has read it."""

from datetime import datetime

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import NoticeAcknowledgement, ReviewerNotice, User
from governance.selectors import notices
from governance.services import ledger

LONGEST = 20_000


@transaction.atomic
def write(*, actor: User, text: str, reason: str, now: datetime) -> ReviewerNotice:
    """Bring another text into force, as an administrator; every reviewer is shown it once."""
    if not actor.is_superuser:
        raise NotPermitted("The notice to reviewers is written by administrators.")
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > LONGEST:
        raise InvalidInput.at("/text", f"The text has from 1 to {LONGEST} characters.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why it changes.", code="required")
    last = notices.current()
    if text == last.text.strip():
        raise InvalidInput.at("/text", "This is the text in force.", code="conflict")
    # The text that is replaced is kept, whether anybody read it or not.
    before = _kept(last, now)
    notice = ReviewerNotice(number=before.number + 1, text=text, written_by=actor, written_at=now)
    notice.save()
    ledger.first(
        stream=stream_of(notice), action="notice.written", actor=actor, now=now, reason=reason,
        detail={"notice": str(notice.pk), "number": notice.number},
    )  # fmt: skip
    return notice


@transaction.atomic
def acknowledge(
    *, principal: Principal, actor: User, number: int, now: datetime
) -> NoticeAcknowledgement:
    """Put on record that a reviewer read the version in force; again is the same record.

    Conflict when `number` is not in force any more: then there is another text to read.
    """
    if not principal.may(Permission.REVIEW):
        raise NotPermitted("The notice is for who reviews.")
    notice = notices.current()
    if notice.number != number:
        raise Conflict("The text has changed since: read it again.")
    known = notices.acknowledged(actor.pk, notice)
    if known is not None:
        return known
    notice = _kept(notice, now)
    made, new = NoticeAcknowledgement.objects.get_or_create(
        notice=notice, person=actor, defaults={"at": now}
    )
    if new:
        ledger.append(
            stream=stream_of(notice), action="notice.acknowledged", actor=actor, now=now,
            detail={"acknowledgement": str(made.pk), "number": notice.number},
        )  # fmt: skip
    return made


def stream_of(notice: ReviewerNotice) -> str:
    """Return the name of the ledger stream of a version."""
    return f"reviewer-notice:{notice.pk}"


def _kept(notice: ReviewerNotice, now: datetime) -> ReviewerNotice:
    """Return the row of a version; two who read the first one at once make it once."""
    if not notice._state.adding:
        return notice
    kept, _ = ReviewerNotice.objects.get_or_create(
        number=notice.number, defaults={"text": notice.text, "written_at": now}
    )
    return kept
