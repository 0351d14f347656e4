"""What stood at an instant: what people had resolved by then, and what was approved by rule."""

import heapq
import itertools
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, Func, OuterRef, QuerySet
from django.db.models.functions import Collate

from feedback.domain import rows
from feedback.domain.recipes import Recipe, holds
from governance.domain import envelopes
from governance.domain.times import parse_rfc3339
from governance.enums import PolicyKind
from governance.models import Pipeline, PolicyVersion
from governance.models.base import ERASED
from governance.selectors.consents import Refused
from governance.selectors.redactions import recorded, row_name
from reviews.enums import Disposition
from reviews.models import Decision, Prediction, Resolution, ReviewItem, Withdrawal
from reviews.selectors.restrictions import Restriction

AT_ONCE = 2_000
ON_PREDICTION = {
    "scenario_type": "scenario_type__in",
    "tier": "tier__in",
    "model_name": "model_name__in",
    "model_version": "model_version__in",
    "min_confidence": "confidence__gte",
    "max_confidence": "confidence__lte",
}
ON_RESOLUTION = {
    "resolution_kind": "kind__in",
    "verdict": "verdict__in",
    "agreement_min": "agreement__gte",
}
RESOLVED = {"resolved_after": "resolved_at__gt", "resolved_before": "resolved_at__lt"}
RECEIVED = {"resolved_after": "received_at__gt", "resolved_before": "received_at__lt"}
PREDICTION_FIELDS = (
    "pk", "external_id", "input", "output", "scores", "confidence", "scenario_type",
    "characteristics", "model_name", "model_version", "tier", "propensity", "received_at",
    "subject_ref", "subject_basis", "config_version_id",
)  # fmt: skip
RESOLUTION_FIELDS = (
    "pk", "item_id", "kind", "verdict", "answer", "agreement", "decided_on", "rationale",
    "resolved_at", "actor_id",
)  # fmt: skip
DECISION_FIELDS = (
    "pk", "reviewer_id", "verdict", "answer", "reason_codes", "rationale", "blind", "certainty",
    "decided_at",
)  # fmt: skip
Found = tuple[str, uuid.UUID, uuid.UUID | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """A row that stood, and the records it was made of; by rule, without resolution and item."""

    row: Mapping[str, Any]
    prediction_id: uuid.UUID
    resolution_id: uuid.UUID | None
    item_id: uuid.UUID | None
    subject_ref: str
    subject_basis: str


@dataclass
class Reading:
    """Reads what stood in a pipeline at `as_of` and meets a recipe, in order of external_id.

    The order is that of UTF-8 bytes. Only records that were made by `as_of` count: a decision that
    was undone, a resolution that was superseded or a prediction that was withdrawn later is as it
    was. The items are locked as they are read, so that none is undone before the caller commits.

    What is about a person who refuses, or rests on the judgement of one, and what is restricted is
    left out and counted in `left_out`, whatever `as_of`: a withdrawal counts from when it was made.
    What was erased is no row.
    """

    pipeline: Pipeline
    recipe: Recipe
    as_of: datetime
    refused: Refused = field(default_factory=lambda: Refused(frozenset(), frozenset()))
    restricted: tuple[Restriction, ...] = ()
    left_out: int = 0
    _guidelines: dict[uuid.UUID, int] = field(default_factory=dict)
    _aliases: dict[int, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[list[Standing]]:
        """Return the rows, up to AT_ONCE at a time."""
        versions = PolicyVersion.objects.filter(kind=PolicyKind.PIPELINE, slug=self.pipeline.slug)
        self._guidelines = dict(versions.values_list("pk", "guideline_version"))
        sources = [self._found(self._resolved(), "item__prediction", resolved=True)]
        if self.recipe.auto:
            sources.append(self._found(self._approved(), "", resolved=False))
        found = heapq.merge(*sources, key=lambda entry: entry[0])
        while some := list(itertools.islice(found, AT_ONCE)):
            if standing := self._read(some):
                yield standing

    def _resolved(self) -> "QuerySet[Resolution]":
        later = Resolution.objects.filter(
            item=OuterRef("item"), pk__gt=OuterRef("pk"), resolved_at__lte=self.as_of
        )
        withdrawn = Withdrawal.objects.filter(
            prediction=OuterRef("item__prediction"), at__lte=self.as_of
        )
        return Resolution.objects.filter(
            ~Exists(later),
            ~Exists(withdrawn),
            item__pipeline=self.pipeline,
            resolved_at__lte=self.as_of,
            **self._lookups(ON_PREDICTION, "item__prediction__"),
            **self._lookups(ON_RESOLUTION),
            **self._moments(RESOLVED),
        )

    def _approved(self) -> "QuerySet[Prediction]":
        withdrawn = Withdrawal.objects.filter(prediction=OuterRef("pk"), at__lte=self.as_of)
        return Prediction.objects.filter(
            ~Exists(withdrawn),
            pipeline=self.pipeline,
            disposition=Disposition.AUTO_APPROVED,
            received_at__lte=self.as_of,
            item__isnull=True,
            **self._lookups(ON_PREDICTION),
            **self._moments(RECEIVED),
        )

    def _lookups(self, known: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
        """Return what the database can pass over; `holds` has the last word."""
        wanted = self.recipe.wanted
        return {f"{prefix}{known[name]}": wanted[name] for name in known if name in wanted}

    def _moments(self, known: Mapping[str, str]) -> dict[str, datetime]:
        return {name: parse_rfc3339(text) for name, text in self._lookups(known).items()}

    def _found(self, source: "QuerySet[Any]", path: str, *, resolved: bool) -> Iterator[Found]:
        prefix = f"{path}__" if path else ""
        names = [f"{prefix}external_id", f"{prefix}pk", *(["pk"] if resolved else [])]
        ordered = source.order_by(byte_order(names[0])).values_list(*names)
        for entry in ordered.iterator(chunk_size=AT_ONCE):
            yield entry if resolved else (*entry, None)

    def _read(self, found: Sequence[Found]) -> list[Standing]:
        predictions = _by_pk(
            Prediction.objects.filter(pk__in=[entry[1] for entry in found]), PREDICTION_FIELDS
        )
        resolutions = _by_pk(
            Resolution.objects.filter(pk__in=[entry[2] for entry in found if entry[2]]),
            RESOLUTION_FIELDS,
        )
        decisions, undone = self._judgements([r["item_id"] for r in resolutions.values()])
        gone = _erased(predictions, resolutions)
        standing = []
        for _, prediction_id, resolution_id in found:
            resolution = resolutions[resolution_id] if resolution_id else None
            if resolution is not None and not undone.isdisjoint(resolution["decided_on"]):
                continue
            if not gone.isdisjoint((prediction_id, resolution_id)):
                continue
            if self._refuses(predictions[prediction_id], resolution, decisions):
                self.left_out += 1
                continue
            row = self._row(predictions[prediction_id], resolution, decisions)
            if holds(self.recipe.wanted, row):
                standing.append(_standing(row, predictions[prediction_id], resolution))
        return standing

    def _refuses(
        self,
        prediction: Mapping[str, Any],
        resolution: Mapping[str, Any] | None,
        decisions: Mapping[str, Mapping[str, Any]],
    ) -> bool:
        subject = prediction["subject_ref"]
        if any(each.covers(subject, self.pipeline.pk) for each in self.restricted):
            return True
        refusing = self.refused.subjects if subject else ()
        if refusing and not refusing.isdisjoint(envelopes.tokens(settings.PRIVACY_KEYS, subject)):
            return True
        if resolution is None or not self.refused.people:
            return False
        rests_on = {decisions[pk]["reviewer_id"] for pk in resolution["decided_on"]}
        return not self.refused.people.isdisjoint({resolution["actor_id"], *rests_on})

    def _judgements(
        self, item_ids: Sequence[uuid.UUID]
    ) -> tuple[dict[str, dict[str, Any]], frozenset[str]]:
        """Return the decisions on items by id as text, and the ids of those undone by then."""
        if not item_ids:
            return {}, frozenset()
        _lock(item_ids)
        made = Decision.objects.filter(item__in=item_ids, decided_at__lte=self.as_of)
        undone = made.exclude(undoes=None).values_list("undoes_id", flat=True)
        given = made.filter(undoes=None).values(*DECISION_FIELDS)
        return {str(d["pk"]): d for d in given}, frozenset(map(str, undone))

    def _row(
        self,
        prediction: Mapping[str, Any],
        resolution: Mapping[str, Any] | None,
        decisions: Mapping[str, Mapping[str, Any]],
    ) -> dict[str, Any]:
        slug = self.pipeline.slug
        guideline = self._guidelines[prediction["config_version_id"]]
        if resolution is None:
            return rows.auto_row(prediction, pipeline=slug, guideline_version=guideline)
        return rows.reviewed_row(
            prediction,
            resolution,
            [decisions[pk] for pk in sorted(resolution["decided_on"])],
            pipeline=slug,
            guideline_version=guideline,
            alias_of=self._alias_of,
        )

    def _alias_of(self, user_id: int) -> str:
        alias = self._aliases.get(user_id)
        if alias is None:
            alias = self._aliases[user_id] = rows.reviewer_alias(settings.SAMPLING_KEY, user_id)
        return alias


def byte_order(name: str) -> Func:
    """Return the order of a column by its UTF-8 bytes, whatever the database's language."""
    return Collate(F(name), "C" if connection.vendor == "postgresql" else "BINARY")


def _by_pk(source: "QuerySet[Any]", names: Sequence[str]) -> dict[uuid.UUID, dict[str, Any]]:
    return {record["pk"]: record for record in source.values(*names)}


def _erased(
    predictions: Mapping[uuid.UUID, Mapping[str, Any]],
    resolutions: Mapping[uuid.UUID, Mapping[str, Any]],
) -> frozenset[uuid.UUID]:
    """Return the keys of those records whose values were erased."""
    found: set[uuid.UUID] = set()
    for model, records, column in (
        (Prediction, predictions, "input"),
        (Resolution, resolutions, "answer"),
    ):
        # Somebody may have sent just what stands in the place of what was erased.
        alike = [key for key, record in records.items() if record[column] == ERASED]
        redacted = recorded(model, alike) if alike else {}
        found.update(key for key in alike if row_name(key) in redacted)
    return frozenset(found)


def _lock(item_ids: Sequence[uuid.UUID]) -> None:
    # Everybody who locks several items does it in this order, so that they wait and never deadlock.
    locked = ReviewItem.objects.select_for_update(of=("self",)).filter(pk__in=item_ids).only("pk")
    list(locked.order_by(byte_order("prediction__external_id")))


def _standing(
    row: Mapping[str, Any], prediction: Mapping[str, Any], resolution: Mapping[str, Any] | None
) -> Standing:
    return Standing(
        row,
        prediction["pk"],
        resolution["pk"] if resolution else None,
        resolution["item_id"] if resolution else None,
        prediction["subject_ref"],
        prediction["subject_basis"],
    )
