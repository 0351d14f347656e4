"""Changes and the stop switch as pages, without script."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import Signature, Stop
from governance.selectors import principals
from governance.services import adjustments
from reviews.models import Remedy
from tests import factories, governed


@pytest.fixture
def people(bot, desk):
    return [desk(roles=("approver",), skills=()) for _ in range(2)]


def test_what_awaits_a_signature_is_listed_and_signed_with_a_password(bot, people):
    row = governed.submit(governed.draft(bot))
    first, second = people
    assert "Review more" in first.get("/changes").content.decode()
    page = first.get(f"/changes/{row.pk}").content.decode()
    assert "/routing/rules/unsure/when" in page
    assert "confidence &lt; 0.9" in page
    said = {"meaning": "approval", "password": "wrong"}
    refused = first.post(f"/changes/{row.pk}/sign", said)
    assert refused.status_code == 422
    assert "Give your own password" in refused.content.decode()
    assert not Signature.objects.exists()
    for person in people:
        said["password"] = factories.PASSWORD
        assert person.post(f"/changes/{row.pk}/sign", said).status_code == 303
    page = first.get(f"/changes/{row.pk}").content.decode()
    for one in Signature.objects.all():
        assert one.printed_name in page
    assert page.count("Approval") >= 2
    assert "valid" in page
    assert second.post(f"/changes/{row.pk}/activate").status_code == 303
    row.refresh_from_db()
    assert row.state == "active"


def test_a_signature_that_holds_no_more_says_so(bot, people):
    row = governed.sign(governed.submit(governed.draft(bot)), people[0].user)
    adjustments.edit(
        principal=principals.of_person(bot), actor=bot, adjustment_id=row.pk,
        changed={"summary": "Another"}, now=timezone.now(),
    )  # fmt: skip
    assert "INVALID" in people[0].get(f"/changes/{row.pk}").content.decode()


def test_a_roll_back_is_signed_by_another_and_its_predictions_disposed_of(bot, people):
    first, second = people
    row = governed.in_force(governed.draft(bot), first.user, second.user)
    factories.send(bot, factories.a_payload("low"), now=timezone.now())
    refused = first.post(f"/changes/{row.pk}/roll-back", {"reason": " "})
    assert refused.status_code == 400
    first.post(f"/changes/{row.pk}/roll-back", {"reason": "It does harm"})
    page = second.get(f"/changes/{row.pk}").content.decode()
    assert "It does harm" in page
    assert "1 prediction was routed" in page
    second.post(f"/changes/{row.pk}/sign", {"meaning": "review", "password": factories.PASSWORD})
    second.post(f"/changes/{row.pk}/dispose", {"disposition": "accept", "reason": "It was right"})
    assert Remedy.objects.count() == 1
    page = second.get(f"/changes/{row.pk}").content.decode()
    assert "0 await a disposition" in page


def test_who_neither_approves_nor_audits_sees_no_change(bot, desk):
    row = governed.submit(governed.draft(bot))
    reviewer = desk()
    assert reviewer.get("/changes").status_code == 403
    assert reviewer.get(f"/changes/{row.pk}").status_code == 403
    stranger = desk(roles=("approver",), pipelines=())
    assert stranger.get(f"/changes/{row.pk}").status_code == 404


def test_an_approver_starts_at_the_changes(bot, people):
    assert people[0].get("/")["Location"] == "/changes"


def test_a_stop_is_confirmed_told_on_every_page_and_resumed_by_two(bot, desk, people):
    first, second = people
    third, reviewer = desk(roles=("approver",), skills=()), desk()
    said = {"tier": "low", "reason": "It does harm"}
    assert first.post("/pipelines/intents/stops", said).status_code == 422
    assert not Stop.objects.exists()
    assert first.post("/pipelines/intents/stops", said | {"confirm": "on"}).status_code == 303
    stop = Stop.objects.get()
    assert "Approving unseen is stopped in Intents" in reviewer.get("/queues").content.decode()
    assert "It does harm" in reviewer.get("/pipelines/intents/stops").content.decode()
    address = f"/stops/{stop.pk}/resume"
    assert first.post(address, {"reason": "x"}).status_code == 403
    assert second.post(address, {"reason": "It was mended"}).status_code == 303
    assert "agreed to resume" in third.get("/pipelines/intents/stops").content.decode()
    third.post(address, {"reason": "It was mended"})
    assert "Approving unseen is stopped" not in reviewer.get("/queues").content.decode()


def test_the_list_costs_the_same_for_few_and_for_many(bot, people, django_assert_max_num_queries):
    now = timezone.now() - timedelta(days=1)
    for n in range(12):
        governed.draft(bot, summary=f"Change {n}", now=now)
    with django_assert_max_num_queries(12):
        people[0].get("/changes")


def test_o23_a_change_is_challenged_and_answered_on_its_page_before_anybody_approves(bot, people):
    first, second = people
    row = governed.submit(governed.draft(bot))
    address = f"/changes/{row.pk}"
    assert first.post(f"{address}/challenge", {"objection": " "}).status_code == 400
    assert first.post(f"{address}/challenge", {"objection": "Is it tested?"}).status_code == 303
    raised = row.challenges.get()
    page = second.get(address).content.decode()
    assert "Is it tested?" in page
    assert "nobody approves before it is answered" in page
    said = {"meaning": "approval", "password": factories.PASSWORD}
    assert second.post(f"{address}/sign", said).status_code == 409
    closing = {"challenge": raised.pk, "response": "The gate run shows it."}
    assert second.post(f"{address}/answer", closing | {"challenge": "x"}).status_code == 404
    assert second.post(f"{address}/answer", closing).status_code == 303
    page = first.get(address).content.decode()
    assert "The gate run shows it." in page
    assert second.user.username in page
    assert second.post(f"{address}/answer", closing).status_code == 409
    assert second.post(f"{address}/sign", said).status_code == 303


def test_who_raised_a_challenge_accepts_what_settles_it_and_who_wrote_the_change_does_not(
    bot, people, desk
):
    author = desk(roles=("approver",), skills=())
    row = governed.submit(governed.draft(author.user))
    address = f"/changes/{row.pk}"
    people[0].post(f"{address}/challenge", {"objection": "Is it tested?"})
    raised = row.challenges.get()
    closing = {"challenge": raised.pk, "response": "It is."}
    assert "Answer and close" not in author.get(address).content.decode()
    assert author.post(f"{address}/answer", closing).status_code == 403
    assert "Accept and close" in people[0].get(address).content.decode()
    assert people[0].post(f"{address}/answer", closing).status_code == 303
