"""What records and configuration rows have in common."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NoReturn, TypeVar

import uuid_utils
from django.db import models
from simple_history.models import HistoricalRecords
from uuid_utils import compat

from governance.models import statements

M = TypeVar("M", bound=models.Model)


# What stands in a JSON column, and in a text that must say something, once its value was erased.
ERASED: Mapping[str, Any] = {"erased": True}
ERASED_TEXT = "(erased)"


def uuid7() -> uuid.UUID:
    """Return a new UUIDv7: unique without a round trip, and ordered by time."""
    return compat.uuid7()


def uuid7_text() -> str:
    """Return a new UUIDv7 as text, at a fifth of the cost; for rows that are written in bulk."""
    return str(uuid_utils.uuid7())


class AppendOnlyError(TypeError):
    """Raised when code tries to change or delete a record."""


class AppendOnlyQuerySet(models.QuerySet[M]):
    """The first wall: a queryset of records offers no way to change them."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{self.model.__name__} is append-only: add a row that supersedes.")

    def delete(self) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{self.model.__name__} is append-only: nothing is deleted.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{self.model.__name__} is append-only: add rows that supersede.")


class AppendOnlyModel(models.Model):
    """A record that is written once.

    Three walls hold it: the queryset, `save` and `delete` here, and a trigger in the database
    (governance.db.append_only), which raw SQL and cascades cannot walk past.

    `personal` names the columns that may say something of a person, with what replaces each when
    it is erased: the one change that the trigger lets through, for a row with a Redaction.
    """

    personal: ClassVar[Mapping[str, Any]] = {}

    objects = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; a second save is refused."""
        if not self._state.adding:
            raise AppendOnlyError(f"{type(self).__name__} is append-only: it was saved already.")
        statements.insert(self)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise AppendOnlyError(f"{type(self).__name__} is append-only: nothing is deleted.")


class UntrackedChangeError(TypeError):
    """Raised when a configuration row would change without leaving history."""


class TrackedQuerySet(models.QuerySet[M]):
    """Bulk paths write no history rows, so configuration has none."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise UntrackedChangeError(f"{self.model.__name__}: save each row, with a reason.")

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise UntrackedChangeError(f"{self.model.__name__}: save each row, with a reason.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        raise UntrackedChangeError(f"{self.model.__name__}: save each row, with a reason.")


class TrackedModel(models.Model):
    """A configuration row: who changed it, when and why is in its history.

    `because(actor, reason)` must precede each save and delete; without a reason both are refused.
    """

    history = HistoricalRecords(inherit=True)
    objects = models.Manager.from_queryset(TrackedQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with a history row; a change without a reason is refused."""
        require_reason(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete with a history row; without a reason it is refused."""
        require_reason(self)
        return super().delete(*args, **kwargs)

    def because(self: M, actor: "models.Model | None", reason: str) -> M:
        """Say who changes this row and why; returns the row, so that a save can follow."""
        self._history_user = actor
        self._change_reason = reason
        return self


def require_reason(row: models.Model) -> None:
    """Raise UntrackedChangeError when nobody said why `row` changes."""
    if not (getattr(row, "_change_reason", None) or "").strip():
        raise UntrackedChangeError(f"{type(row).__name__}: a change needs a reason.")


def one_of(field: str, values: list[str]) -> models.Q:
    """Return the condition that `field` holds one of `values`, for a check constraint."""
    return models.Q(**{f"{field}__in": values})


def share(field: str) -> models.Q:
    """Return the condition that `field` lies in [0, 1], for a check constraint."""
    return models.Q(**{f"{field}__gte": 0, f"{field}__lte": 1})


def personal_fields(model: type[models.Model]) -> Mapping[str, Any]:
    """Return the columns of a model that may say something of a person, with what replaces each.

    A history has those of what it is the history of.
    """
    tracked = getattr(model, "instance_type", model) if hasattr(model, "history_object") else model
    found: Mapping[str, Any] = getattr(tracked, "personal", {})
    return found


def append_only_models(registered: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    """Return those of `registered` whose tables a trigger must hold: records and histories."""
    return [
        model
        for model in registered
        if issubclass(model, AppendOnlyModel) or hasattr(model, "history_object")
    ]
