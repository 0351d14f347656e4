"""What a sealed version holds: its rows, its files and its card."""

import hashlib
from datetime import timedelta

import orjson
import pytest
import rfc8785

from feedback.domain.rows import FIELDS
from feedback.selectors import downloads
from governance.domain.merkle import RunningRoot, leaf_hash, root
from governance.selectors import principals
from reviews.models import ReviewItem
from reviews.services import resolutions
from tests import factories
from tests.factories import NOW
from tests.feedback.conftest import LATER, House, bytes_of, rows_of

pytestmark = pytest.mark.django_db


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    both = merkle_root(leaves[:k]) + merkle_root(leaves[k:])
    return hashlib.sha256(b"\x01" + both).digest()


def test_a_row_has_its_fields_and_says_what_was_decided(house: House) -> None:
    house.resolved("balance", external_id="q-1", subject={"ref": "c-1", "basis": "contract"})
    (row,) = rows_of(house.sealed(house.dataset()))
    assert tuple(sorted(FIELDS)) == tuple(row)
    (decision,) = row.pop("decisions")
    assert row == {
        "agreement": 1,
        "answer": {"label": "balance"},
        "characteristics": {"lang": "en"},
        "confidence": 0.58,
        "confidence_band": "0.5-0.6",
        "external_id": "q-1",
        "guideline_version": 1,
        "input": {"text": "where is my card"},
        "model": {"name": "intents", "version": "3"},
        "output": {"label": "card_arrival"},
        "propensity": 1,
        "rationale": "The words of the request name it.",
        "reason_codes": ["model_error"],
        "resolution_kind": "single",
        "resolved_at": "2026-11-24T10:00:01.000000Z",
        "scenario_type": "cards",
        "scores": {"card_arrival": 0.58},
        "split": row["split"],
        "tier": "mid",
        "verdict": "correct",
        "weight": 1,
    }
    assert decision["answer"] == {"label": "balance"}
    assert decision["decided_at"] == "2026-11-24T10:00:01.000000Z"


def test_no_name_of_a_person_leaves_the_system(house: House) -> None:
    house.resolved(external_id="q-1", subject={"ref": "customer-77", "basis": "contract"})
    house.resolved(external_id="q-2")
    version = house.sealed(house.dataset())
    text = bytes_of(version, "jsonl").decode()
    assert house.reviewer.username not in text
    assert house.reviewer.email not in text
    assert "customer-77" not in text
    first, second = (row["decisions"][0]["reviewer"] for row in rows_of(version))
    assert first == second
    assert first.startswith("r-")


def test_the_digest_is_the_merkle_root_of_canonical_lines_in_byte_order(house: House) -> None:
    for external_id in ("é", "z", "Z", "a-10", "a-9", "\U0001f600", "\uffff"):
        house.resolved(external_id=external_id, input={"text": "é\u2028", "n": 1.0, "small": 1e-7})
    version = house.sealed(house.dataset())
    lines = bytes_of(version, "jsonl").split(b"\n")
    assert lines.pop() == b""
    ids = [orjson.loads(line)["external_id"] for line in lines]
    assert ids == sorted(ids, key=lambda text: text.encode())
    assert all(line == rfc8785.dumps(orjson.loads(line)) for line in lines)
    assert version.digest == merkle_root(lines).hex()


@pytest.mark.parametrize("size", [*range(18), 100])
def test_a_running_root_is_the_root_of_the_list(size: int) -> None:
    leaves = [leaf_hash(str(i).encode()) for i in range(size)]
    running = RunningRoot()
    for leaf in leaves:
        running.add(leaf)
    assert running.root() == root(leaves)


def test_rows_approved_by_rule_come_only_when_they_are_included(house: House) -> None:
    house.resolved(external_id="a")
    house.approved(external_id="b")
    version = house.sealed(house.dataset(include={"auto": True}))
    person, rule = rows_of(version)
    assert (person["resolution_kind"], rule["resolution_kind"]) == ("single", "auto")
    assert (rule["verdict"], rule["answer"]) == ("accept", {"label": "card_arrival"})
    assert (rule["decisions"], rule["reason_codes"], rule["rationale"]) == ([], [], "")
    assert (rule["propensity"], rule["weight"], rule["agreement"]) == (0, None, None)
    assert rule["resolved_at"] == "2026-11-24T10:00:00.000000Z"


def test_a_sampled_row_weighs_one_by_its_propensity(db: None) -> None:
    tiers = factories.pipeline_document()["tiers"]
    tiers["low"] |= {"monitor_rate": 0.5}
    factories.a_pipeline(tiers=tiers)
    bot, reviewer = factories.a_service(), factories.a_person()
    rows = factories.send(bot, *[factories.a_payload("low") for _ in range(30)])
    sampled = next(row for row in rows if row.sampled)
    held = factories.claim(reviewer)
    assert held is not None
    factories.decide(reviewer, held)
    house = House.__new__(House)
    house.pipeline, house.bot, house.reviewer = sampled.pipeline, bot, reviewer
    (row,) = rows_of(house.sealed(house.dataset()))
    assert (row["propensity"], row["weight"]) == (0.5, 2)


def test_two_reviewers_who_agree_are_both_in_the_row(house: House) -> None:
    house.agreed(("balance", "balance"), external_id="a")
    (row,) = rows_of(house.sealed(house.dataset()))
    assert (row["resolution_kind"], row["agreement"], len(row["decisions"])) == ("agreement", 1, 2)
    assert len({decision["reviewer"] for decision in row["decisions"]}) == 2
    assert all(decision["blind"] for decision in row["decisions"])
    assert row["rationale"].count("The words of the request name it.") == 2


def test_an_adjudicated_row_has_the_adjudicators_rationale(house: House) -> None:
    house.agreed(("balance", "card_linking"), external_id="a")
    lead = factories.a_person(roles=["lead"])
    resolutions.adjudicate(
        principal=principals.of_person(lead),
        actor=lead,
        item_id=ReviewItem.objects.get().pk,
        answer={"label": "balance"},
        rationale="The last sentence settles it.",
        now=NOW,
    )
    (row,) = rows_of(house.sealed(house.dataset()))
    assert row["resolution_kind"] == "adjudicated"
    assert row["rationale"] == "The last sentence settles it."
    assert row["agreement"] == 0.5


def test_the_bytes_stay_the_same_whatever_happens_later(house: House) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    first = house.sealed(dataset)
    kinds = ("jsonl", "csv", "csv-raw", "parquet")
    before = {kind: bytes_of(first, kind) for kind in kinds}
    house.resolved("balance", external_id="b", now=LATER)
    second = house.sealed(dataset, now=LATER + timedelta(hours=1))
    assert {kind: bytes_of(first, kind) for kind in kinds} == before
    assert (second.number, second.parent_id, second.rows) == (2, first.pk, 2)
    for kind, content in before.items():
        file = first.files.get(format=kind)
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_version_of_the_same_rows_has_the_same_digest(house: House) -> None:
    house.resolved(external_id="a")
    dataset = house.dataset()
    first, second = house.sealed(dataset), house.sealed(dataset)
    assert first.digest == second.digest
    assert bytes_of(first, "parquet") == bytes_of(second, "parquet")


def test_a_split_is_the_same_in_every_version_and_dataset(house: House) -> None:
    for i in range(20):
        house.resolved(external_id=f"q-{i}")
    one, other = house.sealed(house.dataset()), house.sealed(house.dataset("others"))
    splits = [{row["external_id"]: row["split"] for row in rows_of(v)} for v in (one, other)]
    assert splits[0] == splits[1]


def test_the_card_counts_what_is_in_the_version(house: House) -> None:
    house.resolved(external_id="a", subject={"ref": "c-1", "basis": "contract"})
    house.resolved("balance", external_id="b", scenario_type="x|y\n# z")
    house.approved(external_id="c")
    version = house.sealed(house.dataset(include={"auto": True}))
    card = version.card
    assert card["resolution_kind"] == {"single": 2, "auto": 1}
    assert card["verdict"] == {"accept": 2, "correct": 1}
    assert card["tier"] == {"mid": 2, "low": 1}
    assert card["confidence_band"] == {"0.5-0.6": 2, "0.9-1.0": 1}
    assert card["model"] == {"intents 3": 3}
    assert card["guideline_version"] == {"1": 3}
    assert sum(card["split"].values()) == 3
    assert "| x\\|y \\# z | 1 | 33.3 % |" in card["markdown"]
    assert version.consent == {
        "with_subject": 1,
        "by_basis": {"unstated": 2, "contract": 1},
        "left_out": 0,
    }


def test_what_was_altered_is_not_sent_whole(house: House) -> None:
    house.resolved(external_id="a")
    version = house.sealed(house.dataset())
    file = version.files.get(format="jsonl")
    file.sha256 = "0" * 64
    sent = []
    with pytest.raises(downloads.AlteredFile):
        sent.extend(downloads.stream(file))
    assert sent == []
