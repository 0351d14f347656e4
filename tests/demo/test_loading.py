"""Loading the example through the HTTP intake of a running server."""

from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from governance.enums import UserKind
from governance.models import ApiToken, AuditEvent, Pipeline, User
from hitlsite import checks
from hitlsite.demo import loading, names, reviewers
from hitlsite.demo.client import Client
from reviews.models import Decision, Prediction, ReviewItem
from tests.demo.acts import added, demo, everything, gone
from tests.factories import (
    a_payload,
    a_person,
    a_pipeline,
    a_service,
    an_item,
    claim,
    decide,
    send,
)

served = pytest.mark.django_db(transaction=True)
LIMIT = 60


def real_work() -> None:
    a_pipeline()
    bot, ann = a_service(), a_person("ann")
    an_item(bot)
    an_item(bot, "high")
    send(bot, a_payload("low"))
    decide(ann, claim(ann))


@served
def test_a_load_leaves_open_and_decided_work_and_can_be_taken_back(live_server):
    real_work()
    before, begun = everything(), timezone.now()

    said = demo("load", url=live_server.url, limit=LIMIT)
    assert f"{LIMIT} predictions. Dataset {names.DATASET} has its first version." in said
    assert "manage.py sign_in_link demo-ada" in said
    _is_alive()
    _came_over_http_from_a_service()
    _is_dated_honestly(begun)

    events = AuditEvent.objects.count()
    assert "loaded already" in demo("load", url=live_server.url)
    assert AuditEvent.objects.count() == events

    said = demo("remove", "--yes")
    assert "Deactivated: demo-ada" in said
    assert AuditEvent.objects.count() == events + 1
    assert checks.append_only_triggers() == []
    after = everything()
    assert not gone(before, after)
    assert set(added(before, after)) <= {
        "governance.AuditEvent",
        "governance.UnsealedEvent",
        "governance.User",
        "governance.HistoricalUser",
    }


def _is_alive() -> None:
    pipeline = Pipeline.objects.get(slug=names.PIPELINE)
    items = ReviewItem.objects.filter(pipeline=pipeline)
    assert pipeline.example
    assert Prediction.objects.filter(pipeline=pipeline).count() == LIMIT
    assert set(items.values_list("status", flat=True)) >= {"pending", "resolved"}
    assert set(items.values_list("tier", flat=True)) >= {"mid", "high"}
    hard = items.filter(queue=names.HARD_QUEUE)
    first = items.filter(open_slots__gt=0).order_by("urgent_at").select_related("prediction")[0]
    assert set(hard.values_list("status", flat=True)) == {"pending"}
    assert first.queue == names.HARD_QUEUE
    assert first.prediction.scenario_type == "4-or-9"


def _came_over_http_from_a_service() -> None:
    sender = User.objects.get(username=names.SENDER)
    received = AuditEvent.objects.filter(action="predictions.received", actor=sender)
    assert sender.kind == UserKind.SERVICE
    assert received.exists()
    assert all(event.request_id for event in received)
    assert not ApiToken.objects.filter(user=sender, revoked_at=None).exists()


def _is_dated_honestly(begun) -> None:
    decided = Decision.objects.filter(item__pipeline__slug=names.PIPELINE)
    assert decided.exists()
    for at in decided.values_list("decided_at", flat=True):
        assert begun <= at <= begun + timedelta(minutes=5)


@served
def test_a_load_that_was_killed_while_people_decided_is_completed(live_server, monkeypatch):
    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reviewers, "adjudicate", killed)
        patch.setattr(loading, "_revoke", lambda _: None)
        with pytest.raises(KeyboardInterrupt):
            demo("load", url=live_server.url, limit=LIMIT)
    decided = Decision.objects.count()
    assert "partly loaded" in demo("status")
    demo("load", url=live_server.url, limit=LIMIT)
    assert Decision.objects.count() == decided
    assert Prediction.objects.count() == LIMIT
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert "digits-demo: loaded" in demo("status")


@served
def test_a_load_that_was_killed_while_it_sent_is_completed(live_server, monkeypatch):
    calls, post = [], Client.send

    def dies_at_the_second(self: Client, predictions: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return post(self, predictions)

    with monkeypatch.context() as patch:
        patch.setattr(loading, "BATCH", 25)
        patch.setattr(Client, "send", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            demo("load", url=live_server.url, limit=LIMIT)
    assert Prediction.objects.count() == 25
    demo("load", url=live_server.url, limit=LIMIT)
    assert Prediction.objects.count() == LIMIT


@pytest.mark.django_db
def test_a_load_without_a_server_says_how_to_start_one():
    with pytest.raises(CommandError, match="start it with `make run`") as refused:
        demo("load", url="http://127.0.0.1:9", limit=LIMIT)
    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_a_load_refuses_a_pipeline_of_the_same_name():
    a_pipeline(names.PIPELINE)
    with pytest.raises(CommandError, match="a pipeline of your own"):
        demo("load", limit=LIMIT)
    assert not User.objects.filter(username=names.SENDER).exists()


@pytest.mark.django_db
def test_a_load_refuses_a_person_of_the_same_name():
    User(username="demo-ada", email="ada@example.org").because(None, "Hired").save()
    with pytest.raises(CommandError, match="demo-ada is a person of your own"):
        demo("load", limit=LIMIT)
    assert not Pipeline.objects.exists()


@pytest.mark.django_db
def test_a_limit_below_one_is_refused():
    with pytest.raises(CommandError, match="--limit"):
        demo("load", limit=0)


@pytest.mark.django_db
def test_the_status_of_nothing_is_absent():
    assert demo("status") == "digits-demo: absent\n"
