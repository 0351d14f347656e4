"""A pack holds what is on record of its scope, and says what is missing and why."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from governance.selectors import principals
from governance.services import sealing
from reviews.models import Resolution
from reviews.services import challenges
from tests import factories
from tests.feedback.packs.conftest import Office, bytes_of, files_of, held, lines_of


def test_it_holds_decisions_with_texts_and_what_opens_them(office: Office) -> None:
    raw = bytes_of(office.ask())
    made = [line for line in lines_of(raw, "decisions.jsonl") if line["kind"] == "decision"]
    assert {line["record"]["verdict"] for line in made} == {"accept", "correct"}
    assert all(line["record"]["rationale"] for line in made)
    assert [line["openings"][0]["field"] for line in made] == ["rationale"] * 2


def test_without_texts_it_holds_none(office: Office) -> None:
    raw = bytes_of(office.ask(texts=False))
    for line in lines_of(raw, "decisions.jsonl"):
        assert not line["record"].keys() & {"rationale", "answer", "text"}
        assert line["openings"] == []
    assert b"asked for without texts" in files_of(raw)["README.html"]
    assert b"The words of the request name it." not in b"".join(files_of(raw).values())


def test_o25_the_pack_shows_the_three_items_of_each_signature(office: Office) -> None:
    (change,) = lines_of(bytes_of(office.ask()), "adjustments.jsonl")
    assert [each["meaning"] for each in change["signatures"]] == ["approval"] * 2
    assert all(each["printed_name"] and each["at"] for each in change["signatures"])
    assert change["activations"][0]["act"] == "activate"


def test_it_holds_law_stops_holds_datasets_and_keys(office: Office) -> None:
    raw = bytes_of(office.ask())
    law = lines_of(raw, "policies.jsonl")
    assert {line["what"] for line in law} == {"activation", "version"}
    assert any("guideline" in line.get("document", {}) for line in law)
    (stop,) = lines_of(raw, "stops.jsonl")
    assert len(stop["resumed_by"]) == 2
    (hold,) = lines_of(raw, "holds.jsonl")
    assert hold["reason"] == "A lawsuit"
    (version,) = lines_of(raw, "datasets.jsonl")
    assert version["dataset"] == "answers"
    assert {line["class"] for line in lines_of(raw, "retention.jsonl")} >= {"decisions"}
    assert {line["username"] for line in lines_of(raw, "people.jsonl")} >= {"bot"}


def test_versions_of_a_glossary_are_told_of_where_there_is_one(office: Office) -> None:
    law = lines_of(bytes_of(office.ask()), "policies.jsonl")
    assert not any("glossary_version" in line for line in law)
    factories.apply(factories.pipeline_document(glossary=factories.GLOSSARY))
    law = lines_of(bytes_of(office.ask()), "policies.jsonl")
    assert [line["glossary_version"] for line in law if "glossary_version" in line] == [1]


def test_what_happened_before_or_after_is_not_in_it(office: Office) -> None:
    later = timezone.now() + timedelta(days=2)
    reviewer = factories.a_person()
    factories.an_item(office.bot, now=later)
    factories.decide(reviewer, held(reviewer, later), now=later)
    office.seal(later + timedelta(minutes=1))
    after = bytes_of(office.ask(since=later))
    assert [line["kind"] for line in lines_of(after, "decisions.jsonl")].count("decision") == 1
    assert lines_of(after, "stops.jsonl") == []
    assert lines_of(after, "policies.jsonl")[0]["what"] == "activation"
    before = bytes_of(office.ask(until=office.began))
    assert lines_of(before, "decisions.jsonl") == []


def test_a_reader_of_one_pipeline_gets_only_it(office: Office) -> None:
    factories.a_pipeline("other")
    bot = factories.a_service("bot-other", pipelines=["other"])
    factories.an_item(bot, pipeline="other", now=timezone.now())
    office.seal(timezone.now() + timedelta(minutes=1))
    raw = bytes_of(office.ask())
    scope = lines_of(raw, "scope.json")[0]
    assert set(scope["pipelines"]) == {"intents"}
    streams = {line["stream"] for line in lines_of(raw, "events.jsonl")}
    assert "pipeline:intents" in streams
    assert "pipeline:other" not in streams
    assert b'"other"' not in files_of(raw)["policies.jsonl"]
    whole = {line["stream"] for line in lines_of(bytes_of(office.ask(office.root)), "events.jsonl")}
    assert whole >= {"pipeline:other", "pipeline:intents", f"user:{bot.pk}"}


def test_who_may_review_gets_nothing_of_what_is_blind_to_them(office: Office) -> None:
    now = timezone.now() + timedelta(seconds=20)
    item = factories.an_item(office.bot, "high", now=now)
    other = factories.a_person()
    factories.decide(other, held(other, now), now=now)
    office.seal(now + timedelta(minutes=1))
    lead = factories.a_person("lead-auditor", roles=("reviewer", "auditor"))
    stream = f"item:{item.pk}"
    raw = bytes_of(office.ask(lead))
    assert stream not in {line["stream"] for line in lines_of(raw, "events.jsonl")}
    assert b"events of items that were blind to the requester" in files_of(raw)["README.html"]
    seen = lines_of(bytes_of(office.ask()), "events.jsonl")
    assert stream in {line["stream"] for line in seen}


def test_what_was_taken_away_is_listed_with_its_purpose(office: Office) -> None:
    office.ask()
    office.seal(timezone.now() + timedelta(minutes=1))
    (made,) = lines_of(bytes_of(office.ask()), "exports.jsonl")
    assert made["action"] == "pack.made"
    assert made["detail"]["purpose"] == "audit"


def test_many_events_are_read_a_few_at_a_time(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bytes_of(office.ask())
    from feedback.selectors import pack_events

    monkeypatch.setattr(pack_events, "AT_ONCE", 3)
    again: Any = office.ask()
    assert bytes_of(again) == whole


def test_a_section_of_another_app_is_in_the_pack(office: Office) -> None:
    from governance.selectors import pack_sections

    section = pack_sections.Section(
        "remarks", "Remarks", "What was remarked.", lambda scope: [{"since": str(scope.since)}]
    )
    pack_sections.register(section)
    try:
        raw = bytes_of(office.ask())
    finally:
        pack_sections._sections.pop("remarks")
    assert len(lines_of(raw, "remarks.jsonl")) == 1
    assert b"What was remarked." in files_of(raw)["README.html"]


def test_copies_of_checkpoints_are_proved_to_be_the_start(office: Office, tmp_path: Any) -> None:
    from governance.services import anchoring

    now = timezone.now() + timedelta(seconds=15)
    anchoring.in_folder(folder=tmp_path, now=now)
    factories.an_item(office.bot, now=now)
    sealing.seal_all(now=now + timedelta(minutes=1))
    raw = bytes_of(office.ask())
    (anchor,) = lines_of(raw, "anchors.jsonl")
    points = lines_of(raw, "checkpoints.jsonl")
    assert anchor["kind"] == "folder"
    assert [bool(line["path"]) for line in points] == [True, False]


def test_it_holds_challenges_of_outcomes_and_leaves_the_unnamed_unnamed(office: Office) -> None:
    opener, judge = factories.a_person("ann"), factories.a_person("lead", roles=("lead",))
    for resolution, anonymous in zip(Resolution.objects.order_by("pk"), (True, False), strict=True):
        made = challenges.challenge(
            principal=principals.of_person(opener), actor=opener, resolution_id=resolution.pk,
            reason="Doubtful", anonymous=anonymous, now=timezone.now(),
        )  # fmt: skip
    challenges.uphold(
        principal=principals.of_person(judge), actor=judge, challenge_id=made.pk,
        rationale="It is right", now=timezone.now(),
    )  # fmt: skip
    office.seal()
    raw = bytes_of(office.ask())
    unnamed, named = lines_of(raw, "challenges.jsonl")
    assert (unnamed["anonymous"], unnamed["opened_by"], unnamed["outcome"]) == (True, None, None)
    assert (named["opened_by"], named["reason"]) == (opener.pk, "Doubtful")
    assert (named["outcome"]["state"], named["outcome"]["judge"]) == ("upheld", judge.pk)
    assert "reason" not in lines_of(bytes_of(office.ask(texts=False)), "challenges.jsonl")[0]
