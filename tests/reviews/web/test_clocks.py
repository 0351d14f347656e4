"""Clocks on the pages: beside items, in lists, on the item, and in the figures of operations."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.selectors import principals
from reviews.models import Acknowledgement, Escalation, ReviewItem
from reviews.services import pauses, sweeping
from tests import factories
from tests.reviews.web.conftest import Desk

pytestmark = pytest.mark.django_db
Maker = Callable[..., Desk]
LADDER = {"levels": [{"delay": "PT0S", "notify": ["role:lead"]}, {"delay": "P2D"}]}


def text_of(answer: Any) -> str:
    """Return what a page says, without its tags."""
    bare = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return " ".join(bare.split())


def paused(desk: Desk, item: ReviewItem, now: Any) -> None:
    pauses.pause(
        principal=principals.of_person(desk.user), actor=desk.user, item_id=item.pk,
        reason="awaiting_submitter", now=now,
    )  # fmt: skip


def late(bot: Any, now: Any, hours: float = 6) -> ReviewItem:
    """Return an item that is past its targets, and of which the leads were told."""
    factories.apply(factories.SLA | {"ladder": LADDER})
    item = factories.an_item(bot, now=now - timedelta(hours=hours))
    sweeping.sweep(now=lambda: now)
    return item


def test_an_item_shows_what_is_left_of_its_time_in_words(desk: Maker, bot: Any, now: Any) -> None:
    reviewer = desk()
    factories.an_item(bot, now=now - timedelta(minutes=90.5))

    page = reviewer.see(reviewer.take())

    assert "2 h 29 m left" in page
    assert 'aria-live="off"' in page
    for said in ("Until it is settled", "1 h 30 m used of 4 h of working time", "always, version 1",
                 "quick, version 1", "00:00\N{EN DASH}24:00"):  # fmt: skip
        assert said in " ".join(page.split()), said


def test_an_overdue_item_says_so_in_working_time_and_by_the_wall(
    desk: Maker, bot: Any, now: Any
) -> None:
    lead = desk(roles=("lead",))
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    yesterday = (now - timedelta(days=1)).date()
    closed = [{"date": yesterday.isoformat(), "windows": []}]
    factories.apply(
        factories.CALENDAR | {"windows": {d: ["00:00-24:00"] for d in weekday}},
        factories.CALENDAR | {"slug": "gap", "exceptions": closed},
        factories.SLA | {"calendar": "gap"},
    )
    # Due before the gap, at whatever hour the test is run.
    sent = (now - timedelta(days=2)).replace(hour=0, minute=0)
    item = factories.an_item(bot, now=sent)

    said = text_of(lead.get(f"/items/{item.pk}"))

    assert re.search(r"overdue [\d hdm]+ \(working time\)", said)
    assert "by the clock on the wall" in said


def test_a_paused_item_says_why_and_when_that_ends(desk: Maker, bot: Any, now: Any) -> None:
    lead = desk(roles=("lead",))
    item = factories.an_item(bot, now=now)
    paused(lead, item, now)

    said = text_of(lead.get(f"/items/{item.pk}"))

    assert "paused: waiting for the submitter" in said
    assert "Ends by itself" in said
    assert "Waiting for the submitter:" in said


def test_row_41_an_item_without_a_target_says_so(desk: Maker, bot: Any, now: Any) -> None:
    lead = desk(roles=("lead",))
    factories.apply(factories.SLA | {"targets": {}})
    factories.an_item(bot, now=now)

    assert "no target" in text_of(lead.get("/review/intents/general"))


def test_a_lead_sees_the_items_of_a_queue_and_a_reviewer_does_not(
    desk: Maker, bot: Any, now: Any
) -> None:
    item = factories.an_item(bot, "high", now=now)
    address = "/review/intents/experts"

    lead, reviewer = desk(roles=("lead",)).get(address), desk().get(address)

    assert f"/items/{item.pk}" in lead.content.decode()
    assert f"/items/{item.pk}" not in reviewer.content.decode()
    # What is blind stays so.
    assert "card_arrival" not in lead.content.decode()


def test_a_queue_is_filtered_by_what_is_late_or_near_it(desk: Maker, bot: Any, now: Any) -> None:
    lead = desk(roles=("lead",))
    gone, fine = late(bot, now), factories.an_item(bot, now=now)
    near = factories.an_item(bot, now=now - timedelta(minutes=50))
    sweeping.sweep(now=lambda: now)

    def listed(show: str) -> set[str]:
        page = lead.get(f"/review/intents/general?show={show}").content.decode()
        return set(re.findall(r'href="/items/([0-9a-f-]{36})"', page))

    assert listed("all") == {str(gone.pk), str(fine.pk), str(near.pk)}
    assert listed("breached") == {str(gone.pk)}
    assert listed("at_risk") == {str(near.pk)}
    assert text_of(lead.get("/review/intents/general")).count("All 3 At risk 1 Breached 1") == 1
    for wrong in ("show=x", "from=x", "from=-1", "from=99999999999999"):
        assert lead.get(f"/review/intents/general?{wrong}").status_code == 404


def test_clocks_of_a_list_cost_the_same_for_one_item_and_for_many(
    desk: Maker, bot: Any, now: Any
) -> None:
    lead = desk(roles=("lead",))

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as found:
            assert lead.get("/review/intents/general").status_code == 200
        # Only what is read of reviews: other tables have caches of their own.
        asked = [query["sql"] for query in found if '"reviews_' in query["sql"]]
        return [re.sub(r"'[^']*'|\d+", "?", sql)[:90] for sql in asked]

    for _ in range(2):
        paused(lead, factories.an_item(bot, now=now), now)
    factories.an_item(bot, now=now)
    queries()
    few = queries()
    for _ in range(6):
        paused(lead, factories.an_item(bot, now=now), now)
        factories.an_item(bot, now=now)

    assert queries() == few


def test_the_history_of_an_item_tells_what_happened_and_to_whom(
    desk: Maker, bot: Any, now: Any
) -> None:
    lead = desk("lea", roles=("lead",))
    item = late(bot, now)

    said = text_of(lead.get(f"/items/{item.pk}"))

    for each in ("Started", "Target used up", "noticed", "Level 1 told lea", "Take it up"):
        assert each in said, each


def test_an_escalation_is_taken_up_by_whom_it_told(desk: Maker, bot: Any, now: Any) -> None:
    lead, reviewer = desk("lea", roles=("lead",)), desk()
    item = late(bot, now)
    told = Escalation.objects.filter(item=item).order_by("pk")[0]
    address = f"/items/{item.pk}/escalations/{told.pk}/ack"

    assert "Take it up" not in text_of(reviewer.get(f"/items/{item.pk}"))
    assert reviewer.post(address).status_code == 403
    answer = lead.post(address)

    assert (answer.status_code, answer["Location"]) == (303, f"/items/{item.pk}")
    assert Acknowledgement.objects.get(escalation=told).actor == lead.user
    assert "Taken up" in text_of(lead.get(f"/items/{item.pk}"))


def test_a_reviewer_pauses_and_resumes_from_the_page(desk: Maker, bot: Any, now: Any) -> None:
    reviewer = desk()
    item = factories.an_item(bot, now=now)
    held = reviewer.take()
    back = f"/review/assignment/{held.pk}"

    part = reviewer.get(f"/items/{item.pk}/clocks", hx_request="true")
    assert f'name="assignment" value="{held.pk}"' in part.content.decode()
    answer = reviewer.post(
        f"/items/{item.pk}/pause", {"reason": "legal_hold", "assignment": held.pk}
    )

    assert (answer.status_code, answer["Location"]) == (303, back)
    item.refresh_from_db()
    assert item.pause_reason == "legal_hold"
    assert "paused: legal hold" in reviewer.see(held)
    reviewer.post(f"/items/{item.pk}/resume")
    item.refresh_from_db()
    assert item.paused_at is None


def test_row_18_a_pause_without_a_reason_is_told_on_the_page(
    desk: Maker, bot: Any, now: Any
) -> None:
    reviewer = desk()
    item = factories.an_item(bot, now=now)

    for reason in ("", "lunch", "x" * 5000, "\x00"):
        answer = reviewer.post(f"/items/{item.pk}/pause", {"reason": reason})
        assert answer.status_code == 422
        assert "Choose why it is paused." in text_of(answer)
    item.refresh_from_db()
    assert item.paused_at is None


def test_an_act_leads_back_to_an_item_of_ones_own_only(desk: Maker, bot: Any, now: Any) -> None:
    holder, other = desk(), desk()
    item = factories.an_item(bot, now=now)
    held = holder.take()

    for given in (held.pk, "https://evil.example/", "x", ""):
        answer = other.post(
            f"/items/{item.pk}/pause", {"reason": "legal_hold", "assignment": given}
        )
        assert answer["Location"] == f"/items/{item.pk}"


def test_items_of_other_pipelines_and_for_who_reviews_nothing_are_not_found(
    desk: Maker, bot: Any, now: Any
) -> None:
    item = factories.an_item(bot, now=now)
    factories.a_pipeline("other")
    stranger, nobody = desk(roles=("lead",), pipelines=("other",)), desk(roles=())

    for one in (stranger, nobody):
        assert one.get(f"/items/{item.pk}").status_code == 404
        for act in ("pause", "resume"):
            assert one.post(f"/items/{item.pk}/{act}", {"reason": "legal_hold"}).status_code == 404
    assert desk(roles=("auditor",)).get(f"/items/{item.pk}").status_code == 200


def test_operations_is_for_who_adjudicates_or_audits(desk: Maker, bot: Any) -> None:
    assert desk().get("/operations").status_code == 403
    assert 'href="/operations"' not in desk().get("/").content.decode()
    for role in ("lead", "auditor"):
        person = desk(roles=(role,))
        assert person.get("/operations").status_code == 200
        assert 'href="/operations"' in person.get("/operations").content.decode()


def test_operations_shows_the_figures_and_what_they_are_of(desk: Maker, bot: Any, now: Any) -> None:
    lead = desk(roles=("lead",))
    late(bot, now)
    factories.an_item(bot, now=now)

    said = text_of(lead.get("/operations?pipeline=intents&days=7"))

    assert "Open now 2" in said
    assert re.search(r"Breached 1", said)
    for wrong in ("days=8", "kind=x", "by=x", "pipeline=x", "format=pdf", "format=csv&chart=x"):
        assert lead.get(f"/operations?{wrong}").status_code == 404, wrong


def test_charts_have_their_numbers_as_csv_in_utc(desk: Maker, bot: Any, now: Any) -> None:
    lead = desk(roles=("lead",), timezone="Asia/Kathmandu")
    factories.an_item(bot, now=now)

    answer = lead.get("/operations?days=7&format=csv&chart=arrivals")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment;")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 7
    assert rows[-1]["arrived"] == "1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00\.000000Z", rows[-1]["from"])
    for chart in ("open", "hours", "targets"):
        assert lead.get(f"/operations?format=csv&chart={chart}").status_code == 200


def test_a_chart_draws_a_bar_for_each_day_and_no_style(desk: Maker, bot: Any, now: Any) -> None:
    factories.an_item(bot, now=now)

    page = desk(roles=("lead",)).get("/operations?days=90").content.decode()

    assert page.count('<rect class="arrived" x=') == 90
    assert "style=" not in page
    assert page.count("<details>") == 2
