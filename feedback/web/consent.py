"""The page on which reviewers say whether their judgement may train models."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from feedback.selectors import containing
from feedback.services import consents
from feedback.services.consents import Wanted
from governance.domain.purposes import TRAINING
from governance.exceptions import DomainError
from governance.models import User
from governance.selectors import clock, principals
from governance.selectors import consents as selector


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """Show what a reviewer said last, and what holds their judgement; a POST says otherwise."""
    user = cast("User", request.user)
    if request.method == "POST":
        return _say(request, user)
    context = {
        "base": "base.html",
        "last": selector.last_of(user.pk, TRAINING),
        "held": containing.judged_by(user.pk, None),
    }
    return render(request, "feedback/consent.html", context)


def _say(request: HttpRequest, user: User) -> HttpResponse:
    given = request.POST.get("answer") == "agree"
    wanted = Wanted(purpose=TRAINING, reviewer=user.username, given=given, channel="page")
    try:
        consents.say(
            principal=principals.of_person(user), actor=user, wanted=wanted, now=clock.now()
        )
    except DomainError as refusal:
        raise PermissionDenied(refusal.detail) from None
    messages.success(request, _("It is on record."))
    return HttpResponseRedirect(reverse("my-consent"))
