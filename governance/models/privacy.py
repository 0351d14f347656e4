"""Where data comes from, who agreed to its use, how long it is kept, and what was erased."""

from django.db import models
from django.db.models import F, Q

from governance.domain.retention import FLOOR_DAYS
from governance.enums import ErasureState, LawfulBasis, RecordClass, RedactionCause
from governance.models.base import AppendOnlyModel, TrackedModel, one_of, uuid7


class DataSource(TrackedModel):
    """Where the data of a pipeline comes from, for what it may be used, and on what that rests.

    Constraints: datasource_name_uniq, datasource_basis_valid.
    """

    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, related_name="sources"
    )
    name = models.SlugField(max_length=63)
    origin = models.CharField(max_length=500, help_text="Who collected it, from whom, and how.")
    purposes = models.JSONField(help_text="The purposes that it may be used for, as words.")
    basis = models.CharField(max_length=20, choices=LawfulBasis)
    licence = models.CharField(max_length=200, blank=True)
    collected = models.CharField(max_length=200, blank=True, help_text="When it was collected.")
    gaps = models.TextField(blank=True, help_text="Known gaps and shortcomings.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="datasource_name_uniq"),
            models.CheckConstraint(
                condition=one_of("basis", LawfulBasis.values), name="datasource_basis_valid"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SubjectKey(models.Model):
    """The key of one data subject, sealed under the key of the site; destroyed by an erasure.

    `token` is a keyed hash of the reference by which a pipeline names the person, so that the row
    is found again; `reference` is that name, sealed under this key. An erasure takes away all
    three, and whatever was sealed under the key is unreadable, in backups too.
    Constraints: subjectkey_token_uniq, subjectkey_destroyed_iff.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token = models.CharField(max_length=64, null=True)  # noqa: DJ001 - none after an erasure
    wrapped = models.CharField(max_length=200, blank=True)
    reference = models.TextField(blank=True)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token"], name="subjectkey_token_uniq"),
            models.CheckConstraint(
                condition=Q(destroyed_at=None, token__isnull=False) & ~Q(wrapped="")
                | Q(destroyed_at__isnull=False, token=None, wrapped="", reference=""),
                name="subjectkey_destroyed_iff",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ConsentRecord(AppendOnlyModel):
    """That a person agreed to a use of their data or judgement, or (`given` false) does not.

    The latest record of a person, purpose and pipeline (none: all of them) counts. `withdraws` is
    what a withdrawal takes back. `sealed` is what was said about it, sealed under the subject's
    key. Constraints: consentrecord_of_one, consentrecord_purpose_named,
    consentrecord_withdrawal_refuses, consentrecord_withdrawn_once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.ForeignKey(
        SubjectKey, on_delete=models.PROTECT, null=True, related_name="consents"
    )
    person = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="consents"
    )
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="consents"
    )
    purpose = models.CharField(max_length=60)
    given = models.BooleanField(default=True)
    withdraws = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="withdrawals"
    )
    text_version = models.CharField(
        max_length=100, blank=True, help_text="Which text the person was shown, or its SHA-256."
    )
    channel = models.CharField(max_length=60, blank=True)
    sealed = models.TextField(blank=True)
    at = models.DateTimeField(help_text="When the person said so.")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            # Sealing: who has refused a purpose.
            models.Index(
                fields=["purpose"], name="consentrecord_refused", condition=Q(given=False)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(subject=None, person__isnull=False)
                | Q(subject__isnull=False, person=None),
                name="consentrecord_of_one",
            ),
            models.CheckConstraint(condition=~Q(purpose=""), name="consentrecord_purpose_named"),
            models.CheckConstraint(
                condition=Q(withdraws=None) | Q(given=False),
                name="consentrecord_withdrawal_refuses",
            ),
            models.UniqueConstraint(fields=["withdraws"], name="consentrecord_withdrawn_once"),
        ]

    def __str__(self) -> str:
        return f"{'consent' if self.given else 'refusal'} for {self.purpose}"


class LegalHold(AppendOnlyModel):
    """That what concerns a pipeline, or a subject, must not be erased or purged.

    Constraint: legalhold_of_something, legalhold_has_reason.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="holds"
    )
    subject = models.ForeignKey(
        SubjectKey, on_delete=models.PROTECT, null=True, related_name="holds"
    )
    reason = models.CharField(max_length=500)
    placed_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(pipeline__isnull=False) | Q(subject__isnull=False),
                name="legalhold_of_something",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="legalhold_has_reason"),
        ]

    def __str__(self) -> str:
        return f"hold of {self.placed_at:%Y-%m-%d}"


class HoldLift(AppendOnlyModel):
    """That a legal hold ended. Constraints: holdlift_once, holdlift_has_reason."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hold = models.ForeignKey(
        LegalHold, on_delete=models.PROTECT, related_name="lifts", db_index=False
    )
    reason = models.CharField(max_length=500)
    lifted_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold"], name="holdlift_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="holdlift_has_reason"),
        ]

    def __str__(self) -> str:
        return f"end of {self.hold_id}"


class RetentionRule(TrackedModel):
    """For how many days records of a class are kept. Without a row: governance.domain.retention.

    Constraints: retentionrule_class_uniq, retentionrule_class_valid, retentionrule_floor.
    """

    record_class = models.CharField(max_length=13, choices=RecordClass)
    days = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record_class"], name="retentionrule_class_uniq"),
            models.CheckConstraint(
                condition=one_of("record_class", RecordClass.values),
                name="retentionrule_class_valid",
            ),
            models.CheckConstraint(condition=Q(days__gte=FLOOR_DAYS), name="retentionrule_floor"),
        ]

    def __str__(self) -> str:
        return self.record_class


class ErasureRequest(models.Model):
    """That a subject's data is to be erased: planned by one person, executed by another.

    `plan` counts what would go when it was asked for, and `outcome` what went.
    Constraints: erasurerequest_state_valid, erasurerequest_two_people, erasurerequest_ended_iff,
    erasurerequest_one_open.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.ForeignKey(SubjectKey, on_delete=models.PROTECT, related_name="erasures")
    pipeline = models.ForeignKey(
        "governance.Pipeline", on_delete=models.PROTECT, null=True, related_name="erasures"
    )
    reason = models.CharField(max_length=500)
    plan = models.JSONField()
    state = models.CharField(max_length=9, choices=ErasureState, default=ErasureState.REQUESTED)
    requested_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    outcome = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("state", ErasureState.values), name="erasurerequest_state_valid"
            ),
            models.CheckConstraint(
                condition=~Q(state=ErasureState.EXECUTED) | ~Q(ended_by=F("requested_by")),
                name="erasurerequest_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state=ErasureState.REQUESTED, ended_by=None, ended_at=None)
                | (
                    ~Q(state=ErasureState.REQUESTED)
                    & Q(ended_by__isnull=False, ended_at__isnull=False)
                ),
                name="erasurerequest_ended_iff",
            ),
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(state=ErasureState.REQUESTED),
                name="erasurerequest_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {self.state}"


class Redaction(AppendOnlyModel):
    """That the personal fields of one row were replaced by what its model's `personal` says.

    It is written before the change, which the wall of an append-only table lets through for a row
    with a redaction alone (governance.db.append_only). `leaf` is the hash that stood for the row
    under a Merkle root, in hex, so that the root still verifies; `record` is what it was made of,
    where that says nothing of the person.
    Constraints: redaction_row_uniq, redaction_cause_valid, redaction_of_an_erasure.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.CharField(max_length=100, help_text="The label of its model, lower case.")
    row = models.CharField(max_length=64, help_text="Its key as text, without dashes.")
    leaf = models.CharField(max_length=64, blank=True)
    record = models.JSONField(null=True, help_text="What the leaf was made of: ids and digests.")
    cause = models.CharField(max_length=9, choices=RedactionCause)
    erasure = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, null=True, related_name="redactions"
    )
    event = models.UUIDField(help_text="The ledger event of the act.")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "row"], name="redaction_row_uniq"),
            models.CheckConstraint(
                condition=one_of("cause", RedactionCause.values), name="redaction_cause_valid"
            ),
            models.CheckConstraint(
                condition=Q(cause=RedactionCause.ERASURE, erasure__isnull=False)
                | Q(cause=RedactionCause.RETENTION, erasure=None),
                name="redaction_of_an_erasure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.row}"
