"""The page that tells reviewers what is measured of their work."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance.exceptions import Conflict, DomainError
from governance.models import User
from governance.selectors import clock, notices, principals
from governance.services import notices as service
from governance.web.paths import own_path

SEE_OTHER = 303


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """Show the notice in force, and whether this person has read it; a POST says that they have."""
    user = request.user
    assert isinstance(user, User)
    if request.method == "POST":
        return _read(request, user)
    notice = notices.current()
    context = {"notice": notice, "read": notices.acknowledged(user.pk, notice)}
    return render(request, "governance/notice.html", context)


def _read(request: HttpRequest, user: User) -> HttpResponse:
    sent = request.POST.get("number", "")
    try:
        service.acknowledge(
            principal=principals.of_person(user), actor=user,
            number=int(sent) if sent.isdecimal() and len(sent) < 9 else 0, now=clock.now(),
        )  # fmt: skip
    except Conflict as error:
        messages.warning(request, error.detail)
        return HttpResponseRedirect(request.path, status=SEE_OTHER)
    except DomainError as refusal:
        raise PermissionDenied(refusal.detail) from None
    messages.success(request, _("It is on record that you read it."))
    following = own_path(request, request.POST.get("next"))
    return HttpResponseRedirect(following, status=SEE_OTHER)
