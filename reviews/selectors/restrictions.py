"""What is restricted: somebody asked for its erasure, and a legal hold keeps it.

Nothing of it is stored. It follows from the requests that are open and the holds that are in force,
and ends with either. All that a request is about is restricted while a hold blocks the request.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from governance.domain.principal import Principal
from governance.enums import ErasureState, Permission, Scope
from governance.models import ErasureRequest, LegalHold
from governance.selectors import holds, subjects
from reviews.models import Prediction

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


@dataclass(frozen=True)
class Restriction:
    """A request that waits and what keeps it waiting; `pipeline_id` None: about every pipeline."""

    request: ErasureRequest
    reference: str = field(repr=False)
    pipeline_id: int | None
    holds: tuple[LegalHold, ...]

    def covers(self, reference: str, pipeline_id: int) -> bool:
        """Return whether what is about somebody in a pipeline is restricted by it."""
        return self.reference == reference and self.pipeline_id in (None, pipeline_id)


def in_force() -> tuple[Restriction, ...]:
    """Return what is restricted now: nothing, by one query, where no erasure is asked for."""
    waiting = ErasureRequest.objects.filter(state=ErasureState.REQUESTED)
    found = (_of(row) for row in waiting.select_related("subject").order_by("pk"))
    return tuple(each for each in found if each is not None)


def on(prediction: Prediction) -> Restriction | None:
    """Return what restricts a prediction, if anything does."""
    return next(
        (
            each
            for each in (in_force() if prediction.subject_ref else ())
            if each.covers(prediction.subject_ref, prediction.pipeline_id)
        ),
        None,
    )


def marks(
    principal: Principal, predictions: Iterable[Prediction]
) -> Mapping[uuid.UUID, Restriction]:
    """Return what restricts each of the predictions, for who sees it in spite of that."""
    about = [row for row in predictions if row.subject_ref]
    if not about or not sees(principal):
        return {}
    restricted = in_force()
    return {
        row.pk: each
        for row in about
        for each in restricted
        if each.covers(row.subject_ref, row.pipeline_id)
    }


def sees(principal: Principal) -> bool:
    """Return whether restricted records are shown to a principal: to those who read all on record.

    In a page that is a role that audits, with a token its scope.
    """
    if principal.scopes is None:
        return principal.may(Permission.AUDIT)
    return principal.has_scope(Scope.AUDIT_READ)


def shown(principal: Principal, rows: Rows, path: str) -> Rows:
    """Return those of `rows` that are not restricted, or all to who sees what is.

    `path` leads to the prediction: empty for predictions, else with `__` at its end.
    """
    return rows if sees(principal) else apart(rows, path, in_force())


def apart(rows: Rows, path: str, restricted: tuple[Restriction, ...]) -> Rows:
    """Return those of `rows` that none of `restricted` covers."""
    return rows.exclude(_about(path, restricted)) if restricted else rows


def among(rows: Rows, path: str) -> Rows:
    """Return those of `rows` that are restricted."""
    restricted = in_force()
    return rows.filter(_about(path, restricted)) if restricted else rows.none()


def keeps(principal: Principal, prediction: Prediction) -> bool:
    """Return whether a prediction is restricted and so not there for a principal."""
    return bool(prediction.subject_ref) and not sees(principal) and on(prediction) is not None


def reaches(principal: Principal, prediction: Prediction) -> bool:
    """Return whether a principal may act on a prediction, as far as that is a matter of reach."""
    return principal.sees(prediction.pipeline_id) and not keeps(principal, prediction)


def _about(path: str, restricted: tuple[Restriction, ...]) -> Q:
    return reduce(or_, (Q(**_lookups(path, each)) for each in restricted))


def _lookups(path: str, each: Restriction) -> Mapping[str, Any]:
    found: dict[str, Any] = {f"{path}subject_ref": each.reference}
    if each.pipeline_id is not None:
        found[f"{path}pipeline"] = each.pipeline_id
    return found


def _of(row: ErasureRequest) -> Restriction | None:
    reference = subjects.reference_of(row.subject)
    if not reference:
        return None
    about = Prediction.objects.filter(subject_ref=reference)
    within = None
    if row.pipeline_id is not None:
        within = frozenset([row.pipeline_id])
        about = about.filter(pipeline=row.pipeline_id)
    blocking = tuple(
        holds.covering(row.subject, within, having=about.order_by().values("pipeline"))
    )
    return Restriction(row, reference, row.pipeline_id, blocking) if blocking else None
