"""What people write beside an item, for whoever sees it next."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from governance.models.base import ERASED_TEXT, AppendOnlyModel, uuid7


class Note(AppendOnlyModel):
    """A remark on an item; it is context, not a judgement. Constraint: note_has_text."""

    personal: ClassVar[Mapping[str, Any]] = {"text": ERASED_TEXT, "salt": ""}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey("reviews.ReviewItem", on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    salt = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="note_has_text")]

    def __str__(self) -> str:
        return f"note on {self.item_id}"
