"""Who acts: people and services, their tokens and where they may act."""

import zoneinfo
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from governance.enums import Permission, UserKind
from governance.models.base import TrackedModel, TrackedQuerySet, one_of, require_reason, uuid7

SIGNING_IN = {"last_login"}


def validate_timezone(name: str) -> None:
    """Refuse a name that is not an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is not an IANA time zone, such as Europe/Berlin.")


class PeopleManager(UserManager.from_queryset(TrackedQuerySet)):  # type: ignore[misc]
    """Makes users that say why they exist."""

    def _create_user_object(self, *args: Any, **kwargs: Any) -> "User":
        user: User = super()._create_user_object(*args, **kwargs)
        return user.because(None, "Account created")


class User(AbstractUser):
    """A person or a service. People are deactivated, never deleted: records point at them.

    Constraints: user_kind_valid, user_service_has_no_staff (a service cannot sign in to pages).
    """

    kind = models.CharField(max_length=8, choices=UserKind, default=UserKind.HUMAN)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    open_capacity = models.PositiveIntegerField(
        default=5, help_text="Items that may be claimed at once."
    )
    daily_capacity = models.PositiveIntegerField(
        default=500, help_text="Items that may be claimed in 24 hours."
    )
    history = HistoricalRecords(excluded_fields=["password", "last_login"])

    objects: ClassVar[PeopleManager] = PeopleManager()

    because = TrackedModel.because

    class Meta(AbstractUser.Meta):
        permissions = [(str(value), str(label)) for value, label in Permission.choices]
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", UserKind.values), name="user_kind_valid"
            ),
            models.CheckConstraint(
                condition=~Q(kind=UserKind.SERVICE) | Q(is_staff=False, is_superuser=False),
                name="user_service_has_no_staff",
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with a history row, except for the mark of the last sign-in."""
        if set(kwargs.get("update_fields") or ()) == SIGNING_IN:
            self.skip_history_when_saving = True
            try:
                super().save(*args, **kwargs)
            finally:
                del self.skip_history_when_saving
            return
        require_reason(self)
        super().save(*args, **kwargs)


class Skill(TrackedModel):
    """What a person is qualified for, until when, and what shows it.

    Somebody else says so: a service refuses who would qualify themselves, and the history has who
    it was. Constraints: skill_user_name_uniq, skill_level_positive.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="skills")
    name = models.SlugField(max_length=63)
    level = models.PositiveSmallIntegerField(default=1)
    expires = models.DateField(null=True, blank=True)
    evidence = models.CharField(max_length=300, blank=True, help_text="What shows it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="skill_user_name_uniq"),
            models.CheckConstraint(condition=Q(level__gte=1), name="skill_level_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.level}"


class Membership(TrackedModel):
    """That a person or service may see a pipeline at all. Constraint: membership_uniq."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "pipeline"], name="membership_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.pipeline}"


class ApiToken(models.Model):
    """A key for one user; only its SHA-256 is stored.

    Constraints: apitoken_expires_after_creation, apitoken_digest_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=120, blank=True)
    start = models.CharField(max_length=12, help_text="How the token begins, to recognise it.")
    digest = models.CharField(max_length=64)
    scopes = models.JSONField()
    all_pipelines = models.BooleanField(default=True)
    pipelines = models.ManyToManyField("governance.Pipeline", blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="issued_tokens"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="apitoken_digest_uniq"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("created_at")),
                name="apitoken_expires_after_creation",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start}… of {self.user}"


class SignInLink(models.Model):
    """A link that signs a person in once; only its SHA-256 is stored.

    Constraint: signinlink_digest_uniq.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sign_in_links")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="signinlink_digest_uniq"),
        ]

    def __str__(self) -> str:
        return f"for {self.user} until {self.expires_at:%Y-%m-%d %H:%M}"
