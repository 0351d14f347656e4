"""What tests of models start from: a pipeline with a dataset, held-out sets and versions."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from feedback.domain.registry import Registration
from feedback.enums import DatasetKind
from feedback.models import Dataset, DatasetVersion, Evaluation, ModelVersion
from feedback.services import datasets, evaluations, held_out, registry
from governance.domain.principal import Principal
from governance.selectors import principals
from tests.factories import NOW
from tests.feedback.conftest import House


def digest_of(text: str) -> str:
    """Return a digest as a registry takes it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def a_row(name: str, label: str = "card_arrival", **more: Any) -> dict[str, Any]:
    """Return a held-out row whose text is its name."""
    return {"external_id": name, "input": {"text": name}, "answer": {"label": label}, **more}


def placed(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return rows as lines with their places."""
    return [(f"/{i}", row) for i, row in enumerate(rows, 1)]


def ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows as lines."""
    return "\n".join(map(json.dumps, rows)).encode()


class Lab:
    """Somebody who registers models and looks at held-out sets with them."""

    def __init__(self, house: House) -> None:
        self.house, self.bot = house, house.bot

    @property
    def principal(self) -> Principal:
        return principals.of_person(self.bot)

    def who(self, now: datetime = NOW) -> dict[str, Any]:
        """Return who acts, and when."""
        return {"principal": self.principal, "actor": self.bot, "now": now}

    def set(self, slug: str = "edge") -> Dataset:
        """Make a held-out set without rows."""
        return datasets.create(
            slug=slug, pipeline=self.house.pipeline.slug, kind=DatasetKind.EVALUATION,
            wanted=None, include=None, **self.who(),
        )  # fmt: skip

    def held(
        self, rows: Iterable[Mapping[str, Any]], slug: str = "edge", now: datetime = NOW
    ) -> DatasetVersion:
        """Seal a version of a held-out set, which is made where there is none."""
        row = Dataset.objects.filter(slug=slug).first() or self.set(slug)
        job = held_out.seal(slug=slug, lines=placed(rows), **self.who(now))
        return DatasetVersion.objects.get(dataset=row, job=job)

    def model(self, version: str, *, name: str = "intents", **more: Any) -> ModelVersion:
        """Register a version of a model."""
        now = more.pop("now", NOW)
        wanted = Registration(name, version, f"file:{version}", digest_of(version), **more)
        return registry.register(wanted=wanted, **self.who(now))

    def begun(self, model: ModelVersion, held: DatasetVersion, now: datetime = NOW) -> Evaluation:
        """Begin an evaluation."""
        return evaluations.start(
            model=model.name, version=model.version, dataset=held.dataset.slug,
            dataset_version=held.number, **self.who(now),
        )  # fmt: skip

    def evaluated(
        self,
        model: ModelVersion,
        held: DatasetVersion,
        labels: Mapping[str, str],
        now: datetime = NOW,
        confidence: float | None = 0.8,
    ) -> Evaluation:
        """Finish an evaluation in which the model gives `labels` by external_id."""
        row = self.begun(model, held, now)
        said = [
            {"external_id": name, "output": {"label": label}, "confidence": confidence}
            for name, label in labels.items()
        ]
        evaluations.add(evaluation_id=row.pk, lines=placed(said), **self.who(now))
        return evaluations.finish(evaluation_id=row.pk, **self.who(now + timedelta(seconds=1)))


@pytest.fixture
def lab(house: House) -> Lab:
    """Return somebody with models, in a pipeline with people."""
    return Lab(house)
