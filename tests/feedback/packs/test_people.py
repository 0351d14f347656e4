"""A pack says what people were told: reviewers of what is measured, stakeholders of a pipeline."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from feedback.domain.stakeholder_pages import Written
from feedback.models import FigureDispute
from feedback.services import disputes, stakeholders
from feedback.services.disputes import Disputed
from feedback.services.stakeholders import Wanted
from governance.models import User
from governance.selectors import notices as selector
from governance.selectors import principals
from governance.services import notices
from tests import factories
from tests.feedback.packs.conftest import Office, bytes_of, held, lines_of


def read(person: User, now: Any) -> None:
    notices.acknowledge(
        principal=principals.of_person(person), actor=person, number=selector.current().number,
        now=now,
    )  # fmt: skip


def dispute(person: User, now: Any) -> FigureDispute:
    return disputes.dispute(
        principal=principals.of_person(person), actor=person, now=now,
        wanted=Disputed("intents", "agreement", "Half of them were ambiguous."),
    )  # fmt: skip


def answer(row: FigureDispute, judge: User, now: Any) -> None:
    disputes.answer(
        principal=principals.of_person(judge), actor=judge, dispute_id=row.pk, outcome="stands",
        text="They were not.", now=now,
    )  # fmt: skip


@pytest.fixture
def told(office: Office) -> tuple[User, User]:
    """Return one who judged in the pipeline, and one who judges in another; both read the text."""
    factories.a_pipeline("other")
    now = timezone.now() + timedelta(seconds=20)
    here = factories.a_person("here", pipelines=("intents", "other"))
    there = factories.a_person("there", pipelines=("other",))
    factories.an_item(office.bot, now=now)
    factories.decide(here, held(here, now), now=now)
    for person in (here, there):
        read(person, now)
    office.seal(now + timedelta(minutes=1))
    return here, there


def test_a_pack_holds_the_notices_in_force_and_who_of_its_pipelines_read_them(
    office: Office, told: tuple[User, User]
) -> None:
    here, there = told
    (line,) = lines_of(bytes_of(office.ask()), "notices.jsonl")
    assert line["text"] == selector.current().text
    assert [each["person"] for each in line["read_by"]] == [here.pk]
    (whole,) = lines_of(bytes_of(office.ask(office.root)), "notices.jsonl")
    assert [each["person"] for each in whole["read_by"]] == [here.pk, there.pk]


def test_a_notice_that_another_took_the_place_of_is_not_in_a_later_pack(
    office: Office, told: tuple[User, User]
) -> None:
    now = timezone.now() + timedelta(minutes=2)
    notices.write(actor=office.root, text="Nothing more is measured.", reason="Less", now=now)
    office.seal(now + timedelta(minutes=1))
    both = lines_of(bytes_of(office.ask()), "notices.jsonl")
    assert [(line["number"], line["by"]) for line in both] == [(1, None), (2, office.root.pk)]
    assert [len(line["read_by"]) for line in both] == [1, 0]
    later = lines_of(bytes_of(office.ask(since=now + timedelta(seconds=1))), "notices.jsonl")
    assert [line["number"] for line in later] == [2]
    before = lines_of(bytes_of(office.ask(until=now)), "notices.jsonl")
    assert [line["number"] for line in before] == [1]


def test_a_text_that_nobody_read_is_kept_with_the_one_that_followed_it(office: Office) -> None:
    now = timezone.now() + timedelta(minutes=2)
    notices.write(actor=office.root, text="Nothing more is measured.", reason="Less", now=now)
    office.seal(now + timedelta(minutes=1))
    assert [line["number"] for line in lines_of(bytes_of(office.ask()), "notices.jsonl")] == [1, 2]


def test_a_pack_holds_disputes_with_their_answers_and_texts_where_asked_for(
    office: Office, told: tuple[User, User]
) -> None:
    here, _ = told
    lead = factories.a_person("lead", roles=("lead",))
    now = timezone.now() + timedelta(minutes=2)
    row = dispute(here, now)
    office.seal(now + timedelta(seconds=1))
    (line,) = lines_of(bytes_of(office.ask()), "figure_disputes.jsonl")
    assert (line["person"], line["figure"], line["outcome"]) == (here.pk, "agreement", None)
    assert line["reason"] == "Half of them were ambiguous."
    later = now + timedelta(minutes=1)
    answer(row, lead, later)
    # What the checkpoint of a pack does not cover is not in it.
    office.seal(later + timedelta(seconds=1))
    (line,) = lines_of(bytes_of(office.ask(texts=False)), "figure_disputes.jsonl")
    assert (line["outcome"], line["judge"]) == ("stands", lead.pk)
    assert not {"reason", "answer"} & line.keys()
    (line,) = lines_of(bytes_of(office.ask()), "figure_disputes.jsonl")
    assert line["answer"] == "They were not."
    streams = {e["stream"] for e in lines_of(bytes_of(office.ask()), "events.jsonl")}
    assert f"figure-dispute:{row.pk}" in streams
    # A dispute that was answered in the time of a pack is in it whenever it was opened.
    (line,) = lines_of(bytes_of(office.ask(since=later)), "figure_disputes.jsonl")
    assert line["id"] == str(row.pk)
    assert lines_of(bytes_of(office.ask(until=now)), "figure_disputes.jsonl") == []


def test_what_is_not_sealed_yet_is_in_no_pack(office: Office, told: tuple[User, User]) -> None:
    here, _ = told
    now = timezone.now() + timedelta(minutes=2)
    dispute(here, now)
    assert lines_of(bytes_of(office.ask()), "figure_disputes.jsonl") == []


def test_a_pack_has_what_stakeholders_were_told(office: Office) -> None:
    now = timezone.now()
    ada = factories.a_person("ada", roles=("approver",))
    row = stakeholders.publish(
        principal=principals.of_person(ada), actor=ada, now=now,
        wanted=Wanted("intents", "public", Written("It sorts.", "All."), "The first."),
    )  # fmt: skip
    assert lines_of(bytes_of(office.ask()), "told.jsonl") == []
    office.seal(now + timedelta(minutes=1))
    (line,) = lines_of(bytes_of(office.ask()), "told.jsonl")
    assert (line["number"], line["digest"]) == (1, row.digest)
    assert line["content"]["written"]["does"] == "It sorts."
