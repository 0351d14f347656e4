"""The ledger over HTTP: events with their proofs, checkpoints, and how one follows another."""

from typing import Any

import pytest

from governance.domain import case_verifier, merkle
from governance.services import ledger, sealing
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(api: Any) -> Any:
    factories.a_pipeline()
    sealing.seal_all(now=NOW)
    return api(factories.a_person("aud", roles=("auditor",)), "audit:read")


def test_events_come_with_the_proof_that_they_are_sealed(auditor: Any) -> None:
    page = auditor.get("/audit/events?limit=200").json()
    keys = case_verifier.keys_of([auditor.get("/audit/checkpoints").json()["results"][0]["key"]])
    size, root = case_verifier.checkpoint_of(page["checkpoint"], keys)
    sealed = [event for event in page["results"] if event["position"] is not None]
    assert sealed
    for event in sealed:
        made = case_verifier.leaf_hash(case_verifier.canonical(event["leaf"]))
        path = [bytes.fromhex(node) for node in event["path"]]
        assert made.hex() == event["digest"]
        assert case_verifier.root_from(made, event["position"], size, path) == root


def test_what_is_not_sealed_yet_has_no_place(auditor: Any) -> None:
    ledger.append(stream="calendar:x", action="a.b", actor=None, now=NOW, detail={})
    (event,) = auditor.get("/audit/events?stream=calendar:x").json()["results"]
    assert (event["position"], event["path"]) == (None, [])


def test_events_are_found_by_stream_action_and_time(auditor: Any) -> None:
    ledger.append(stream="calendar:x", action="a.b", actor=None, now=NOW, detail={})
    for wanted, count in (
        ("stream=calendar:x", 1), ("stream=calendar:x&action=a.c", 0), ("action=a.b", 1),
        ("action=a.b&since=2026-11-25T00:00:00Z", 0), ("action=a.b&until=2026-11-25T00:00:00Z", 1),
    ):  # fmt: skip
        assert len(auditor.get(f"/audit/events?{wanted}").json()["results"]) == count, wanted


def test_who_may_be_given_blind_items_is_told_of_no_act_on_items(auditor: Any, api: Any) -> None:
    factories.an_item(factories.a_service(), "high")
    for name in ("ann", "ben"):
        person = factories.a_person(name)
        held = factories.claim(person)
        assert held is not None
        factories.decide(person, held)
        break
    told = [e["leaf"]["stream"] for e in auditor.get("/audit/events").json()["results"]]
    assert any(stream.startswith("item:") for stream in told)
    other = api(factories.a_person("cyd"), "audit:read")
    told = [e["leaf"]["stream"] for e in other.get("/audit/events").json()["results"]]
    assert not any(stream.startswith("item:") for stream in told)


def test_an_older_checkpoint_is_proved_to_be_the_start_of_a_newer(auditor: Any) -> None:
    ledger.append(stream="calendar:x", action="a.b", actor=None, now=NOW, detail={})
    sealing.seal_all(now=NOW)
    new, old = auditor.get("/audit/checkpoints").json()["results"]
    proof = auditor.get(f"/audit/checkpoints/{old['size']}/consistency/{new['size']}").json()
    assert merkle.consistent(
        old=old["size"], new=new["size"], old_root=bytes.fromhex(old["root"]),
        new_root=bytes.fromhex(new["root"]), path=[bytes.fromhex(n) for n in proof["path"]],
    )  # fmt: skip


def test_checkpoints_that_are_not_there_have_no_proof(auditor: Any) -> None:
    assert auditor.get("/audit/checkpoints/998/consistency/999").status_code == 404
    assert auditor.get("/audit/checkpoints/9/consistency/3").status_code == 400
