"""While one is away: lending what a role permits, and ending that."""

import uuid
from datetime import UTC, date, datetime, time

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from governance.enums import Permission
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import Role, User
from governance.selectors import clock, delegations
from governance.services import delegations as service

SEE_OTHER, UNPROCESSABLE = 303, 422
FIELDS = ("holder", "role", "until", "reason")
LISTED = 50


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """Show what one lent and was lent; a POST lends something."""
    user = request.user
    assert isinstance(user, User)
    form, fault = dict.fromkeys(FIELDS, ""), None
    if request.method == "POST":
        form = {name: request.POST.get(name, "") for name in FIELDS}
        try:
            row = service.give(
                actor=user, holder=form["holder"].strip(), role=form["role"],
                until=_end_of(form["until"]), reason=form["reason"], now=clock.now(),
            )  # fmt: skip
            messages.success(request, _("%(who)s stands in for you.") % {"who": row.holder})
            return HttpResponseRedirect(reverse("my-delegations"), status=SEE_OTHER)
        except InvalidInput as error:
            fault = error.faults[0]
        except Conflict as error:
            fault = InvalidInput.at("/role", error.detail).faults[0]
    return _page(request, user, form, fault)


def _end_of(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    except ValueError:
        raise InvalidInput.at("/until", "Write the day as 2027-03-01.") from None


def _page(request: HttpRequest, user: User, form: dict[str, str], fault: object) -> HttpResponse:
    now = clock.now()
    rows = list(delegations.concerning(user)[:LISTED])
    roles = Role.objects.filter(group__user=user).order_by("slug")
    context = {
        "rows": [
            (row, getattr(row, "end", None), row.until > now and not hasattr(row, "end"))
            for row in rows
        ],
        "roles": [row for row in roles if set(row.permissions) - {Permission.REVIEW}],
        "form": form,
        "fault": fault,
        "wrong": getattr(fault, "pointer", "").strip("/"),
    }
    status = UNPROCESSABLE if fault else 200
    return render(request, "governance/delegations.html", context, status=status)


@require_POST
@login_required
def end(request: HttpRequest, delegation_id: uuid.UUID) -> HttpResponse:
    """End a delegation that one gave or holds."""
    user = request.user
    assert isinstance(user, User)
    try:
        service.end(actor=user, delegation_id=delegation_id, now=clock.now())
        messages.success(request, _("It is over."))
    except NotFound as error:
        raise Http404(error.detail) from None
    except Conflict as error:
        messages.warning(request, error.detail)
    return HttpResponseRedirect(reverse("my-delegations"), status=SEE_OTHER)
