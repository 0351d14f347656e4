"""Clocks: how long people have, what happened to their time, and who was told."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import AppendOnlyModel, one_of, uuid7
from reviews.enums import ClockEventKind, ClockKind, ClockOutcome, ClockStatus, EscalationOutcome

OPEN: list[str] = [ClockStatus.RUNNING, ClockStatus.PAUSED]


class SLAClock(models.Model):
    """One measurement on an item, in one cycle. Every column is a cache of its events.

    `manage.py recompute_clocks` reproduces the columns from the events, bit for bit. What people
    sign that is no item has a clock with a `subject` instead. `elapsed` is the business time used
    up to `counted_at`, the last event that moved it; `next_at` is when the sweep must look again.
    Constraints: slaclock_cycle_uniq, slaclock_subject_cycle_uniq, slaclock_one_open,
    slaclock_of_one_thing, slaclock_kind_valid, slaclock_status_valid, slaclock_outcome_valid,
    slaclock_stopped_iff, slaclock_paused_iff, slaclock_held_is_paused, slaclock_breach_detected,
    slaclock_next_while_open.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(
        "reviews.ReviewItem",
        on_delete=models.PROTECT,
        null=True,
        related_name="clocks",
        db_index=False,
        db_constraint=False,
    )
    subject = models.CharField(max_length=200, blank=True)
    pipeline = models.ForeignKey(
        "governance.Pipeline",
        on_delete=models.PROTECT,
        related_name="clocks",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=10, choices=ClockKind)
    cycle = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=9, choices=ClockStatus, default=ClockStatus.RUNNING)
    policy_version = models.ForeignKey(
        "governance.PolicyVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    calendar_version = models.ForeignKey(
        "governance.PolicyVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    target = models.DurationField(null=True, help_text="Business time; empty: not monitored.")
    started_at = models.DateTimeField()
    elapsed = models.DurationField()
    counted_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    warned = models.FloatField(default=0, help_text="The highest share that it warned at.")
    breached_at = models.DateTimeField(null=True)
    detected_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    maintenance = models.ForeignKey(
        "reviews.Maintenance",
        on_delete=models.PROTECT,
        null=True,
        related_name="clocks",
        db_index=False,
        help_text="For which it stands still; empty when people paused it.",
    )
    stopped_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=6, choices=ClockOutcome, blank=True)
    loop = models.PositiveSmallIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    ladder_at = models.DateTimeField(null=True, help_text="When the next level is planned.")
    acked_at = models.DateTimeField(null=True)
    events_count = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = "SLA clock"
        indexes = [
            # The sweep: what must be looked at, the longest overdue first.
            models.Index(
                fields=["next_at"], name="slaclock_next", condition=Q(next_at__isnull=False)
            ),
            # Lists of what is late or near: the open clocks of a kind by due time.
            models.Index(
                fields=["pipeline", "kind", "due_at"],
                name="slaclock_open_due",
                condition=Q(status__in=OPEN),
            ),
            # The auditor: breached clocks that still run, and charts by the time of the breach.
            models.Index(
                fields=["pipeline", "kind", "breached_at"],
                name="slaclock_breached",
                condition=Q(breached_at__isnull=False),
            ),
            # Burn-down and heat map: what stopped in a period.
            models.Index(
                fields=["pipeline", "kind", "stopped_at"],
                name="slaclock_stopped",
                condition=Q(stopped_at__isnull=False),
            ),
            # What a maintenance that has ended must let go.
            models.Index(
                fields=["maintenance"],
                name="slaclock_held",
                condition=Q(maintenance__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["item", "kind", "cycle"], name="slaclock_cycle_uniq"),
            models.UniqueConstraint(
                fields=["subject", "kind", "cycle"],
                condition=~Q(subject=""),
                name="slaclock_subject_cycle_uniq",
            ),
            models.UniqueConstraint(
                fields=["item", "kind"], condition=Q(status__in=OPEN), name="slaclock_one_open"
            ),
            models.CheckConstraint(
                condition=(Q(item__isnull=False, subject=""))
                | (Q(item__isnull=True) & ~Q(subject="")),
                name="slaclock_of_one_thing",
            ),
            models.CheckConstraint(
                condition=one_of("kind", ClockKind.values), name="slaclock_kind_valid"
            ),
            models.CheckConstraint(
                condition=one_of("status", ClockStatus.values), name="slaclock_status_valid"
            ),
            models.CheckConstraint(
                condition=one_of("outcome", ["", *ClockOutcome.values]),
                name="slaclock_outcome_valid",
            ),
            models.CheckConstraint(
                condition=Q(status=ClockStatus.STOPPED, stopped_at__isnull=False)
                | (~Q(status=ClockStatus.STOPPED) & Q(stopped_at__isnull=True, outcome="")),
                name="slaclock_stopped_iff",
            ),
            models.CheckConstraint(
                condition=Q(status=ClockStatus.PAUSED, paused_at__isnull=False, due_at__isnull=True)
                | (~Q(status=ClockStatus.PAUSED) & Q(paused_at__isnull=True)),
                name="slaclock_paused_iff",
            ),
            models.CheckConstraint(
                condition=Q(maintenance__isnull=True) | Q(status=ClockStatus.PAUSED),
                name="slaclock_held_is_paused",
            ),
            models.CheckConstraint(
                condition=Q(breached_at__isnull=True, detected_at__isnull=True)
                | Q(
                    breached_at__isnull=False,
                    detected_at__isnull=False,
                    detected_at__gte=F("breached_at"),
                ),
                name="slaclock_breach_detected",
            ),
            models.CheckConstraint(
                condition=Q(next_at__isnull=True) | one_of("status", OPEN),
                name="slaclock_next_while_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.cycle} of {self.item_id or self.subject}"


class ClockEvent(AppendOnlyModel):
    """One thing that happened to a clock: the truth of which the clock's columns are a cache.

    `at` is when it took effect, `recorded_at` when it was written: a breach that was found late
    took effect at the instant when the target was used up. `detail` holds what the replay needs
    (see reviews.domain.clocks). Constraints: clockevent_seq_uniq, clockevent_breach_once,
    clockevent_warning_once, clockevent_kind_valid, clockevent_pause_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clock = models.ForeignKey(
        SLAClock, on_delete=models.PROTECT, related_name="events", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=9, choices=ClockEventKind)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor = models.ForeignKey(
        "governance.User",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Empty: the system.",
    )
    reason = models.CharField(max_length=500, blank=True)
    share = models.FloatField(null=True, help_text="Of a warning: the share of the target.")
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "seq"], name="clockevent_seq_uniq"),
            models.UniqueConstraint(
                fields=["clock"],
                condition=Q(kind=ClockEventKind.BREACH),
                name="clockevent_breach_once",
            ),
            models.UniqueConstraint(
                fields=["clock", "share"],
                condition=Q(kind=ClockEventKind.WARN),
                name="clockevent_warning_once",
            ),
            models.CheckConstraint(
                condition=one_of("kind", ClockEventKind.values), name="clockevent_kind_valid"
            ),
            models.CheckConstraint(
                condition=~Q(kind=ClockEventKind.PAUSE) | ~Q(reason=""),
                name="clockevent_pause_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"


class Escalation(AppendOnlyModel):
    """That a level of a ladder fired, exactly once: whom it named, what it did, how late it was.

    `targets` lists the ids of the people who were reached. The level after the last one is the
    end of the ladder. Constraints: escalation_once, escalation_level_positive,
    escalation_outcome_valid.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clock = models.ForeignKey(
        SLAClock, on_delete=models.PROTECT, related_name="escalations", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    item = models.ForeignKey(
        "reviews.ReviewItem",
        on_delete=models.PROTECT,
        null=True,
        related_name="escalations",
        db_constraint=False,
    )
    pipeline = models.ForeignKey(
        "governance.Pipeline",
        on_delete=models.PROTECT,
        related_name="escalations",
        db_index=False,
        db_constraint=False,
    )
    cycle = models.PositiveSmallIntegerField()
    loop = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=9, choices=EscalationOutcome)
    planned_at = models.DateTimeField()
    fired_at = models.DateTimeField()
    breached_at = models.DateTimeField()
    overdue = models.DurationField(help_text="Business time past the target when it fired.")
    targets = models.JSONField(default=list)
    actions = models.JSONField(default=dict, help_text="What was done, by action.")

    class Meta:
        indexes = [
            # The admin's list, the newest first, and the lists of a pipeline.
            models.Index(fields=["fired_at"], name="escalation_by_time"),
            models.Index(fields=["pipeline", "fired_at"], name="escalation_by_pipeline"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["clock", "cycle", "loop", "level"], name="escalation_once"
            ),
            models.CheckConstraint(
                condition=Q(loop__gte=1, level__gte=1), name="escalation_level_positive"
            ),
            models.CheckConstraint(
                condition=one_of("outcome", EscalationOutcome.values),
                name="escalation_outcome_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"level {self.level} of loop {self.loop}"


class Acknowledgement(AppendOnlyModel):
    """That somebody took up an escalation, which stops its ladder for a while.

    Constraints: acknowledgement_how_valid; an escalation is taken up once (acknowledgement_once).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    escalation = models.ForeignKey(
        Escalation, on_delete=models.PROTECT, related_name="acknowledgements", db_index=False
    )
    actor = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    how = models.CharField(max_length=8)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation"], name="acknowledgement_once"),
            models.CheckConstraint(
                condition=one_of("how", ["explicit", "claim", "reassign"]),
                name="acknowledgement_how_valid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.how} of {self.escalation_id}"
