"""The proof of the ledger in the admin: where each event was sealed, and what was signed."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.models import AuditEvent, Checkpoint
from governance.services import anchoring, sealing
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    factories.a_pipeline()
    client = Client()
    client.force_login(
        factories.an_administrator(), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client


def text(client: Client, row: Any) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return client.get(reverse(name, args=[row.pk])).content.decode()


def test_an_event_tells_where_it_was_sealed(client: Client) -> None:
    event = AuditEvent.objects.order_by("pk").first()
    assert event is not None
    assert "Not yet: within a minute" in text(client, event)
    sealing.seal_all(now=NOW)
    point = Checkpoint.objects.get()
    assert f'Leaf 0 under <a href="/admin/governance/checkpoint/{point.pk}/' in text(client, event)


def test_a_checkpoint_shows_what_was_signed_and_where_copies_lie(
    client: Client, tmp_path: Path
) -> None:
    sealing.seal_all(now=NOW)
    point = Checkpoint.objects.get()
    assert '<div class="readonly">None</div>' in text(client, point)
    anchoring.in_folder(folder=tmp_path, now=NOW)
    shown = text(client, point)
    assert point.note.splitlines()[2].rstrip("=") in shown
    assert str(tmp_path) in shown
    assert "manage.py verify_ledger" in shown
