"""Removing the example: all of it, and nothing else."""

import pytest
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from governance.db import append_only
from governance.domain import merkle
from governance.enums import PolicyMode
from governance.exceptions import Conflict, NotFound
from governance.models import AuditEvent, Calendar, Pipeline, PolicyVersion, Role, SLAPolicy, User
from governance.selectors.examples import Example
from governance.services import configuration, examples
from hitlsite import checks
from hitlsite.demo import names
from reviews.models import Prediction
from tests.demo.acts import added, an_example, demo, everything, gone
from tests.factories import (
    NOW,
    a_payload,
    a_person,
    a_pipeline,
    a_service,
    an_administrator,
    an_item,
    apply,
    claim,
    decide,
    pipeline_document,
    send,
)

pytestmark = pytest.mark.django_db
SIZE = 30


def remove(slug: str = names.PIPELINE) -> examples.Removed:
    return examples.remove(
        example=names.example() if slug == names.PIPELINE else Example(slug),
        actor=None,
        reason="Enough seen",
        now=timezone.now(),
    )


class Stdin:
    """What a command is typed into."""

    def __init__(self, *, terminal: bool) -> None:
        self.isatty = lambda: terminal


def real_work() -> None:
    a_pipeline()
    bot, ann = a_service(), a_person("ann")
    an_item(bot)
    an_item(bot, "high")
    send(bot, a_payload("low"))
    decide(ann, claim(ann))


def test_the_ledger_says_what_went():
    an_example(SIZE)
    removed = remove()
    event = AuditEvent.objects.get(action="example.removed")
    assert event.detail["removed"] == removed.counts
    assert event.detail["removed"]["reviews.Prediction"] == SIZE
    assert event.detail["size"] == sum(removed.counts.values())
    assert event.detail["root"] == removed.root != merkle.root([]).hex()
    assert event.reason == "Enough seen"


def test_demo_people_are_deactivated_and_come_back_with_the_next_load():
    an_example(SIZE)
    remove()
    ada = User.objects.get(username="demo-ada")
    assert not ada.is_active
    assert not ada.groups.exists()
    an_example(SIZE)
    ada.refresh_from_db()
    assert ada.is_active
    assert ada.groups.exists()
    assert Prediction.objects.count() == SIZE


def test_a_half_loaded_example_can_be_removed():
    before = everything()
    with pytest.raises(CommandError):
        demo("load", url="http://127.0.0.1:9")
    remove()
    assert not gone(before, everything())
    assert not Pipeline.objects.exists()


def test_what_an_administrator_decided_in_it_goes_too():
    root = an_administrator()
    an_example(SIZE)
    held = claim(root, now=timezone.now(), queue=names.HARD_QUEUE)
    assert held is not None
    remove()
    assert User.objects.get(pk=root.pk).is_active
    assert not root.assignments.exists()


def test_the_walls_stand_again_after_a_removal():
    an_example(SIZE)
    remove()
    assert checks.append_only_triggers() == []
    real_work()
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM reviews_prediction")


def test_the_wall_of_the_ledger_is_never_opened(monkeypatch):
    an_example(SIZE)
    opened: list[str] = []
    lifted = append_only.lifted

    def noting(connection, only):
        opened.extend(only)
        return lifted(connection, only)

    monkeypatch.setattr(append_only, "lifted", noting)
    remove()
    assert "reviews_decision" in opened
    assert "governance_auditevent" not in opened


def test_a_removal_that_fails_leaves_everything_as_it_was(monkeypatch):
    an_example(SIZE)
    before = everything()

    def fails(**event: object) -> None:
        raise RuntimeError("The ledger is out of paper.")

    monkeypatch.setattr(examples.ledger, "append", fails)
    with pytest.raises(RuntimeError):
        remove()
    assert everything() == before
    assert checks.append_only_triggers() == []


def test_a_pipeline_that_is_no_example_is_not_removed():
    real_work()
    before = everything()
    with pytest.raises(Conflict, match="intents is not an example"):
        remove("intents")
    with pytest.raises(NotFound):
        remove("nowhere")
    assert everything() == before


def test_the_command_refuses_a_real_pipeline_of_the_examples_name():
    a_pipeline(names.PIPELINE)
    with pytest.raises(CommandError, match="is not an example"):
        demo("remove", "--yes")
    assert Pipeline.objects.filter(slug=names.PIPELINE).exists()


def test_the_command_asks_before_it_removes(monkeypatch):
    monkeypatch.setattr("sys.stdin", Stdin(terminal=False))
    with pytest.raises(CommandError, match="--yes"):
        demo("remove")


def test_a_wrong_answer_removes_nothing(monkeypatch):
    an_example(SIZE)
    monkeypatch.setattr("sys.stdin", Stdin(terminal=True))
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    with pytest.raises(CommandError, match="Nothing was removed"):
        demo("remove")
    assert Pipeline.objects.filter(slug=names.PIPELINE).exists()
    monkeypatch.setattr("builtins.input", lambda _: names.PIPELINE)
    demo("remove")
    assert not Pipeline.objects.exists()


def test_law_that_another_pipeline_names_stays():
    an_example(SIZE)
    document = pipeline_document()
    document["tiers"]["mid"]["sla"] = "digits-demo-sla"
    document["tiers"]["high"] |= {"sla": "", "adjudicate_by": "digits-demo-lead"}
    apply(document)
    bot = a_service()
    remove()
    assert SLAPolicy.objects.get().slug == "digits-demo-sla"
    assert Calendar.objects.get().slug == "digits-demo-hours"
    assert Role.objects.get().slug == "digits-demo-lead"
    assert an_item(bot).sla_version.slug == "digits-demo-sla"


def test_a_role_that_somebody_else_holds_stays():
    an_example(SIZE)
    a_person("ann", roles=("digits-demo-reviewer",), pipelines=(), skills=())
    remove()
    assert Role.objects.get().slug == "digits-demo-reviewer"
    assert User.objects.get(username="ann").groups.exists()


def test_a_demo_person_who_works_elsewhere_stays():
    an_example(SIZE)
    a_pipeline()
    ben = next(d for d in names.documents() if d.get("username") == "demo-ben")
    apply(ben | {"pipelines": [names.PIPELINE, "intents"]})
    assert "demo-ben" not in remove().people
    assert User.objects.get(username="demo-ben").is_active


def test_deleted_configuration_leaves_no_history_behind():
    before = everything()
    an_example(SIZE)
    document = next(d for d in names.documents() if d["kind"] == "Pipeline")
    document["routing"]["rules"] = document["routing"]["rules"][:2]
    document["tiers"]["mid"]["checklist"] = []
    configuration.apply(
        sources=[document], actor=None, reason="Shorter", now=NOW, mode=PolicyMode.LIVE
    )
    remove()
    assert set(added(before, everything())) <= {
        "governance.AuditEvent",
        "governance.UnsealedEvent",
        "governance.User",
        "governance.HistoricalUser",
    }
    assert not PolicyVersion.objects.exists()
