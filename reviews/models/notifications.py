"""What people are told, and how they want to be told."""

from django.db import models
from django.db.models import Q

from governance.models.base import one_of, uuid7
from reviews.enums import NotificationKind


class Notification(models.Model):
    """One thing one person is told, in the inbox first; e-mail follows it.

    `source` names what it is about (a clock event, an assignment), once for each person. A digest
    stands for many and is open, taking more, until it is `mailed_at`: when its mail was handed to
    the outbox, or when it was closed without one.
    Constraints: notification_once, notification_one_open_digest, notification_kind_valid,
    notification_count_positive.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="notifications", db_index=False
    )
    kind = models.CharField(max_length=9, choices=NotificationKind)
    source = models.CharField(max_length=120)
    item = models.ForeignKey(
        "reviews.ReviewItem",
        on_delete=models.PROTECT,
        null=True,
        related_name="notifications",
        db_index=False,
    )
    escalation = models.ForeignKey(
        "reviews.Escalation",
        on_delete=models.PROTECT,
        null=True,
        related_name="notifications",
        db_index=False,
    )
    detail = models.JSONField(default=dict, help_text="What, why and how late, as figures.")
    count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(null=True, help_text="Empty: no mail is wanted.")
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The inbox, the newest first; its count of the unread.
            models.Index(fields=["person", "-created_at"], name="notification_inbox"),
            models.Index(
                fields=["person"], name="notification_unread", condition=Q(read_at__isnull=True)
            ),
            # Mail that waits, by whom it goes to.
            models.Index(
                fields=["mail_due_at"],
                name="notification_mail_due",
                condition=Q(mailed_at__isnull=True, mail_due_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["person", "source"], name="notification_once"),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(kind=NotificationKind.DIGEST, mailed_at__isnull=True),
                name="notification_one_open_digest",
            ),
            models.CheckConstraint(
                condition=one_of("kind", NotificationKind.values), name="notification_kind_valid"
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="notification_count_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id}"


class NotificationPreference(models.Model):
    """How a person wants to be told. Without a row: in the inbox and by mail, at once, always.

    `channels` maps a kind of notification to a list of channels (`inbox`, `email`); a kind that is
    missing goes to both. Quiet hours are local times in the person's own zone and may span
    midnight. Constraints: notificationpreference_digest_valid,
    notificationpreference_quiet_has_both_ends.
    """

    person = models.OneToOneField(
        "governance.User",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="notification_preference",
    )
    channels = models.JSONField(default=dict)
    digest = models.CharField(max_length=8, default="off")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("digest", ["off", "hourly", "daily"]),
                name="notificationpreference_digest_valid",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="notificationpreference_quiet_has_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"of {self.person_id}"
