"""Several who copy the ledger at the same moment: one file, one letter, and nobody fails."""

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from governance.models import Anchor, OutboxMessage
from governance.services import sealing
from tests import factories
from tests.races.crowd import Crowd, member

pytestmark = [
    pytest.mark.race,
    pytest.mark.xdist_group("races"),
    pytest.mark.django_db(transaction=True),
]


def test_a_checkpoint_is_copied_once_however_many_copy_it(crowd: Crowd, tmp_path: Path) -> None:
    factories.a_pipeline()
    sealing.seal_all(now=timezone.now(), signer=settings.LEDGER_SIGNER)
    one = member("anchor", folder=str(tmp_path), address="auditor@example.org")
    done = crowd.go(*[one] * 8)
    assert [entry for entry in done if "error" in entry] == []
    assert sum(entry["written"] for entry in done) == 1
    assert sum(entry["promised"] for entry in done) == 1
    assert len(list(tmp_path.iterdir())) == 1
    assert Anchor.objects.count() == 2
    assert OutboxMessage.objects.filter(task="governance.mail_anchor").count() == 1
