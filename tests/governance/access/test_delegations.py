"""O10: who is away lends a role for a time, no further, and never to be the second pair of eyes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import AuditEvent, Delegation, User
from governance.selectors import access, delegations, persons, principals
from governance.services import delegations as service
from reviews.models import ReviewItem
from reviews.services import resolutions
from tests import factories, governed

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEHIND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def people() -> tuple[User, User, User]:
    """Return an approver who goes away, a reviewer who stands in, and another approver."""
    factories.a_pipeline()
    giver, other = governed.approvers(2)
    return giver, factories.a_person("sue"), other


def lend(giver: User, holder: User, role: str = "approver", **changes: Any) -> Delegation:
    now = changes.pop("now", timezone.now() - timedelta(seconds=1))
    said = {"until": now + 7 * DAY, "reason": "A holiday"} | changes
    return service.give(actor=giver, holder=holder.username, role=role, now=now, **said)


def may(user: User) -> frozenset[str]:
    return principals.of_person(user).permissions


def test_o10_what_is_lent_counts_while_it_is_lent(people: Any) -> None:
    giver, holder, _ = people
    assert "approve" not in may(holder)
    row = lend(giver, holder)
    assert "approve" in may(holder)
    event = AuditEvent.objects.get(action="delegation.given")
    assert (event.stream, event.detail["holder"]) == (f"user:{giver.pk}", holder.pk)
    service.end(actor=holder, delegation_id=row.pk, now=timezone.now())
    assert "approve" not in may(holder)
    assert AuditEvent.objects.filter(action="delegation.ended").count() == 1
    with pytest.raises(Conflict, match="over"):
        service.end(actor=giver, delegation_id=row.pk, now=timezone.now())


def test_o10_it_ends_by_itself(people: Any) -> None:
    giver, holder, _ = people
    now = timezone.now()
    lend(giver, holder, now=now - 8 * DAY, until=now - DAY)
    assert "approve" not in may(holder)
    assert not delegations.to(holder).exists()


def test_o10_reviewing_is_never_lent(people: Any) -> None:
    lead = factories.a_person("lea", roles=("lead",))
    auditor = factories.a_person("aud", roles=("auditor",))
    lend(lead, auditor, "lead")
    assert may(auditor) == {"audit", "adjudicate"}
    with pytest.raises(InvalidInput, match="Reviewing is not lent"):
        lend(people[1], auditor, "reviewer")


def test_o10_what_was_lent_is_not_lent_on(people: Any) -> None:
    giver, holder, other = people
    lend(giver, holder)
    third = factories.a_person("tom")
    with pytest.raises(InvalidInput, match="hold yourself") as refusal:
        lend(holder, third)
    assert refusal.value.faults[0].pointer == "/role"
    now = timezone.now()
    with pytest.raises(IntegrityError, match="delegation_not_lent_on"), transaction.atomic():
        Delegation(
            giver=holder, holder=third, role="approver", since=now, until=now + DAY, reason="x"
        ).save()
    assert other


def test_o10_it_ends_with_the_role_the_account_or_the_reach_of_its_giver(people: Any) -> None:
    giver, holder, _ = people
    lend(giver, holder)
    factories.a_pipeline("other")
    role = giver.groups.get(role__slug="approver")
    giver.groups.remove(role)
    assert "approve" not in may(holder)
    giver.groups.add(role)
    assert "approve" in may(holder)
    giver.is_active = False
    giver.because(None, "Gone").save()
    assert "approve" not in may(holder)
    giver.is_active = True
    giver.because(None, "Back").save()
    factories.apply(
        {"kind": "Person", "username": "sue", "email": "sue@example.org", "roles": ["reviewer"],
         "pipelines": ["intents", "other"]}
    )  # fmt: skip
    assert "approve" not in may(holder), "she sees a pipeline that its giver does not"


def test_o10_who_stands_in_for_the_author_or_a_signer_does_not_sign(people: Any) -> None:
    giver, holder, other = people
    lend(giver, holder)
    written = governed.submit(governed.of_model(giver, "2"))
    with pytest.raises(NotPermitted, match="others than those who wrote it"):
        governed.sign(written, holder)
    signed = governed.sign(governed.submit(governed.of_model(other, "3")), giver)
    with pytest.raises(NotPermitted, match="has signed it already"):
        governed.sign(signed, holder)
    alone = governed.sign(governed.submit(governed.of_model(other, "4")), holder)
    with pytest.raises(NotPermitted, match="has signed it already"):
        governed.sign(alone, giver)


def test_o10_for_ninety_days_after_they_count_as_one(people: Any) -> None:
    giver, holder, other = people
    now = timezone.now()
    lend(giver, holder, now=now - 100 * DAY, until=now - 80 * DAY)
    assert persons.linked(giver) == persons.linked(holder) == {
        persons.person_of(giver), persons.person_of(holder),
    }  # fmt: skip
    lend(other, holder, now=now - 200 * DAY, until=now - 120 * DAY)
    assert persons.linked(other) == {persons.person_of(other)}


def test_o10_who_stands_in_does_not_settle_what_the_giver_answered(people: Any) -> None:
    lead, auditor = (
        factories.a_person("lea", roles=("lead", "reviewer")),
        factories.a_person("aud", roles=("auditor",)),
    )
    lend(lead, auditor, "lead")
    item = factories.an_item(factories.a_service(), "high")
    for person, label in ((lead, "balance"), (factories.a_person("bob"), "card_arrival")):
        held = factories.claim(person)
        assert held is not None
        factories.decide(person, held, label)
    assert ReviewItem.objects.get().status == "awaiting_adjudication"
    with pytest.raises(NotPermitted, match="decided on this item"):
        resolutions.adjudicate(
            principal=principals.of_person(auditor), actor=auditor, item_id=item.pk,
            answer={"label": "balance"}, rationale="It says so.", now=timezone.now(),
        )  # fmt: skip


def test_o10_a_token_carries_nothing_that_was_lent(people: Any, api: Any) -> None:
    giver, holder, other = people
    lend(giver, holder)
    row = governed.submit(governed.of_model(other, "2"))
    caller = api(holder, "govern")
    body = {"meaning": "approval", "password": factories.PASSWORD}
    assert caller.post(f"/adjustments/{row.pk}/sign", body).status_code == 403


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/role", {"role": "lead"}), ("/role", {"role": "nothing"}), ("/reason", {"reason": " "}),
        ("/until", {"until": timezone.now() - DAY}),
        ("/until", {"until": timezone.now() + 91 * DAY}),
    ],
)  # fmt: skip
def test_o10_what_cannot_be_lent_is_named(people: Any, pointer: str, changes: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        lend(people[0], people[1], **changes)
    assert refusal.value.faults[0].pointer == pointer
    assert not Delegation.objects.exists()


def test_o10_it_is_lent_to_another_person_who_sees_no_more(people: Any) -> None:
    giver, _, _ = people
    factories.a_pipeline("other")
    wide = factories.a_person("wide", pipelines=("intents", "other"))
    same = factories.a_person("same")
    same.email = giver.email = "one@example.org"
    for account in (giver, same):
        account.because(None, "One person").save()
    robot = factories.a_service("robot")
    robot.kind = "service"
    robot.because(None, "It is none").save()
    for holder in (wide, same, robot):
        with pytest.raises(InvalidInput) as refusal:
            lend(giver, holder)
        assert refusal.value.faults[0].pointer == "/holder"
    row = lend(giver, people[1])
    with pytest.raises(NotFound):
        service.end(actor=wide, delegation_id=row.pk, now=timezone.now())


def test_o10_the_matrix_says_what_was_lent_on_a_day(people: Any) -> None:
    giver, holder, _ = people
    row = lend(giver, holder)
    root = principals.of_person(factories.an_administrator())
    found = {each.user: each for each in access.on(root, timezone.now())}
    assert found[holder].lent == [row]
    assert "approve" in found[holder].permissions
    before = {each.user: each for each in access.on(root, row.since - timedelta(minutes=1))}
    assert holder not in before or before[holder].lent == []


def test_o10_it_is_lent_and_ended_on_a_page(people: Any) -> None:
    giver, holder, _ = people
    client, other = Client(), Client()
    client.force_login(giver, backend=BEHIND)
    other.force_login(holder, backend=BEHIND)
    day = (timezone.now() + 3 * DAY).date()
    sent = {"holder": "sue", "role": "approver", "until": f"{day}", "reason": "A <b>holiday</b>"}
    wrong = client.post("/me/delegations", sent | {"holder": "nobody"})
    assert wrong.status_code == 422
    assert "There is no active person" in wrong.content.decode()
    assert client.post("/me/delegations", sent).status_code == 303
    assert client.post("/me/delegations", sent).status_code == 422
    page = other.get("/me/delegations").content.decode()
    assert "A &lt;b&gt;holiday" in page
    assert other.get("/changes").status_code == 200
    row = Delegation.objects.get()
    assert other.post(f"/me/delegations/{row.pk}/end").status_code == 303
    assert other.get("/changes").status_code == 403
    assert "ended" in client.get("/me/delegations").content.decode()
