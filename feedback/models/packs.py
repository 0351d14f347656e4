"""Audit packs: what left the system as evidence, under which digest, and its bytes for a time."""

from django.db import models
from django.db.models import Q

from governance.models.base import AppendOnlyModel, uuid7


class AuditPack(AppendOnlyModel):
    """That a pack was made: for which scope (governance.domain.pack_scope), and what it digests to.

    `root` is over the files in it, `sha256` over the zip. The same scope makes the same bytes, as
    long as nothing that is in it was erased. Constraints: auditpack_job_uniq (a job that runs again
    makes no second pack), auditpack_has_bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(
        "governance.Job", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    scope = models.JSONField()
    root = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    event = models.UUIDField(help_text="The ledger event of the act.")
    made_by = models.ForeignKey(
        "governance.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job"], name="auditpack_job_uniq"),
            models.CheckConstraint(condition=Q(size__gte=1), name="auditpack_has_bytes"),
        ]

    def __str__(self) -> str:
        return f"pack of {self.made_at:%Y-%m-%d %H:%M}"


class AuditPackPart(models.Model):
    """A stretch of the bytes of a pack, until they are forgotten: they can be made anew.

    Constraint: auditpackpart_position_uniq.
    """

    id = models.BigAutoField(primary_key=True)
    pack = models.ForeignKey(
        AuditPack, on_delete=models.PROTECT, related_name="parts", db_index=False
    )
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pack", "position"], name="auditpackpart_position_uniq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.position}"
