"""The proof of the ledger: its leaves in order, the tree over them, signed checkpoints, anchors."""

from django.db import models
from django.db.models import Q

from governance.enums import AnchorKind
from governance.models.base import AppendOnlyModel, one_of, uuid7


class UnsealedEvent(models.Model):
    """An event that waits to be sealed.

    A trigger writes the row with the event (`auditevent_awaits_seal`), whoever wrote that. Nothing
    is ever judged to be sealed by its time or its id: transactions end in another order than they
    begin in.
    """

    event = models.UUIDField(primary_key=True, editable=False)

    def __str__(self) -> str:
        return str(self.event)


class LedgerLeaf(AppendOnlyModel):
    """An event's place in the tree: leaf `position`, counted from 0, with the digest it had then.

    Constraints: ledgerleaf_event_uniq.
    """

    position = models.PositiveBigIntegerField(primary_key=True)
    event = models.UUIDField(editable=False)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event"], name="ledgerleaf_event_uniq"),
        ]

    def __str__(self) -> str:
        return f"leaf {self.position}"


class LedgerNode(AppendOnlyModel):
    """The root over the perfect tree of 2**level leaves that begins at position * 2**level.

    Only whole tiles are kept (level 8, 16, …): with them every proof reads a few hundred rows.
    Constraints: ledgernode_place_uniq.
    """

    level = models.PositiveSmallIntegerField()
    position = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "position"], name="ledgernode_place_uniq"),
        ]

    def __str__(self) -> str:
        return f"node {self.level}/{self.position}"


class LedgerKey(AppendOnlyModel):
    """A public key that has signed checkpoints; those of a former key stay verifiable by it."""

    id = models.CharField(primary_key=True, max_length=8)
    verifier = models.CharField(max_length=300, help_text="The key as one word: name+id+base64.")
    first_used_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.verifier


class Checkpoint(AppendOnlyModel):
    """What the ledger was when it had `size` leaves: the root over them, signed.

    Constraints: checkpoint_size_uniq, checkpoint_size_positive.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    size = models.PositiveBigIntegerField()
    root = models.CharField(max_length=64)
    note = models.TextField(help_text="The signed note: origin, size, root, signature.")
    key = models.ForeignKey(LedgerKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    sealed_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["size"], name="checkpoint_size_uniq"),
            models.CheckConstraint(condition=Q(size__gte=1), name="checkpoint_size_positive"),
        ]

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class Anchor(AppendOnlyModel):
    """A copy of a checkpoint outside of this database, where nobody here can take it back.

    `token` is the answer of a time-stamp authority (RFC 3161, DER in base64) over the note.
    Constraints: anchor_kind_valid, anchor_once, anchor_token_iff_timestamp.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="anchors", db_index=False
    )
    kind = models.CharField(max_length=9, choices=AnchorKind)
    place = models.CharField(max_length=500)
    # Workers of the release before know nothing of it, hence a default in the database.
    token = models.TextField(blank=True, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=one_of("kind", AnchorKind.values), name="anchor_kind_valid"
            ),
            models.UniqueConstraint(fields=["checkpoint", "kind", "place"], name="anchor_once"),
            models.CheckConstraint(
                condition=Q(kind=AnchorKind.TIMESTAMP) & ~Q(token="")
                | ~Q(kind=AnchorKind.TIMESTAMP) & Q(token=""),
                name="anchor_token_iff_timestamp",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint} in {self.place}"
