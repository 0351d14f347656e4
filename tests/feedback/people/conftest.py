"""Reviewers with enough decided cases for figures, in a tier where two people answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import User
from governance.selectors import principals
from governance.services import notices
from tests import factories

CAPACITY = {"open": 9, "per_day": 5000}


class Crowd:
    """A pipeline whose reviewers answer in pairs, so that each has a part in the other's outcome.

    The model says card_arrival, always.
    """

    def __init__(self) -> None:
        document = factories.pipeline_document()
        document["tiers"]["mid"] |= {
            "decisions": 2, "max_decisions": 3, "agreement_min": 0.6, "checklist": [],
            "rationale": "never",
        }  # fmt: skip
        role = {
            "kind": "Role", "slug": "reviewer", "permissions": ["review"],
            "expectations": {"agreement_min": 0.8, "turnaround_p50": "PT1M"},
        }  # fmt: skip
        law = [r for r in factories.ROLES if r["slug"] != "reviewer"]
        factories.apply(factories.CALENDAR, factories.SLA, role, *law, document)
        self.bot = factories.a_service()
        self.ann, self.bob, self.cem = (
            factories.a_person(name, capacity=CAPACITY) for name in ("ann", "bob", "cem")
        )
        self.lead = factories.a_person("lea", roles=("lead",))

    def decide(self, person: User, label: str, now: datetime) -> None:
        held = factories.claim(person, now=now)
        assert held is not None
        factories.decide(person, held, label, now=now, checklist={}, reason_codes=[])

    def agree(self, n: int, *, label: str = "card_arrival", now: datetime | None = None) -> None:
        """Let Ann and Bob answer `n` items alike."""
        now = now or timezone.now() - timedelta(days=10)
        for _ in range(n):
            factories.an_item(self.bot, now=now)
            for person in (self.ann, self.bob):
                self.decide(person, label, now)

    def differ(self, n: int, *, ann: str, others: str, now: datetime | None = None) -> None:
        """Let Ann answer one thing of `n` items and Bob another; Cem settles it with Bob."""
        now = now or timezone.now() - timedelta(days=10)
        for _ in range(n):
            factories.an_item(self.bot, now=now)
            for person, label in ((self.ann, ann), (self.bob, others), (self.cem, others)):
                self.decide(person, label, now)

    def tell(self, *people: User) -> None:
        """Let people read what is measured."""
        for person in people:
            notices.acknowledge(
                principal=principals.of_person(person), actor=person, number=1,
                now=timezone.now(),
            )  # fmt: skip


@pytest.fixture
def crowd(db: None) -> Crowd:
    return Crowd()


@pytest.fixture
def browser(db: None) -> Callable[[User], Any]:

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
