"""A pipeline that holds personal data, and people who answer for it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from feedback.models import DatasetVersion
from feedback.services import datasets, sealing
from governance.models import DataSource, Pipeline, User
from governance.selectors import principals
from governance.services import sources
from tests import factories
from tests.factories import NOW

PRIVACY = {"subject_field": "subject.ref", "retain_days": 365}
LATER = NOW + timedelta(minutes=5)


@dataclass
class Scene:
    """Who there is: a sender, a reviewer, and two people of compliance."""

    pipeline: Pipeline
    bot: User
    reviewer: User
    officer: User
    second: User


@pytest.fixture
def scene(db: None) -> Scene:
    pipeline = factories.a_pipeline(privacy=PRIVACY)
    roles = ("approver", "auditor")
    return Scene(
        pipeline=pipeline,
        bot=factories.a_service(),
        reviewer=factories.a_person("maria"),
        officer=factories.a_person("officer", roles=roles, skills=()),
        second=factories.a_person("second", roles=roles, skills=()),
    )


def declare(scene: Scene, *purposes: str, **more: Any) -> DataSource:
    return sources.declare(
        principal=principals.of_person(scene.officer), actor=scene.officer,
        pipeline=scene.pipeline.slug, name="crm", origin="Customers, through the web form",
        purposes=purposes or ("training",), basis="contract", reason="For a test", now=NOW, **more,
    )  # fmt: skip


def about(reference: str, **more: Any) -> dict[str, Any]:
    return factories.a_payload(
        **({"subject": {"ref": reference, "basis": "contract"}} | more),
    )


def decided(scene: Scene, reference: str, **more: Any) -> Any:
    """Send a prediction about somebody and decide it; returns its item."""
    item = factories.an_item(scene.bot, **about(reference, **more))
    held = factories.claim(scene.reviewer)
    assert held is not None
    factories.decide(scene.reviewer, held, rationale=f"{reference} said so.")
    item.refresh_from_db()
    return item


def seal(scene: Scene, slug: str = "answers", **changes: Any) -> DatasetVersion:
    """Seal a version of a dataset, made when there is none."""
    from feedback.models import Dataset

    principal = principals.of_person(scene.bot)
    if not Dataset.objects.filter(slug=slug).exists():
        datasets.create(
            principal=principal, actor=scene.bot, slug=slug, pipeline=scene.pipeline.slug,
            wanted=changes.get("wanted"), include=changes.get("include"), now=LATER,
        )  # fmt: skip
    job = datasets.request_version(
        principal=principal, actor=scene.bot, slug=slug, as_of=None, now=LATER
    )
    sealing.seal(job=job, now=LATER)
    return DatasetVersion.objects.get(job=job)
