"""Delegation: one person lends another what a role of theirs permits, for a time and no further."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import AppendOnlyModel, uuid7


class Delegation(AppendOnlyModel):
    """That `giver` lends `holder` what a role permits, but for reviewing, from `since` to `until`.

    Only who holds the role themselves lends it (trigger delegation_not_lent_on). Constraints:
    delegation_to_another, delegation_ends_later, delegation_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    giver = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="lent")
    holder = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="borrowed")
    role = models.SlugField(max_length=63)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(giver=F("holder")), name="delegation_to_another"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="delegation_ends_later"),
            models.CheckConstraint(condition=~Q(reason=""), name="delegation_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.role} until {self.until:%Y-%m-%d}"


class DelegationEnd(AppendOnlyModel):
    """That a delegation was ended before its time, by whom. It is ended once by its key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    delegation = models.OneToOneField(Delegation, on_delete=models.PROTECT, related_name="end")
    actor = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ended {self.at:%Y-%m-%d}"
