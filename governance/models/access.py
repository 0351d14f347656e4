"""Access reviews: what people may do, looked at one by one, kept or taken away, and signed."""

from django.db import models
from django.db.models import F, Q

from governance.enums import AccessVerdictKind
from governance.models.base import AppendOnlyModel, one_of, uuid7


class AccessReview(AppendOnlyModel):
    """A look at all that was granted on one day, in a pipeline or everywhere, until `due_at`.

    Where it `suspends`, what nobody looked at by then is taken away. Constraints:
    accessreview_due_later, accessreview_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="access_reviews"
    )
    due_at = models.DateTimeField()
    suspends = models.BooleanField(default=True)
    opened_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__gt=F("opened_at")), name="accessreview_due_later"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="accessreview_has_reason"),
        ]

    def __str__(self) -> str:
        return f"access review of {self.opened_at:%Y-%m-%d}"


class AccessGrant(AppendOnlyModel):
    """What one person held when a review began: a role, or (no role) administration.

    `permissions` and `pipelines` are what it came to then. Constraint: accessgrant_once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="grants")
    user = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="access_grants"
    )
    role = models.CharField(max_length=63, blank=True)
    permissions = models.JSONField()
    pipelines = models.JSONField(help_text="Slugs; empty for an administrator, who sees all.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "user", "role"], name="accessgrant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.role or 'administrator'} of {self.user}"


class AccessVerdict(AppendOnlyModel):
    """What became of a grant. `holder` is copied from it: nobody judges their own.

    Constraints: accessverdict_kind_valid, accessverdict_has_reason, accessverdict_by_somebody,
    accessverdict_not_by_holder; that there is one for each is the key of `grant`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    grant = models.OneToOneField(AccessGrant, on_delete=models.PROTECT, related_name="verdict")
    kind = models.CharField(max_length=9, choices=AccessVerdictKind)
    holder = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    actor = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", AccessVerdictKind.values), name="accessverdict_kind_valid"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="accessverdict_has_reason"),
            models.CheckConstraint(
                condition=Q(kind=AccessVerdictKind.SUSPENDED, actor=None)
                | ~Q(kind=AccessVerdictKind.SUSPENDED) & Q(actor__isnull=False),
                name="accessverdict_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(actor=None) | ~Q(actor=F("holder")), name="accessverdict_not_by_holder"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.grant_id}"


class AccessReviewClosing(AppendOnlyModel):
    """Who signed a review when each grant had its verdict; `digest` binds all of them.

    Constraint: accessreviewclosing_signed; that it is closed once is the key of `review`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.OneToOneField(AccessReview, on_delete=models.PROTECT, related_name="closing")
    signer = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=310)
    digest = models.CharField(max_length=64)
    reauthenticated_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(printed_name="") & ~Q(digest=""), name="accessreviewclosing_signed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.printed_name}, {self.at:%Y-%m-%d}"
