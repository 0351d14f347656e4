"""The page that applies an SLA policy to running clocks: first what it would do, then the act."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.admin.base import GuardedAdmin, acting, principal_of
from governance.admin.configuration import posted
from governance.admin.forms import ActForm
from governance.enums import Permission
from governance.exceptions import DomainError, NotFound
from governance.models import SLAPolicy
from governance.selectors import clock
from reviews.enums import ClockKind
from reviews.services import applying
from reviews.services.applying import Applied, Preview

if TYPE_CHECKING:
    Base = GuardedAdmin
else:
    Base = object


class Applying(Base):
    """The page itself, at the address of clocks: policies stand on a floor that knows of none."""

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page."""
        own = path(
            "apply/<slug:slug>/",
            self.admin_site.admin_view(self.apply_view),
            name="reviews_slaclock_apply",
        )
        return [own, *super().get_urls()]

    def apply_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what applying a policy would do; a POST does it, with a reason."""
        principal = principal_of(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        may = principal.may(Permission.APPROVE)
        if request.method == "POST" and not may:
            raise PermissionDenied
        form = ActForm(posted(request))
        if form.is_valid() and self._applied(request, slug, form):
            return HttpResponseRedirect(request.path)
        try:
            seen = applying.preview(slug=slug, now=clock.now(), within=principal.pipelines)
        except NotFound:
            raise Http404 from None
        policy = SLAPolicy.objects.get(slug=slug)
        jobs = applying.latest(slug, within=principal.pipelines)
        context = {
            **self.admin_site.each_context(request),
            "opts": policy._meta,
            "original": policy,
            "title": _("Apply %(slug)s to running clocks") % {"slug": slug},
            "media": self.media,
            "form": form,
            "may": may,
            "seen": seen,
            "parts": _in_words(seen),
            "jobs": jobs,
            "running": any(job.finished_at is None for job in jobs),
        }
        return TemplateResponse(request, "admin/reviews/slaclock/apply.html", context)

    def _applied(self, request: HttpRequest, slug: str, form: ActForm) -> bool:
        try:
            done = applying.apply_to_running(
                principal=principal_of(request),
                actor=acting(request),
                slug=slug,
                reason=form.cleaned_data["reason"],
                now=clock.now(),
            )
        except DomainError as refusal:
            form.add_error(None, refusal.detail)
            return False
        messages.success(request, _promised(done))
        return True


def _in_words(seen: Preview) -> list[dict[str, Any]]:
    return [
        {
            "pipeline": part.pipeline.slug,
            "kind": ClockKind(part.kind).label,
            "retargeted": part.retargeted,
            "newly_breached": part.newly_breached,
        }
        for part in seen.parts
    ]


def _promised(done: Applied) -> str:
    number = done.preview.retargeted
    told = {"n": f"{number:,}", "version": done.preview.version}
    sentence = ngettext(
        "%(n)s clock is about to follow %(version)s.",
        "%(n)s clocks are about to follow %(version)s.",
        number,
    )
    return sentence % told
