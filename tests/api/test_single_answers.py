"""The answer to a single prediction is made of what was written, and is what a read would give."""

from typing import Any

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tier", ["low", "mid", "high"])
@pytest.mark.parametrize("bare", [True, False])
def test_the_answer_to_a_post_is_what_a_read_gives(api: Any, tier: str, bare: bool) -> None:
    factories.a_pipeline()
    send = api(factories.a_service())
    payload = factories.a_payload(tier, subject={"ref": "c-1", "basis": "contract"})
    if bare:
        for name in ("scores", "scenario_type", "characteristics", "subject"):
            del payload[name]
    sent = send.post("/predictions", payload)
    assert sent.status_code == 201, sent.content
    assert send.get(f"/predictions/{sent.json()['id']}").json() == sent.json()


def test_a_blind_answer_is_hidden_from_a_sender_who_may_review(api: Any) -> None:
    factories.a_pipeline()
    sender = factories.a_person(roles=("reviewer",))
    sent = api(sender).post("/predictions", factories.a_payload("high"))
    assert sent.status_code == 201
    assert {"output", "confidence", "scores", "route"}.isdisjoint(sent.json())
