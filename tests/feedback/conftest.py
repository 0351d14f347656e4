"""What tests of datasets start from: predictions that people resolved, and sealed versions."""

from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest

from feedback.models import Dataset, DatasetVersion
from feedback.selectors import downloads
from feedback.services import datasets, sealing
from governance.models import Job, User
from governance.selectors import principals
from reviews.models import Resolution
from tests import factories
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)


class House:
    """A pipeline with a service that sends to it and a reviewer who decides."""

    def __init__(self, slug: str = "intents") -> None:
        self.pipeline = factories.a_pipeline(slug)
        self.bot: User = factories.a_service(f"bot-{slug}", pipelines=[slug])
        self.reviewer: User = factories.a_person(pipelines=[slug])

    def resolved(
        self, label: str = "card_arrival", *, now: datetime = NOW, **changes: Any
    ) -> Resolution:
        """Send a prediction and let the reviewer decide it."""
        factories.an_item(self.bot, now=now, pipeline=self.pipeline.slug, **changes)
        held = factories.claim(self.reviewer, now=now)
        assert held is not None
        decided = factories.decide(self.reviewer, held, label, now=now)
        assert decided.resolution is not None
        return decided.resolution

    def agreed(self, labels: tuple[str, str], *, now: datetime = NOW, **changes: Any) -> None:
        """Send a prediction to the blind tier and let two reviewers answer."""
        factories.an_item(self.bot, "high", now=now, pipeline=self.pipeline.slug, **changes)
        for label in labels:
            person = factories.a_person(pipelines=[self.pipeline.slug])
            held = factories.claim(person, now=now)
            assert held is not None
            factories.decide(person, held, label, now=now)

    def approved(self, *, now: datetime = NOW, **changes: Any) -> None:
        """Send a prediction that the rules approve."""
        payload = factories.a_payload("low", pipeline=self.pipeline.slug, **changes)
        factories.send(self.bot, payload, now=now)

    def dataset(self, slug: str = "answers", *, wanted: Any = None, include: Any = None) -> Dataset:
        """Make a dataset."""
        return datasets.create(
            principal=principals.of_person(self.bot),
            actor=self.bot,
            slug=slug,
            pipeline=self.pipeline.slug,
            wanted=wanted,
            include=include,
            now=NOW,
        )

    def promised(self, dataset: Dataset, *, now: datetime = LATER, **rest: Any) -> Job:
        """Promise a version."""
        return datasets.request_version(
            principal=principals.of_person(self.bot),
            actor=self.bot,
            slug=dataset.slug,
            as_of=rest.get("as_of"),
            now=now,
        )

    def sealed(self, dataset: Dataset, *, now: datetime = LATER, **rest: Any) -> DatasetVersion:
        """Seal a version."""
        told = sealing.seal(job=self.promised(dataset, now=now, **rest), now=now)
        return DatasetVersion.objects.get(dataset=dataset, number=told["version"])


def rows_of(version: DatasetVersion) -> list[dict[str, Any]]:
    """Return the rows of a version, in order."""
    texts = version.entries.order_by("position").values_list("content", flat=True)
    return [orjson.loads(text) for text in texts]


def bytes_of(version: DatasetVersion, kind: str) -> bytes:
    """Return the file of a version in one format."""
    return b"".join(downloads.stream(version.files.get(format=kind)))


@pytest.fixture
def house(db: None) -> House:
    """Return a pipeline with its people."""
    return House()
