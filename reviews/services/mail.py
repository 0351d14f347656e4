"""Mail: what is due is handed to the outbox, letter by letter, and the outbox has it sent.

A notification is in one letter and in no other: handing it over marks it and makes the promise in
one transaction. The promise names what the letter is about, so that it is the same at each attempt,
under the same Message-ID: a receiver can tell a letter that comes twice. A mail server that is slow
or lost costs attempts of the outbox, and never a sweep.
"""

import re
import smtplib
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Min
from django.template.loader import render_to_string
from django.utils import timezone, translation

from governance.models import User
from governance.services import dispatch
from governance.services.dispatch import Promise
from reviews.models import Notification
from reviews.selectors import inbox, recipients

PEOPLE, ROWS = 200, 2000
# A letter names so many and says how many more the inbox holds.
NAMED = 50
BLANK_LINES = re.compile(r"\n{3,}")
SLOW = 3.0
SILENCE = 60.0


class MailServerSlow(Exception):
    """The mail server has just let somebody wait: it is left alone for a while."""


class MailNotTaken(Exception):
    """The mail server took no letter: why, in its words without the address of the reader."""


class _Server:
    """How this process gets on with the mail server.

    One that lets everybody wait takes the time of the timeout for each letter, in which the process
    does nothing else. One that refuses at once is simply asked again.
    """

    silent_until = 0.0

    def send(self, message: EmailMessage) -> None:
        began = time.monotonic()
        if began < self.silent_until:
            raise MailServerSlow("The mail server did not answer in time just before.")
        try:
            message.send()
        except (smtplib.SMTPException, OSError) as error:
            if time.monotonic() - began > SLOW:
                self.silent_until = time.monotonic() + SILENCE
            words = f"{type(error).__name__}: {error}"
            raise MailNotTaken(words.replace(message.to[0], "the reader")) from None


_server = _Server()


def hand_over(*, now: datetime) -> int:
    """Promise the letters that are due; returns how many. Any number of these may run at once."""
    letters = 0
    while (made := _hand_over_some(now)) is not None:
        letters += made
    return letters


@transaction.atomic
def _hand_over_some(now: datetime) -> int | None:
    due = Notification.objects.filter(mail_due_at__lte=now, mailed_at=None)
    # All of a person at once, so that what waited together goes together.
    waiting = due.values("person").annotate(first=Min("mail_due_at")).order_by("first")
    people = [row["person"] for row in waiting[:PEOPLE]]
    mine = due.filter(person__in=people).select_for_update(skip_locked=True, of=("self",))
    rows = list(mine.defer("detail").order_by("person", "pk")[:ROWS])
    if not rows:
        return None
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mailed_at=now)
    promises = [_promise(letter) for letter in _letters(rows)]
    dispatch.enqueue_all(promises, now=now)
    return len(promises)


def _letters(rows: Iterable[Notification]) -> Iterator[list[Notification]]:
    """Yield what goes together: of each person all that waited, and alone what did not."""
    for _, mine in groupby(rows, key=lambda row: row.person_id):
        waited = []
        for row in mine:
            if row.mail_due_at is not None and row.mail_due_at > row.created_at:
                waited.append(row)
            else:
                yield [row]
        if waited:
            yield waited


def _promise(letter: Sequence[Notification]) -> Promise:
    ids = [str(row.pk) for row in letter]
    arguments = {"notifications": ids[:NAMED], "more": len(ids[NAMED:])}
    return Promise("reviews.send_mail", arguments, dedupe=f"mail:{ids[0]}")


def send(*, notification_ids: Sequence[str], more: int = 0) -> bool:
    """Send one letter; returns whether there was anybody to send it to.

    What has gone out of its reader's reach since it was due is left out.
    """
    row = Notification.objects.filter(pk__in=notification_ids).select_related("person").first()
    if row is None or not row.person.is_active or not row.person.email:
        return False
    if not recipients.mail_is_sent():
        return False
    entries = inbox.letter(row.person, notification_ids)
    if not entries:
        return False
    _server.send(_message(row.person, notification_ids[0], entries, more))
    return True


def _message(person: User, name: str, entries: Sequence[inbox.Entry], more: int) -> EmailMessage:
    """Return the letter, in the language of the site and the zone of its reader."""
    context: dict[str, Any] = {
        "person": person,
        "entries": entries,
        "first": entries[0],
        "more": more,
        "all": len(entries) + more,
        "base": settings.BASE_URL.rstrip("/"),
    }
    zone = ZoneInfo(person.timezone)
    with translation.override(settings.LANGUAGE_CODE), timezone.override(zone):
        subject = render_to_string("emails/notice_subject.txt", context)
        body = render_to_string("emails/notice.txt", context)
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=BLANK_LINES.sub("\n\n", body).strip() + "\n",
        to=[person.email],
        headers={
            "Message-ID": message_id(name),
            "X-Countersign-Id": name,
            "Auto-Submitted": "auto-generated",
        },
    )


def message_id(name: str) -> str:
    """Return the Message-ID of a letter, named by the first notification that it is about."""
    return f"<{uuid.UUID(name)}@{urlsplit(settings.BASE_URL).hostname}>"
