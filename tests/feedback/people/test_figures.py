"""O16: figures are a person's own first, masked below 30 cases, ranked by nobody, contestable."""

from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.domain import figures
from feedback.domain.figures import Judged
from feedback.enums import FigureName
from feedback.models import FigureDispute
from feedback.selectors import reviewer_figures
from feedback.services import disputes
from feedback.services.disputes import Disputed
from governance.exceptions import Conflict, InvalidInput, NotPermitted
from governance.models import AuditEvent, Pipeline
from governance.selectors import principals
from reviews.domain.shares import Share
from reviews.models import ReviewItem
from reviews.services import challenges
from tests import factories
from tests.api.answers import good, problem


def own(crowd, person):
    (sheet,) = reviewer_figures.own(person, now=timezone.now())
    return sheet, {figure.name: figure for figure in sheet.figures}


def others(crowd):
    rows = reviewer_figures.of_others(Pipeline.objects.get(), now=timezone.now())
    return {s.person.username: {f.name: f for f in s.figures} for s in rows}


def disputed(crowd, person, name="agreement", reason="Ten of them were ambiguous."):
    return disputes.dispute(
        principal=principals.of_person(person), actor=person,
        wanted=Disputed("intents", name, reason), now=timezone.now(),
    )  # fmt: skip


def answered(crowd, row, person=None, outcome="stands", text="I looked at each."):
    person = person or crowd.lead
    return disputes.answer(
        principal=principals.of_person(person), actor=person, dispute_id=row.pk, outcome=outcome,
        text=text, now=timezone.now(),
    )  # fmt: skip


def test_o16_the_figures_of_a_person_are_those_of_their_decisions(crowd):
    crowd.agree(25)
    crowd.agree(5, label="balance")
    crowd.differ(6, ann="card_linking", others="card_arrival")
    crowd.differ(4, ann="card_arrival", others="balance")

    sheet, found = own(crowd, crowd.ann)

    assert sheet.decided == 40
    agreement = found[FigureName.AGREEMENT]
    assert (agreement.n, agreement.value) == (40, 30 / 40)
    assert agreement.interval == Share(30, 40).interval
    assert agreement.expected == 0.8
    assert "75 % of 40 items" in agreement.sentence
    precision = found[FigureName.PRECISION]
    # Eleven corrections, of which five were the outcome: too few to be shown.
    assert (precision.n, precision.value, precision.interval) == (11, None, None)
    assert found[FigureName.MISSED].n == 9
    assert found[FigureName.TURNAROUND_HALF].value == pytest.approx(1.0)
    assert found[FigureName.TURNAROUND_HALF].expected == 60


def test_o16_precision_and_misses_count_what_they_say():
    right = [Judged(1, accepted=False, agreed=True, model_wrong=True)] * 24
    wrong = [Judged(1, accepted=False, agreed=False, model_wrong=False)] * 8
    missed = [Judged(1, accepted=True, agreed=False, model_wrong=True)] * 6
    alone = [Judged(1, accepted=False)] * 50
    rows = [*right, *wrong, *missed, *alone]
    precision = figures.of(FigureName.PRECISION, rows)
    assert (precision.n, precision.value) == (32, 24 / 32)
    miss = figures.of(FigureName.MISSED, rows)
    assert (miss.n, miss.value) == (30, 6 / 30)
    assert miss.interval == Share(6, 30).interval


def test_o16_the_interval_of_a_median_holds_its_order_statistics():
    rows = [Judged(float(second), accepted=True) for second in range(1, 101)]
    half = figures.of(FigureName.TURNAROUND_HALF, rows)
    assert half.value == 50
    # Of 100 ordered values the 40th and the 61st bound the median with 95 %.
    assert half.interval == (40, 61)


def test_o16_nothing_is_shown_of_fewer_than_30_cases(crowd):
    crowd.agree(29)
    _, found = own(crowd, crowd.ann)
    assert all(figure.masked for figure in found.values())
    assert "29 cases, fewer than 30" in found[FigureName.AGREEMENT].sentence
    crowd.agree(1)
    _, found = own(crowd, crowd.ann)
    assert found[FigureName.AGREEMENT].value == 1.0


def test_o16_what_one_person_settled_alone_is_no_agreement(crowd):
    document = factories.pipeline_document()
    document["tiers"]["mid"] |= {"checklist": [], "rationale": "never"}
    factories.apply(document)
    now = timezone.now() - timedelta(hours=1)
    for _ in range(30):
        factories.an_item(crowd.bot, now=now)
        crowd.decide(crowd.ann, "balance", now)
    sheet, found = own(crowd, crowd.ann)
    assert sheet.decided == 30
    assert found[FigureName.AGREEMENT].n == 0


def test_o16_what_is_challenged_counts_against_nobody_until_it_is_judged(crowd):
    crowd.differ(1, ann="balance", others="card_arrival")
    _, before = own(crowd, crowd.ann)
    resolution = ReviewItem.objects.get().resolution_id
    challenges.challenge(
        principal=principals.of_person(crowd.lead), actor=crowd.lead, resolution_id=resolution,
        reason="Is it?", anonymous=False, now=timezone.now(),
    )  # fmt: skip
    _, after = own(crowd, crowd.ann)
    assert (before[FigureName.AGREEMENT].n, after[FigureName.AGREEMENT].n) == (1, 0)


def test_o16_others_see_a_case_seven_days_after_the_person(crowd):
    crowd.tell(crowd.ann, crowd.bob)
    crowd.agree(30, now=timezone.now() - timedelta(days=6))
    assert own(crowd, crowd.ann)[1][FigureName.AGREEMENT].value == 1.0
    assert others(crowd)["ann"][FigureName.AGREEMENT].n == 0
    crowd.agree(30)
    assert others(crowd)["ann"][FigureName.AGREEMENT].n == 30


def test_o16_nobody_sees_figures_of_who_was_not_told_what_is_measured(crowd):
    crowd.agree(30)
    crowd.tell(crowd.bob)
    found = others(crowd)
    assert found["bob"][FigureName.AGREEMENT].value == 1.0
    assert found["ann"][FigureName.AGREEMENT].value is None
    assert "has not read yet" in found["ann"][FigureName.AGREEMENT].sentence


def test_o16_a_disputed_figure_is_shown_to_nobody_else_until_it_is_answered(crowd):
    crowd.tell(crowd.ann)
    crowd.agree(30)
    row = disputed(crowd, crowd.ann)
    assert row.shown["value"] == 1.0
    assert others(crowd)["ann"][FigureName.AGREEMENT].value is None
    assert others(crowd)["ann"][FigureName.TURNAROUND_HALF].value is not None
    assert own(crowd, crowd.ann)[1][FigureName.AGREEMENT].value == 1.0
    answered(crowd, row)
    assert others(crowd)["ann"][FigureName.AGREEMENT].value == 1.0
    events = AuditEvent.objects.filter(stream=disputes.stream_of(row)).order_by("sequence")
    assert [event.action for event in events] == ["figure.disputed", "figure.answered"]
    assert "ambiguous" not in str([event.detail for event in events])


def test_o16_a_figure_that_is_counted_anew_leaves_out_what_was_before(crowd):
    crowd.agree(30)
    answered(crowd, disputed(crowd, crowd.ann), outcome="anew")
    sheet, found = own(crowd, crowd.ann)
    assert (sheet.decided, found[FigureName.AGREEMENT].n) == (30, 0)
    assert found[FigureName.TURNAROUND_HALF].n == 30


def test_o16_a_dispute_is_answered_once_by_a_lead_who_is_another_person(crowd):
    row = disputed(crowd, crowd.lead)
    with pytest.raises(NotPermitted, match="of your own"):
        answered(crowd, row)
    twin = factories.a_person("lea-2", roles=("lead",), email="LEA@example.org")
    with pytest.raises(NotPermitted, match="of your own"):
        answered(crowd, row, twin)
    with pytest.raises(NotPermitted, match="adjudicate"):
        answered(crowd, row, crowd.bob)
    judge = factories.a_person("judge", roles=("lead",))
    for said in ({"text": " "}, {"outcome": "lost"}):
        with pytest.raises(InvalidInput):
            answered(crowd, row, judge, **said)
    answered(crowd, row, judge)
    with pytest.raises(Conflict, match="answered already"):
        answered(crowd, row, judge)


def test_o16_one_dispute_of_a_figure_is_open_at_a_time(crowd):
    first = disputed(crowd, crowd.ann)
    with pytest.raises(Conflict, match="already"):
        disputed(crowd, crowd.ann)
    answered(crowd, first)
    assert disputed(crowd, crowd.ann).after == first
    with pytest.raises(InvalidInput):
        disputed(crowd, crowd.ann, "miss_rate", reason="")
    with pytest.raises(InvalidInput):
        disputed(crowd, crowd.ann, "rank")


def test_o16_the_api_gives_one_s_own_and_to_leads_the_others_by_name(api, crowd):
    crowd.tell(crowd.ann)
    crowd.agree(30)
    address = "/pipelines/intents/reviewers"
    mine = good(api(crowd.ann, "review").get(address))
    assert [row["reviewer"] for row in mine["reviewers"]] == ["ann"]
    assert mine["over_reliance"] == []
    agreement = next(f for f in mine["reviewers"][0]["figures"] if f["name"] == "agreement")
    assert (agreement["n"], agreement["value"], agreement["expected"]) == (30, 1.0, 0.8)
    half = next(f for f in mine["reviewers"][0]["figures"] if f["name"] == "turnaround_p50")
    assert half["value"] == "PT1S"
    seen = good(api(crowd.lead, "audit:read").get(address))
    assert [row["reviewer"] for row in seen["reviewers"]][:2] == ["ann", "bob"]
    assert {f["value"] for row in seen["reviewers"][1:2] for f in row["figures"]} == {None}
    for ranking in ("sort", "order", "by", "ordering", "top"):
        problem(api(crowd.lead, "audit:read").get(f"{address}?{ranking}=agreement"), 400)
    problem(api(crowd.ann, "review").get("/pipelines/nowhere/reviewers"), 404)


def test_o16_the_api_takes_disputes_and_answers(api, crowd):
    caller, lead = api(crowd.ann, "review"), api(crowd.lead, "review")
    body = {"pipeline": "intents", "figure": "agreement", "reason": "Two were ambiguous."}
    made = good(caller.post("/figure-disputes", body), 201)
    assert made["answer"] is None
    problem(caller.post("/figure-disputes", body), 409)
    problem(caller.post("/figure-disputes", body | {"figure": "rank"}), 400, "/figure")
    told = {"outcome": "anew", "text": "They were."}
    problem(caller.post(f"/figure-disputes/{made['id']}/answer", told), 403)
    shown = good(lead.post(f"/figure-disputes/{made['id']}/answer", told))
    assert shown["answer"]["by"] == "lea"
    assert len(good(caller.get("/figure-disputes"))["results"]) == 1
    assert good(api(crowd.bob, "review").get("/figure-disputes"))["results"] == []


def test_o16_the_page_shows_a_person_their_own_figures_and_takes_a_dispute(crowd, browser):
    crowd.agree(30)
    client = browser(crowd.ann)
    page = client.get("/me/figures").content.decode()
    assert "100 % of 30 items" in page
    assert "95 % between 89 % and 100 %" in page
    assert "expected: at least 80 %" in page
    assert "bob" not in page
    refused = client.post("/me/figures", {"pipeline": "intents", "figure": "agreement"})
    assert refused.status_code == 422
    assert "Say why the figure is wrong." in refused.content.decode()
    said = {"pipeline": "intents", "figure": "agreement", "reason": "Two were ambiguous."}
    assert client.post("/me/figures", said).status_code == 303
    assert "It waits for an answer." in client.get("/me/figures").content.decode()


def test_o16_who_leads_answers_on_a_page_that_ranks_nobody(crowd, browser):
    crowd.tell(crowd.ann, crowd.bob)
    crowd.differ(30, ann="balance", others="card_arrival")
    row = disputed(crowd, crowd.bob)
    assert browser(crowd.ann).get("/figures").status_code == 403
    client = browser(crowd.lead)
    page = client.get("/figures").content.decode()
    assert page.index("<h2>ann</h2>") < page.index("<h2>bob</h2>") < page.index("<h2>cem</h2>")
    assert "this person disputes it" in page
    address = f"/figures/disputes/{row.pk}"
    assert client.post(address, {"outcome": "stands"}).status_code == 422
    answer = client.post(address, {"outcome": "stands", "text": "I looked at each."})
    assert answer.status_code == 303
    assert FigureDispute.objects.get(pk=row.pk).answer.judge == crowd.lead
    assert "I looked at each." in browser(crowd.bob).get("/me/figures").content.decode()


def test_o16_a_lead_who_looks_at_nothing_sees_what_comes_next(crowd, browser):
    assert "Figures appear a week after" in browser(crowd.lead).get("/figures").content.decode()
    page = browser(crowd.ann).get("/me/figures").content.decode()
    assert "not shown" in page.lower()
