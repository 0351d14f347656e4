"""Declared maintenance: for how long the system itself kept people from their work, and why."""

from django.db import models
from django.db.models import ExpressionWrapper, F, Q

from governance.models.base import uuid7


class Maintenance(models.Model):
    """A time for which all clocks stand still: `[began_at, ended_at)`, or without an end so far.

    Constraints: maintenance_one_open, maintenance_has_reason, maintenance_ends_after_begin,
    maintenance_ended_by_at_end.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reason = models.CharField(max_length=500)
    began_at = models.DateTimeField()
    began_by = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Empty: somebody at the server's console.",
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Empty: somebody at the server's console.",
    )

    class Meta:
        verbose_name = "maintenance"
        verbose_name_plural = "maintenance"
        constraints = [
            # Of all that are open this is true, and so of one of them.
            models.UniqueConstraint(
                ExpressionWrapper(Q(ended_at__isnull=True), output_field=models.BooleanField()),
                condition=Q(ended_at__isnull=True),
                name="maintenance_one_open",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="maintenance_has_reason"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("began_at")),
                name="maintenance_ends_after_begin",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(ended_by__isnull=True),
                name="maintenance_ended_by_at_end",
            ),
        ]

    def __str__(self) -> str:
        return f"maintenance since {self.began_at:%Y-%m-%d %H:%M}"
