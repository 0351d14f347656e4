"""What a person has been told, and how they want to be told."""

import uuid
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from governance.domain.times import parse_rfc3339, rfc3339
from governance.exceptions import InvalidInput, NotFound
from governance.models import User
from governance.selectors import clock
from reviews.models import Notification
from reviews.selectors import inbox, recipients
from reviews.services import notifications, preferences
from reviews.web import flow, wishing
from reviews.web.people import DeskRequest, signed_in


def unread(request: HttpRequest) -> dict[str, Any]:
    """Return `unread`, how much a person has not read; not asked for until a template does."""
    return {"unread": SimpleLazyObject(lambda: _count(getattr(request, "user", None)))}


def _count(user: Any) -> str:
    """Return the count as it is shown, or nothing when there is none."""
    count = inbox.unread(user) if isinstance(user, User) else 0
    if count >= inbox.MOST_COUNTED:
        return f"{inbox.MOST_COUNTED - 1}+"
    return str(count) if count else ""


@require_safe
@signed_in
def entries(request: DeskRequest) -> HttpResponse:
    """List what this person was told: the unread first, the newest first."""
    start, now = _number(request.GET.get("from", "0")), clock.now()
    found = inbox.page(request.user, start)
    shown = found[: inbox.PAGE]
    context = {
        "entries": shown,
        "now": now,
        # So that nothing is marked that came after the page.
        "until": rfc3339(now),
        "next": start + inbox.PAGE if len(found) > inbox.PAGE else None,
        "previous": max(start - inbox.PAGE, 0) if start else None,
    }
    return flow.page(request, "reviews/inbox.html", context)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise NotFound("There is no such page.")
    return int(text)


@require_POST
@signed_in
def read(request: DeskRequest, notification_id: uuid.UUID) -> HttpResponse:
    """Mark one as read; a script gets its row again."""
    row = _mark(request, notification_id)
    if not request.htmx:
        return HttpResponseRedirect(reverse("inbox"), status=flow.SEE_OTHER)
    (entry,) = inbox.entries(request.user, [row])
    return render(
        request, "reviews/partials/_notice_read.html", {"entry": entry, "now": clock.now()}
    )


@require_POST
@signed_in
def visit(request: DeskRequest, notification_id: uuid.UUID) -> HttpResponse:
    """Mark one as read and go to its item."""
    row = _mark(request, notification_id)
    url = f"/items/{row.item_id}" if row.item_id else reverse("inbox")
    return HttpResponseRedirect(url, status=flow.SEE_OTHER)


def _mark(request: DeskRequest, notification_id: uuid.UUID) -> Notification:
    if inbox.one(request.user, notification_id) is None:
        raise NotFound("There is no such notification of yours.")
    notifications.mark_read(person=request.user, ids=[notification_id], now=clock.now())
    row = inbox.one(request.user, notification_id)
    assert row is not None
    return row


@require_POST
@signed_in
def read_all(request: DeskRequest) -> HttpResponse:
    """Mark all that the page showed as read."""
    now = clock.now()
    count = notifications.mark_read(
        person=request.user, ids=None, now=now, until=_until(request, now)
    )
    said = ngettext("Marked %(n)s as read.", "Marked %(n)s as read.", count) % {"n": count}
    flow.told(request, said)
    return flow.leave(request, reverse("inbox"))


def _until(request: DeskRequest, now: datetime) -> datetime:
    try:
        return parse_rfc3339(request.POST.get("until", ""))
    except ValueError:
        return now


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def preferences_page(request: DeskRequest) -> HttpResponse:
    """Show how this person wants to be told; a POST changes it."""
    now = clock.now()
    user = request.user
    wishes = recipients.wishes(user, inbox.preference(user))
    if request.method != "POST":
        return _preferences(request, wishing.of_wishes(wishes), now)
    form = wishing.of_form(request.POST)
    try:
        preferences.set_preferences(person=user, wanted=wishing.wanted(form), now=now)
    except InvalidInput as error:
        faults = {fault.pointer: [fault.detail] for fault in error.faults}
        return _preferences(request, form, now, faults=faults, status=422)
    flow.told(request, _("Saved."))
    return flow.leave(request, reverse("preferences"))


def _preferences(
    request: DeskRequest,
    form: wishing.Form,
    now: datetime,
    *,
    faults: dict[str, list[str]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "kinds": wishing.rows(form),
        "faults": faults or {},
        "now": now,
        "mail": recipients.mail_is_sent(),
    }
    return flow.page(request, "reviews/preferences.html", context, status=status)
