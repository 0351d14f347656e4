"""The index of the admin says first what needs attention, of what its reader may see."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import Skill
from governance.services import sealing
from tests import factories, governed
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def index(user) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.get("/admin/").content.decode()


def test_nothing_needs_attention_where_all_is_well() -> None:
    assert "Nothing: all is sealed, signed and in time." in index(factories.an_administrator())


def test_acts_that_wait_for_a_seal_cannot_wait() -> None:
    factories.a_pipeline()
    shown = index(factories.an_administrator())
    assert "the sealer does not run" not in shown
    sealing.seal_all(now=NOW)
    assert "No copy of the ledger went outside for a day" in index(factories.an_administrator("b"))


def test_a_change_awaits_who_may_sign_it_and_nobody_else() -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    governed.submit(governed.of_model(bot, "2"))
    approver, _ = governed.approvers(2)
    signer = factories.a_person("signer", roles=("approver", "auditor"))
    assert "1 change awaits your signature" in index(signer)
    assert "awaits your signature" not in index(factories.a_person("aud", roles=("auditor",)))
    assert approver


def test_what_expires_is_told_before_it_does() -> None:
    factories.a_pipeline()
    person = factories.a_person("ann")
    today = timezone.now().date()
    for name, expires in (("x", today + timedelta(days=9)), ("y", today - timedelta(days=1))):
        row = Skill(user=person, name=name, level=1, expires=expires)
        row.because(None, "For a test").save()
    shown = index(factories.an_administrator())
    assert "1 skill expires within 30 days" in shown
    assert "1 skill has expired" in shown


def test_a_stop_in_force_is_told_to_who_reaches_its_pipeline() -> None:
    factories.a_pipeline()
    factories.a_pipeline("other")
    governed.stop(factories.a_person("lea", roles=("lead",)), model_name="m")
    assert "1 stop is in force" in index(factories.a_person("aud", roles=("auditor",)))
