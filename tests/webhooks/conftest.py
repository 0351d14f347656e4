"""Somebody who listens, and what makes them hear."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from governance.models import User, WebhookEndpoint
from governance.selectors import principals
from governance.services import sealing, webhook_sending, webhook_telling, webhooks
from tests import factories
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """Return a receiver on this machine, where calls may go."""
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiving() as made:
        yield made


@pytest.fixture
def root(db: None) -> User:
    factories.a_pipeline()
    return factories.an_administrator()


class Listening:
    """An endpoint and its secret, and a clock that the tests set on."""

    def __init__(self, root: User, receiver: Receiver, **wanted: Any) -> None:
        self.now = timezone.now()
        self.who: dict[str, Any] = {"principal": principals.of_person(root), "actor": root}
        self.row, self.secret = webhooks.create(
            url=receiver.url, description="", now=self.now,
            **{"pipeline": "intents", "events": []} | wanted, **self.who,
        )  # fmt: skip

    def later(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now

    def hear(self) -> int:
        """Seal, tell and send; returns how many messages were taken."""
        sealing.seal_all(now=self.now)
        webhook_telling.tell(now=self.now)
        return webhook_sending.send(now=lambda: self.now)

    def fresh(self) -> WebhookEndpoint:
        return WebhookEndpoint.objects.get(pk=self.row.pk)


@pytest.fixture
def listen(root: User, receiver: Receiver) -> Callable[..., Listening]:
    """Return a maker of endpoints."""
    return lambda **wanted: Listening(root, receiver, **wanted)
