"""What may be proposed, and what is wrong with the rest."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.domain import patches
from governance.domain.documents.diffs import diff
from governance.exceptions import Conflict, InvalidInput
from governance.models import User
from tests import factories, governed
from tests.api.answers import problem

VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c/d", "e~f"]), inner, max_size=4)
        | st.lists(st.fixed_dictionaries({"name": st.sampled_from("xyz"), "v": inner}), max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["one", "two", "three"]), VALUES, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_the_steps_from_one_document_to_another_lead_there_and_back(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    steps = diff(one, other)
    assert patches.applied(one, steps) == other
    assert not patches.conflicts(one, steps)
    assert patches.applied(other, patches.inverse(steps)) == one


@pytest.fixture
def bot(db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()


FAULTY: list[tuple[str, dict[str, Any], str]] = [
    ("model_version", {}, "/change/name"),
    ("model_version", {"name": "m", "version": 3}, "/change/version"),
    ("model_version", {"name": "m", "version": "3", "x": 1}, "/change/x"),
    ("config", {"slug": "other"}, "/change/slug"),
    ("config", {"kind": "Pipeline", "slug": "intents"}, "/change/name"),
    ("override", {}, "/change/set"),
    ("override", {"set": {"/nowhere": 1}}, "/change/set/~1nowhere"),
    ("override", {"set": {"routing": 1}}, "/change/set/routing"),
    ("override", {"set": {"/routing/random_slice": 7}}, "/change/set/~1routing~1random_slice"),
]


@pytest.mark.parametrize(("kind", "change", "pointer"), FAULTY)
def test_what_is_wrong_with_a_change_is_said_where_it_is(
    bot: User, kind: str, change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        governed.draft(bot, change, kind=kind)
    assert pointer in [fault.pointer for fault in refused.value.faults]


def test_what_would_change_nothing_is_not_submitted(bot: User) -> None:
    row = governed.draft(bot, factories.pipeline_document())
    with pytest.raises(Conflict, match="change nothing"):
        governed.submit(row)


def test_an_edit_says_which_version_it_has_read(bot: User, api: Any) -> None:
    caller = api(bot)
    body = {
        "pipeline": "intents", "kind": "config", "change": governed.more_review(),
        "summary": "Review more", "evidence": {},
    }  # fmt: skip
    made = caller.post("/adjustments", body)
    assert made.status_code == 201
    address = made["Location"].removeprefix("/api/v1")
    problem(caller("PATCH", address, {"summary": "x"}), 428)
    problem(caller("PATCH", address, {"summary": "x"}, if_match='"no"'), 412)
    changed = caller("PATCH", address, {"summary": "x"}, if_match=made["ETag"])
    assert (changed.json()["revision"], changed.json()["summary"]) == (2, "x")
    assert changed.json()["change"] == body["change"]


def test_a_signature_over_http_needs_its_signers_password(bot: User, api: Any) -> None:
    first, _ = governed.approvers()
    row = governed.submit(governed.draft(bot))
    caller, address = api(first, "govern"), f"/adjustments/{row.pk}/sign"
    for said in ({}, {"password": ""}, {"password": "wrong"}):
        answer = caller.post(address, {"meaning": "approval", **said})
        problem(answer, 401)
        assert "insufficient_user_authentication" in answer["WWW-Authenticate"]
    signed = caller.post(address, {"meaning": "approval", "password": factories.PASSWORD})
    (signature,) = signed.json()["signatures"]
    assert signature["valid"] is True
    assert {"printed_name", "signed_at", "meaning"} <= signature.keys()


def test_who_guesses_at_a_signature_is_locked_out(bot: User, api: Any) -> None:
    first, _ = governed.approvers()
    row = governed.submit(governed.draft(bot))
    caller, address = api(first, "govern"), f"/adjustments/{row.pk}/sign"
    for _ in range(4):
        problem(caller.post(address, {"meaning": "approval", "password": "wrong"}), 401)
    for password in ("wrong", factories.PASSWORD):
        answer = caller.post(address, {"meaning": "approval", "password": password})
        problem(answer, 429)
        assert int(answer["Retry-After"]) == 15 * 60
