"""The page of the clock audit: what should have happened to clocks and has not."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import GuardedAdmin, principal_of
from governance.selectors import clock
from reviews.models import Assignment, SLAClock
from reviews.selectors import auditing

if TYPE_CHECKING:
    Base = GuardedAdmin
else:
    Base = object

WORDS = {
    "breach_unseen": gettext_lazy("Clocks that are late and no sweep has seen"),
    "breach_unwritten": gettext_lazy("Clocks that are breached without an event of it"),
    "ladder_late": gettext_lazy("Clocks with a level of the ladder that should have fired"),
    "sweep_overdue": gettext_lazy("Clocks that sweeps have passed over"),
    "never_due": gettext_lazy("Clocks with a target and no hours left in which to use it"),
    "pause_endless": gettext_lazy("Clocks in a pause that nothing ends"),
    "lease_lapsed": gettext_lazy("Leases that have lapsed and still hold their items"),
    auditing.UNSOUND: gettext_lazy("Documents in force that today's rules refuse"),
    auditing.DRIFTED: gettext_lazy("Clocks that their events do not explain"),
}


class Audited(Base):
    """The page itself, at the address of clocks, and the link to it from their list."""

    change_list_template = "admin/reviews/slaclock/change_list.html"

    def get_urls(self) -> Any:
        """Return the addresses, with that of the page."""
        own = path(
            "audit/", self.admin_site.admin_view(self.audit_view), name="reviews_slaclock_audit"
        )
        return [own, *super().get_urls()]

    def audit_view(self, request: HttpRequest) -> HttpResponse:
        """Show what is looked for, how many of each there are now, and some of them."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        now = clock.now()
        looked = auditing.everything(now, within=principal_of(request).pipelines)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Clock audit"),
            "media": self.media,
            "now": now,
            "wrong": sum(finding.count for finding in looked),
            "rows": [_row(finding) for finding in looked],
        }
        return TemplateResponse(request, "admin/reviews/slaclock/audit.html", context)


def _row(finding: auditing.Finding) -> dict[str, Any]:
    return {
        "words": WORDS[finding.name],
        "count": finding.count,
        "examples": [_shown(finding.name, each) for each in finding.examples],
        "more": finding.count - len(finding.examples),
    }


def _shown(name: str, example: str) -> SafeString | str:
    """Return a link to a row, or what is wrong with a document."""
    if name == auditing.UNSOUND:
        return example
    return rendering.key_link(Assignment if name == "lease_lapsed" else SLAClock, example)
