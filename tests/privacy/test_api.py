"""Consent, holds and erasure through the API."""

from typing import Any

from governance.models import ConsentRecord
from reviews.models import Prediction
from tests import factories
from tests.privacy.conftest import Scene, about, decided, declare, seal


def test_a_consent_is_recorded_listed_and_withdrawn(scene: Scene, api: Any) -> None:
    declare(scene)
    decided(scene, "c-1")
    seal(scene)
    bot = api(scene.bot, "predictions:write")
    said = {"subject": "c-1", "purpose": "training", "pipeline": "intents", "note": "By phone"}
    made = bot.post("/consents", said)
    assert made.status_code == 201, made.content
    assert made.json()["in_force"] is True
    reader = api(scene.officer, "audit:read")
    (listed,) = reader.get("/consents?subject=c-1").json()["results"]
    assert (listed["subject"], listed["note"]) == ("c-1", "By phone")
    taken = bot.post(f"/consents/{made.json()['id']}/withdraw")
    assert taken.status_code == 200, taken.content
    assert taken.json()["contained_in"] == [{"dataset": "answers", "version": 1, "rows": 1}]
    found = reader.get("/consents?subject=c-1").json()["results"]
    assert [row["in_force"] for row in found] == [False, False]
    assert reader.get("/consents?subject=c-2").json()["results"] == []
    assert bot.post(f"/consents/{made.json()['id']}/withdraw").status_code == 409


def test_a_reviewer_speaks_for_nobody_else(scene: Scene, api: Any) -> None:
    maria = api(scene.reviewer, "review")
    said = {"purpose": "training", "pipeline": "intents"}
    assert maria.post("/consents", said | {"subject": "c-1"}).status_code == 403
    assert maria.post("/consents", said | {"reviewer": "officer"}).status_code == 403
    made = maria.post("/consents", said | {"reviewer": "maria"})
    assert made.status_code == 201
    assert maria.post(f"/consents/{made.json()['id']}/withdraw").status_code == 200
    assert ConsentRecord.objects.filter(person=scene.reviewer).count() == 2


def test_an_erasure_is_planned_held_and_executed_by_another(scene: Scene, api: Any) -> None:
    (row,) = factories.send(scene.bot, about("c-1"))
    first, second = api(scene.officer, "govern", "audit:read"), api(scene.second, "govern")
    asked = first.post(
        "/erasures", {"subject": "c-1", "pipeline": "intents", "reason": "Article 17"}
    )
    assert asked.status_code == 201, asked.content
    address = asked["Location"].removeprefix("/api/v1")
    assert asked.json()["plan"]["erased"]["predictions"] == {"reviews.Prediction": 1}
    assert first.post(f"{address}/execute").status_code == 403
    hold = first.post("/holds", {"pipeline": "intents", "reason": "A case"})
    assert hold.status_code == 201
    held = second.post(f"{address}/execute")
    assert held.status_code == 423, held.content
    assert first.post(f"/holds/{hold.json()['id']}/lift", {"reason": "Closed"}).status_code == 200
    done = second.post(f"{address}/execute")
    assert done.status_code == 200, done.content
    assert done.json()["state"] == "executed"
    assert Prediction.objects.get(pk=row.pk).input == {"erased": True}
    assert second.post(f"{address}/execute").status_code == 409
    assert first.get("/erasures").json()["results"][0]["state"] == "executed"


def test_a_list_of_consents_asks_no_more_for_more_rows(
    scene: Scene, api: Any, django_assert_max_num_queries: Any
) -> None:
    bot, reader = api(scene.bot, "predictions:write"), api(scene.officer, "audit:read")
    for number in range(12):
        said = {"subject": f"c-{number}", "purpose": "training", "pipeline": "intents"}
        assert bot.post("/consents", said).status_code == 201
    with django_assert_max_num_queries(10):
        assert len(reader.get("/consents").json()["results"]) == 12
