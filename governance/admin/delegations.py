"""What people lent one another while they were away; it is lent and ended on their own pages."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from governance.admin import rendering
from governance.admin.base import ReadOnlyAdmin
from governance.admin.filters import of_person
from governance.domain.principal import Principal
from governance.models import Delegation
from governance.selectors import delegations


@admin.register(Delegation)
class DelegationAdmin(ReadOnlyAdmin):
    """Which role who lent to whom, until when."""

    list_display = ("giver", "holder", "role", "since", "until", "ended", "reason")
    list_select_related = ("giver", "holder", "end", "end__actor")
    list_filter = (of_person("giver"), of_person("holder"))
    date_hierarchy = "since"
    ordering = ("-id",)
    ids = ("id",)
    search_help_text = gettext_lazy("The id of a delegation.")
    fields = (("giver", "holder"), "role", ("since", "until"), "reason", "ended", "id")

    def readable(self, rows: "QuerySet[Any]", principal: Principal) -> "QuerySet[Any]":
        """Return the delegations of people within reach."""
        return rows.filter(pk__in=delegations.within(principal).values("pk"))

    @admin.display(description=gettext_lazy("Ended"))
    def ended(self, row: Delegation) -> str:
        """Return who ended it before its time, and when."""
        end = getattr(row, "end", None)
        return f"{end.actor}, {end.at:%Y-%m-%d %H:%M} UTC" if end else rendering.NOTHING
