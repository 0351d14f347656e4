"""O19: what a legal hold keeps from erasure is restricted: there for who audits alone."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import DatasetVersion
from feedback.selectors import datasets as dataset_selector
from feedback.selectors import signals as signal_selector
from feedback.services import erasures, signals
from governance.exceptions import DomainError, NotFound
from governance.models import ErasureRequest, LegalHold
from governance.selectors import principals
from governance.services import holds
from reviews.enums import NotificationKind
from reviews.models import Assignment, Notification, ReviewItem
from reviews.selectors import claimable, desk, inbox, operations, restrictions
from reviews.selectors.queues import overview
from reviews.services import notes, outcomes, withdrawals
from tests import factories
from tests.api.answers import good, problem
from tests.factories import NOW
from tests.feedback.conftest import rows_of
from tests.privacy.conftest import LATER, Scene, about, decided, seal
from tests.privacy.test_erasure import NAME, WHO, ask, execute, fill


@dataclass
class Kept:
    """What there is of a person whose data is to go and must stay."""

    item: ReviewItem
    waiting: ReviewItem
    version: DatasetVersion
    erasure: ErasureRequest
    hold: LegalHold


def hold(scene: Scene, **what: str) -> LegalHold:
    return holds.place(
        principal=principals.of_person(scene.officer), actor=scene.officer, reason="A case",
        now=NOW, **(what or {"subject": WHO}),
    )  # fmt: skip


def lift(scene: Scene, row: LegalHold) -> None:
    holds.lift(
        principal=principals.of_person(scene.officer), actor=scene.officer, hold_id=row.pk,
        reason="Closed", now=NOW,
    )  # fmt: skip


@pytest.fixture
def kept(scene: Scene) -> Kept:
    item, version = fill(scene)
    signals.sweep(now=lambda: LATER)
    waiting = ReviewItem.objects.get(status="pending")
    return Kept(item, waiting, version, ask(scene), hold(scene))


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def seen_by(caller: Any, kept: Kept) -> dict[str, list[int] | int]:
    """Return how the API answers about a person: the status of each, or how many of each list."""
    one, item = kept.item.prediction_id, kept.item.pk
    its_name = f"external_id={kept.item.prediction.external_id}"
    lists = {
        f"{name}?{query}": len(good(caller.get(f"/{name}?{query}"))["results"])
        for name, query in (
            ("predictions", "limit=100"), ("items", "limit=100"), ("decisions", "limit=100"),
            ("signals", "limit=100"), ("predictions", its_name),
        )
    }  # fmt: skip
    return lists | {
        path: caller.get(path).status_code
        for path in (f"/predictions/{one}", f"/items/{item}", f"/items/{item}/clocks")
    }


def test_o19_what_a_hold_keeps_is_not_there_for_normal_roles(
    scene: Scene, kept: Kept, api: Any
) -> None:
    lift(scene, kept.hold)
    normal = api(scene.reviewer, "review", "predictions:write", "datasets:read")
    before = seen_by(normal, kept)
    hold(scene)
    after = seen_by(normal, kept)
    gone = {path for path in before if before[path] != after[path]}
    assert gone == set(before)
    assert {after[path] for path in after if path.startswith("/")} == {404}
    # Two of the three people whose predictions came are somebody else's.
    assert after["predictions?limit=100"] == after["items?limit=100"] == 2
    page = signed_in(factories.a_person("lead", roles=("lead",)))
    assert page.get(reverse("case", args=[kept.item.prediction_id])).status_code == 404
    assert page.get(reverse("item", args=[kept.item.pk])).status_code == 404
    lineage = page.get(reverse("lineage", args=[f"prediction:{kept.item.prediction_id}"]))
    assert NAME not in lineage.content.decode()
    assert lineage.status_code == 404
    sender = api(scene.bot, "predictions:write")
    problem(sender.get(f"/predictions/{kept.item.prediction_id}"), 404)


def test_o19_who_reads_all_on_record_sees_it_with_the_reason(
    scene: Scene, kept: Kept, api: Any
) -> None:
    reader = api(scene.officer, "audit:read")
    why = {"erasure": str(kept.erasure.pk), "holds": [str(kept.hold.pk)]}
    for path in (f"/predictions/{kept.item.prediction_id}", f"/items/{kept.item.pk}"):
        assert good(reader.get(path))["restricted"] == why
    listed = good(reader.get("/predictions?limit=100"))["results"]
    assert [row.get("restricted") for row in listed].count(why) == 2
    assert [row.get("restricted") for row in listed].count(None) == 2
    page = signed_in(scene.officer)
    case = page.get(reverse("case", args=[kept.item.prediction_id])).content.decode()
    assert "Restricted: its erasure is asked for" in case
    for model, key in (("prediction", kept.item.prediction_id), ("reviewitem", kept.item.pk)):
        shown = page.get(reverse(f"admin:reviews_{model}_change", args=[key])).content.decode()
        assert "Only who reads all on record sees it" in shown
        assert str(kept.erasure.pk) in shown
        assert str(kept.hold.pk) in shown


def test_o19_nobody_claims_it_and_what_is_in_hand_is_gone(scene: Scene, kept: Kept) -> None:
    both = factories.a_person("both", roles=("reviewer", "auditor"))
    for person in (scene.reviewer, both):
        assert factories.claim(person) is None
        (pipeline,) = overview(principals.of_person(person), person, NOW)
        assert {queue.open for queue in pipeline.queues} == {0}
    lift(scene, kept.hold)
    held = factories.claim(scene.reviewer)
    assert held is not None
    principal = principals.of_person(scene.reviewer)
    assert desk.assignment(principal, held.assignment.pk) is not None
    assert len(desk.held(principal)) == 1
    hold(scene)
    assert desk.assignment(principal, held.assignment.pk) is None
    assert desk.held(principal) == []
    with pytest.raises(NotFound):
        factories.decide(scene.reviewer, held)
    assert Assignment.objects.get(pk=held.assignment.pk).state == "claimed"


def test_o19_others_are_claimed_in_their_order_past_what_is_restricted(
    scene: Scene, kept: Kept
) -> None:
    first, second = (factories.an_item(scene.bot, **about("somebody-else")) for _ in range(2))
    lane = kept.waiting.lane_id
    rows = claimable.claimable(lane, scene.reviewer, NOW, restrictions.in_force())
    assert set(rows) == {first, second}
    taken = factories.claim(scene.reviewer)
    assert taken is not None
    assert taken.assignment.item_id == rows[0].pk


def test_o19_no_act_of_a_normal_role_reaches_it(scene: Scene, kept: Kept) -> None:
    reviewer, bot = (principals.of_person(user) for user in (scene.reviewer, scene.bot))
    of_prediction = {"prediction_id": kept.waiting.prediction_id, "now": NOW}
    acts = (
        lambda: notes.add(
            principal=reviewer, actor=scene.reviewer, item_id=kept.item.pk, text="x", now=NOW
        ),
        lambda: withdrawals.withdraw(principal=bot, actor=scene.bot, reason="x", **of_prediction),
        lambda: outcomes.record(
            principal=bot, actor=scene.bot, outcome={"x": 1}, observed_at=NOW, cost=None,
            **of_prediction,
        ),
    )  # fmt: skip
    for act in acts:
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.status == 404
    lift(scene, kept.hold)
    for act in acts:
        act()


def test_o19_it_is_in_no_later_version_and_no_download_of_an_earlier(
    scene: Scene, kept: Kept, api: Any
) -> None:
    address = "/datasets/answers/versions/1/download?format=jsonl&purpose=training"
    normal, reader = api(scene.bot, "datasets:read"), api(scene.officer, "audit:read")
    held = problem(normal.get(address), 423)
    assert "restricted" in held["detail"]
    assert reader.get(address).status_code == 200
    decided(scene, "somebody-else")
    second = seal(scene)
    assert len(rows_of(second)) == len(rows_of(kept.version))
    assert NAME not in str(rows_of(second))
    assert second.consent["left_out"] == 1
    found = dataset_selector.differences(principals.of_person(scene.bot), kept.version, second)
    assert found.counts["removed"] == 1
    assert found.removed == []
    lift(scene, kept.hold)
    assert normal.get(address).status_code == 200


def test_o19_a_request_that_comes_again_does_not_give_it_back(
    scene: Scene, kept: Kept, api: Any
) -> None:
    caller = api(scene.bot, "predictions:write")
    sent = about(WHO, external_id="again")
    lift(scene, kept.hold)
    first = good(caller.post("/predictions", sent), 201)
    assert good(caller.post("/predictions", sent))["id"] == first["id"]
    hold(scene)
    problem(caller.post("/predictions", sent), 404)


def test_o19_it_is_counted_all_the_same(scene: Scene, kept: Kept) -> None:
    lead = principals.of_person(factories.a_person("lead", roles=("lead",)))
    lift(scene, kept.hold)
    before = operations.standing(operations.scope(lead, now=LATER))
    hold(scene)
    assert operations.standing(operations.scope(lead, now=LATER)) == before


def test_o19_what_was_told_of_it_is_not_shown(scene: Scene, kept: Kept) -> None:
    told = Notification(
        person=scene.reviewer, kind=NotificationKind.ASSIGNED, source="test", item=kept.item,
        created_at=NOW, detail={},
    )  # fmt: skip
    told.save()
    assert inbox.one(scene.reviewer, told.pk) is None
    lift(scene, kept.hold)
    assert inbox.one(scene.reviewer, told.pk) is not None


@pytest.mark.parametrize(
    ("asked", "held", "restricted"),
    [
        ({}, {"subject": WHO}, True),
        ({"pipeline": "intents"}, {"subject": WHO}, True),
        ({"pipeline": "intents"}, {"subject": WHO, "pipeline": "intents"}, True),
        ({}, {"pipeline": "intents"}, True),
        ({"pipeline": "intents"}, {"pipeline": "intents"}, True),
        ({}, {"pipeline": "other"}, False),
        ({"pipeline": "intents"}, {"subject": WHO, "pipeline": "other"}, False),
        ({}, {"subject": "somebody-else"}, False),
    ],
)
def test_o19_what_is_restricted_is_what_a_hold_keeps_from_being_erased(
    scene: Scene, asked: dict[str, str], held: dict[str, str], restricted: bool
) -> None:
    factories.a_pipeline("other")
    root = factories.an_administrator("keeper")
    item, _ = fill(scene)
    row = ask(scene, **asked)
    assert restrictions.in_force() == ()
    holds.place(principal=principals.of_person(root), actor=root, reason="A case", now=NOW, **held)
    assert bool(erasures.plan(row).blocked) == restricted
    found = restrictions.on(item.prediction)
    assert (found is not None) == restricted
    if found is not None:
        assert found.holds == erasures.plan(row).blocked
        assert WHO not in repr(found)


def test_o19_it_ends_with_the_hold_or_the_request(scene: Scene, kept: Kept) -> None:
    prediction = kept.item.prediction
    assert restrictions.on(prediction) is not None
    lift(scene, kept.hold)
    assert restrictions.on(prediction) is None
    hold(scene)
    assert restrictions.on(prediction) is not None
    erasures.reject(
        principal=principals.of_person(scene.second), actor=scene.second,
        erasure_id=kept.erasure.pk, reason="The case needs it", now=LATER,
    )  # fmt: skip
    assert restrictions.on(prediction) is None
    seen = signal_selector.within(principals.of_person(scene.reviewer))
    assert seen.filter(item=kept.item).exists()


def test_o19_an_erasure_after_the_hold_finds_all_of_it(scene: Scene, kept: Kept) -> None:
    lift(scene, kept.hold)
    row = execute(scene, kept.erasure)
    assert row.state == "executed"
    assert restrictions.in_force() == ()


def test_what_names_nobody_costs_no_look(scene: Scene, django_assert_num_queries: Any) -> None:
    nobody = factories.an_item(scene.bot).prediction
    principal = principals.of_person(scene.bot)
    with django_assert_num_queries(0):
        assert not restrictions.keeps(principal, nobody)
    with django_assert_num_queries(1):
        assert restrictions.in_force() == ()
