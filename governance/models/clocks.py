"""Calendars and SLA policies: the working copies of what clocks run by."""

from django.db import models

from governance.enums import ClockStart, ReopenRule
from governance.models.base import TrackedModel
from governance.models.pipelines import PolicyVersion


class Calendar(TrackedModel):
    """Business time: a zone, weekly windows, holidays and dated exceptions."""

    slug = models.SlugField(max_length=63, unique=True)
    timezone = models.CharField(max_length=64)
    windows = models.JSONField()
    holidays = models.JSONField(default=list, blank=True)
    exceptions = models.JSONField(default=list, blank=True)
    current = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    def __str__(self) -> str:
        return self.slug


class SLAPolicy(TrackedModel):
    """How soon people act, and who is told when they don't."""

    slug = models.SlugField(max_length=63, unique=True)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="sla_policies")
    targets = models.JSONField()
    at_risk = models.JSONField(default=list, blank=True)
    ladder = models.JSONField(default=dict, blank=True)
    start = models.CharField(
        max_length=11, choices=ClockStart, default=ClockStart.RECEIPT,
        help_text="When clocks start: at receipt, or when the prediction was made.",
    )  # fmt: skip
    max_backdate = models.CharField(
        max_length=40, default="PT24H", help_text="How long before receipt a clock may start."
    )
    max_pause_days = models.PositiveSmallIntegerField(
        default=5, help_text="After so many working days a pause ends by itself."
    )
    reopen = models.CharField(
        max_length=6, choices=ReopenRule, default=ReopenRule.FRESH,
        help_text="Whether a reopened item has its whole time again, or what was left.",
    )  # fmt: skip
    reopen_target = models.CharField(
        max_length=40, blank=True, help_text="To decide after a reopening; empty: as at first."
    )
    current = models.ForeignKey(
        PolicyVersion, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = "SLA policy"
        verbose_name_plural = "SLA policies"

    def __str__(self) -> str:
        return self.slug
