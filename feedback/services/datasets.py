"""Datasets: what is to be taken, and the promise of a version of it."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from feedback.domain import recipes
from feedback.enums import DatasetKind
from feedback.models import Dataset
from feedback.selectors import datasets
from governance.domain.faults import Fault
from governance.domain.principal import Principal
from governance.domain.times import rfc3339
from governance.exceptions import Conflict, InvalidInput, NotFound
from governance.models import Job, Pipeline, User
from governance.services import jobs, ledger

VERSION = "dataset_version"
# As PostgreSQL and SQLite name the constraint.
SLUG_TAKEN = ("dataset_slug_uniq", "feedback_dataset.slug")


@transaction.atomic
def create(
    *,
    principal: Principal,
    actor: User,
    slug: str,
    pipeline: str,
    wanted: Any,
    include: Any,
    now: datetime,
    kind: str = DatasetKind.TRAINING,
) -> Dataset:
    """Put a recipe on record under a name that no dataset has; a held-out set has none."""
    row = Pipeline.objects.filter(slug=pipeline).first()
    if row is None or not principal.sees(row.pk):
        detail = f"There is no pipeline {pipeline!r} within reach."
        raise NotFound(detail, faults=(Fault("/pipeline", "unknown", detail),))
    if kind == DatasetKind.EVALUATION and (wanted or include):
        named = "/filter" if wanted else "/include"
        raise InvalidInput.at(
            named, "The rows of a held-out set are sent, not chosen.", code="kind"
        )
    try:
        recipe = recipes.parse(wanted, include)
    except recipes.InvalidRecipe as error:
        raise InvalidInput(str(error), faults=error.faults) from None
    dataset = Dataset(
        slug=slug,
        pipeline=row,
        kind=kind,
        filter=dict(recipe.wanted),
        include={} if kind == DatasetKind.EVALUATION else recipe.include,
        created_by=actor,
        created_at=now,
    )
    _insert(dataset, actor)
    ledger.first(
        stream=stream_of(dataset),
        action="dataset.created",
        actor=actor,
        now=now,
        detail={
            "dataset": str(dataset.pk),
            "slug": slug,
            "pipeline": pipeline,
            "kind": dataset.kind,
            "filter": dataset.filter,
            "include": dataset.include,
        },
    )
    return dataset


def _insert(dataset: Dataset, actor: User) -> None:
    try:
        with transaction.atomic():
            dataset.because(actor, "Dataset created").save(force_insert=True)
    except IntegrityError as error:
        if not any(name in str(error) for name in SLUG_TAKEN):
            raise
        detail = f"The name {dataset.slug!r} is taken: choose another."
        raise Conflict(detail, faults=(Fault("/slug", "taken", detail),)) from None


def stream_of(dataset: Dataset) -> str:
    """Return the name of the ledger stream of a dataset."""
    return f"dataset:{dataset.pk}"


@transaction.atomic
def request_version(
    *, principal: Principal, actor: User, slug: str, as_of: datetime | None, now: datetime
) -> Job:
    """Promise a version of what stands now, or stood at an earlier instant `as_of`."""
    dataset = datasets.dataset(principal, slug)
    if dataset.kind == DatasetKind.EVALUATION:
        raise Conflict(f"{slug} is held out: send its rows, a line each, as application/x-ndjson.")
    if as_of is not None and as_of > now:
        raise InvalidInput.at("/as_of", "as_of is an instant that has passed.", code="future")
    return jobs.start(
        kind=VERSION,
        task="feedback.seal_version",
        arguments={"dataset": str(dataset.pk), "as_of": rfc3339(as_of or now)},
        user=actor,
        pipeline=dataset.pipeline,
        now=now,
    )
