"""F5, F6, F27: the web is killed at the worst moments, and its client asks again."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests import factories
from tests.faults.stage import Answer, Stage
from tests.faults.web import DIES
from tests.site.installation import until

pytestmark = [pytest.mark.fault]

PREDICTIONS = "/api/v1/predictions"
LEASED = "governance_idempotencykey SET leased_until = now() WHERE status IS NULL"


@pytest.fixture
def site(build: Callable[[int], Stage]) -> Stage:
    """Return a stage with a web, and nothing to review."""
    return build(0)


def _claim_and_judge(site: Stage, **headers: str) -> tuple[str, dict[str, Any]]:
    """Claim the one item; returns where its decision goes, and what it is."""
    site.call("POST", "/api/v1/claim", {}, who="rita", **headers)
    until(lambda: site.call("GET", "/healthz").status == 200, "the web is back", 30)
    # Without dying this time.
    held = site.call("POST", "/api/v1/claim", {}, who="rita", idempotency_key="claim")
    assert held.status == 201, held.body
    judgement = {
        "claim_token": held.json["claim_token"],
        "verdict": "accept",
        "answer": {"label": "card_arrival"},
        "checklist": {"read": True},
    }
    return f"/api/v1/assignments/{held.json['id']}/decision", judgement


def test_f5_a_web_killed_between_commit_and_response_answers_the_repeat(site: Stage) -> None:
    site.web()
    dying = {DIES.lower().replace("-", "_"): "1"}

    def answered(path: str, body: Any, who: str, key: str) -> Answer:
        assert site.call("POST", path, body, who=who, idempotency_key=key, **dying).status == 0
        until(lambda: site.call("GET", "/healthz").status == 200, "the web is back", 30)
        answer = site.call("POST", path, body, who=who, idempotency_key=key)
        assert answer.status == 201, answer.body
        assert answer.headers["idempotency-replayed"] == "true"
        return answer

    sent = answered(PREDICTIONS, factories.a_payload(external_id="one"), "bot", "send")
    assert site.rows("SELECT id::text FROM reviews_prediction") == [(sent.json["id"],)]
    place, judgement = _claim_and_judge(site, idempotency_key="claim", **dying)
    assert site.count("reviews_assignment") == 1
    answered(place, judgement, "rita", "decide")
    assert site.count("reviews_decision") == site.count("reviews_resolution") == 1
    assert site.count("governance_auditevent WHERE action = 'decision.made'") == 1
    site.assert_sound()


def test_f6_f27_a_web_killed_inside_a_transaction_leaves_nothing_and_the_repeat_succeeds(
    site: Stage,
) -> None:
    web = site.web()

    def killed(path: str, body: Any, who: str, key: str, table: str) -> None:
        """Have the web killed when it has written `table`'s row, or is about to."""
        answers: list[Answer] = []
        before = site.count(table)
        with site.nobody_writes("governance_auditevent"):
            call = threading.Thread(
                target=lambda: answers.append(
                    site.call("POST", path, body, who=who, idempotency_key=key)
                )
            )
            call.start()
            site.until_held_up()
            web.kill_child()
            call.join()
        assert [answer.status for answer in answers] == [0]
        until(lambda: site.call("GET", "/healthz").status == 200, "the web is back", 30)
        assert site.count(table) == before
        held = site.call("POST", path, body, who=who, idempotency_key=key)
        assert held.status == 409, "somebody may still be at it"
        # Whoever held the key has lost it.
        site.change(f"UPDATE {LEASED}")
        again = site.call("POST", path, body, who=who, idempotency_key=key)
        assert again.status == 201, again.body
        assert site.count(table) == before + 1

    killed(PREDICTIONS, factories.a_payload(external_id="one"), "bot", "k", "reviews_prediction")
    place, judgement = _claim_and_judge(site, idempotency_key="claim")
    killed(place, judgement, "rita", "decide", "reviews_decision")
    site.assert_sound()
