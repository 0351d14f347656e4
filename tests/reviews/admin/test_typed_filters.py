"""Lists of records by person, model and tier, which are typed, since there may be thousands."""

import pytest
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db
DECISIONS = "/admin/reviews/decision/"
PREDICTIONS = "/admin/reviews/prediction/"
EVENTS = "/admin/governance/auditevent/"


@pytest.fixture
def client(admin_user) -> Client:
    client = Client()
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def listed(client: Client, address: str) -> list:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get("Location")
    return list(answer.context["cl"].result_list)


@pytest.fixture
def decided() -> tuple:
    """Let two people decide one item each, of two models and tiers."""
    factories.a_pipeline()
    bot, ann, ben = factories.a_service(), factories.a_person("ann"), factories.a_person("ben")
    factories.an_item(bot, "mid")
    first = factories.decide(ann, factories.claim(ann)).decision
    factories.an_item(bot, "high", model={"name": "intents", "version": "4"})
    return first, factories.decide(ben, factories.claim(ben)).decision


def test_decisions_are_found_by_person_model_and_tier(client, decided) -> None:
    first, second = decided
    assert listed(client, f"{DECISIONS}?person=ann") == [first]
    assert listed(client, f"{DECISIONS}?model=4") == [second]
    assert listed(client, f"{DECISIONS}?model=intents@3") == [first]
    assert listed(client, f"{DECISIONS}?model=other@3") == []
    assert listed(client, f"{DECISIONS}?tier=high") == [second]
    assert listed(client, f"{DECISIONS}?person=ann&model=4") == []


def test_who_is_not_there_did_nothing(client, decided) -> None:
    assert listed(client, f"{DECISIONS}?person=nobody") == []
    assert len(listed(client, f"{DECISIONS}?person=")) == 2


def test_events_are_found_by_person(client, decided) -> None:
    events = listed(client, f"{EVENTS}?person=ann")
    assert {event.action for event in events} == {"item.claimed", "decision.made"}
    assert {event.actor.username for event in events} == {"ann"}


def test_predictions_are_found_by_model(client, decided) -> None:
    assert [row.model_version for row in listed(client, f"{PREDICTIONS}?model=4")] == ["4"]


def test_a_typed_filter_keeps_what_the_list_was_filtered_by(client, decided) -> None:
    page = client.get(f"{DECISIONS}?person=ann&verdict__exact=accept").content.decode()
    form = page.split('class="typed-filter"')[1].split("</form>")[0]
    assert 'name="person" value="ann"' in form
    assert '<input type="hidden" name="verdict__exact" value="accept">' in form
    assert 'href="?verdict__exact=accept"' in form


def test_an_auditor_of_one_pipeline_does_not_learn_who_is_in_another(client, decided) -> None:
    factories.a_pipeline("other")
    auditor = factories.a_person("omar", roles=("auditor",), pipelines=("other",))
    client.force_login(auditor, backend="django.contrib.auth.backends.ModelBackend")
    assert listed(client, f"{EVENTS}?person=ann") == []
    assert listed(client, f"{DECISIONS}?person=ann") == []
