"""Signatures: whose they are, what they bind, and what it takes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from governance.enums import Meaning
from governance.exceptions import (
    Conflict,
    InvalidInput,
    NotPermitted,
    ReauthenticationRequired,
)
from governance.models import (
    Adjustment,
    AdjustmentRevision,
    AuditEvent,
    Signature,
    User,
)
from governance.selectors import bindings, principals
from governance.services import adjustments, signature_policies
from tests import factories, governed

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot() -> User:
    factories.a_pipeline()
    return factories.a_service()


def submitted(bot: User, **said: Any) -> Adjustment:
    return governed.submit(governed.draft(bot, **said))


def fresh(row: Adjustment) -> Adjustment:
    return Adjustment.objects.select_related("pipeline").get(pk=row.pk)


def test_two_people_approve_what_a_third_has_written(bot: User) -> None:
    first, second = governed.approvers()
    row = governed.sign(submitted(bot), first)
    assert row.state == "submitted"
    assert governed.sign(row, second).state == "approved"


def test_o10_the_same_person_does_not_sign_twice_under_any_account(bot: User) -> None:
    first, second = governed.approvers()
    other = factories.a_person(
        roles=("approver",), skills=(), email=second.email.upper().replace("EXAMPLE", "Example")
    )
    row = governed.sign(submitted(bot), first)
    for again in (first,):
        with pytest.raises(NotPermitted, match="already"):
            governed.sign(row, again)
    governed.sign(submitted(bot), second)
    row = governed.sign(submitted(bot), second)
    with pytest.raises(NotPermitted, match="already"):
        governed.sign(row, other)
    assert fresh(row).state == "submitted"


def test_o10_an_author_does_not_sign_under_another_account_and_no_administrator_is_exempt(
    bot: User,
) -> None:
    root = factories.an_administrator()
    mine = submitted(root)
    with pytest.raises(NotPermitted, match="others than those who wrote it"):
        governed.sign(mine, root)
    author = factories.a_person(roles=("approver",), skills=())
    twin = factories.a_person(roles=("approver",), skills=(), email=author.email)
    with pytest.raises(NotPermitted, match="others than those who wrote it"):
        governed.sign(submitted(author), twin)


def test_who_edited_a_change_has_written_it_too(bot: User) -> None:
    editor, other = governed.approvers()
    row = governed.draft(bot)
    adjustments.edit(
        principal=principals.of_person(editor), actor=editor, adjustment_id=row.pk,
        changed={"summary": "Review more, I say"}, now=timezone.now(),
    )  # fmt: skip
    row = governed.submit(fresh(row))
    with pytest.raises(NotPermitted, match="others than those who wrote it"):
        governed.sign(row, editor)
    governed.sign(row, other)


def test_who_has_no_role_that_approves_does_not_sign(bot: User) -> None:
    row = submitted(bot)
    with pytest.raises(NotPermitted, match="permission approve"):
        governed.sign(row, factories.a_person())


def test_o23_an_author_does_not_validate_and_an_open_challenge_blocks_approval(bot: User) -> None:
    author, first, second = governed.approvers(3)
    row = submitted(author)
    with pytest.raises(NotPermitted, match="others than those who wrote it"):
        governed.sign(row, author, meaning=Meaning.VALIDATION)
    objector = factories.a_person()
    made = adjustments.challenge(
        principal=principals.of_person(objector), actor=objector, adjustment_id=row.pk,
        objection="On what data?", now=timezone.now(),
    )  # fmt: skip
    with pytest.raises(Conflict, match="challenge is open"):
        governed.sign(row, first)
    answer: dict[str, Any] = {
        "adjustment_id": row.pk, "challenge_id": made.pk, "response": "The last month's.",
        "now": timezone.now(),
    }  # fmt: skip
    with pytest.raises(NotPermitted):
        adjustments.answer(principal=principals.of_person(author), actor=author, **answer)
    adjustments.answer(principal=principals.of_person(first), actor=first, **answer)
    with pytest.raises(Conflict, match="answered already"):
        adjustments.answer(principal=principals.of_person(first), actor=first, **answer)
    assert governed.sign(row, first, second).state == "approved"


def test_o25_a_signature_has_its_three_items_and_binds_the_record(bot: User) -> None:
    first, second = governed.approvers()
    first.first_name, first.last_name = "Ada", "Lovelace"
    first.because(None, "For a test").save()
    row = governed.sign(submitted(bot), first)
    one = Signature.objects.get(signer=first)
    assert (one.printed_name, one.meaning) == ("Ada Lovelace", "approval")
    assert one.reauthenticated_at <= one.at
    assert one.digest == row.digest == bindings.stamp_of(fresh(row))
    assert bindings.holds(one, fresh(row))
    event = AuditEvent.objects.get(action="adjustment.signed")
    assert event.detail["signature"] == str(one.pk)
    assert "Ada" not in str(event.detail)
    governed.sign(row, second)


def test_o25_a_signature_copied_to_another_record_does_not_hold(bot: User) -> None:
    first, _ = governed.approvers()
    row = governed.sign(submitted(bot), first)
    other = submitted(bot, summary="Another")
    copy = Signature.objects.get(signer=first)
    copy.adjustment = other
    assert not bindings.holds(copy, other)
    assert other.digest != row.digest


def test_o25_an_edit_voids_every_signature(bot: User) -> None:
    people = governed.approvers()
    row = governed.sign(submitted(bot), *people)
    assert row.state == "approved"
    row = adjustments.edit(
        principal=principals.of_person(bot), actor=bot, adjustment_id=row.pk,
        changed={"summary": "Review a little more"}, now=timezone.now(),
    )  # fmt: skip
    assert (row.state, row.revision, row.digest) == ("draft", 2, "")
    assert not any(bindings.holds(each, row) for each in row.signatures.all())
    row = governed.submit(fresh(row))
    assert not any(bindings.holds(each, row) for each in row.signatures.all())
    assert AdjustmentRevision.objects.filter(adjustment=row).count() == 2
    assert governed.sign(row, *people).state == "approved"


def test_o25_what_was_changed_behind_the_record_is_neither_signed_nor_activated(bot: User) -> None:
    first, second, third = governed.approvers(3)
    row = governed.sign(submitted(bot), first, second)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE governance_adjustment SET risk = 'low'")
    row = fresh(row)
    assert not any(bindings.holds(each, row) for each in row.signatures.all())
    with pytest.raises(Conflict, match="digest differs"):
        governed.activate(row, third)


@pytest.mark.parametrize("proven", [None, timedelta(minutes=5, seconds=1), timedelta(seconds=-1)])
def test_o25_nobody_signs_without_the_password_of_a_few_minutes_ago(
    bot: User, proven: timedelta | None
) -> None:
    first, _ = governed.approvers()
    row = submitted(bot)
    with pytest.raises(ReauthenticationRequired) as refused:
        governed.sign(row, first, proven=proven)
    assert refused.value.status == 401
    governed.sign(row, first, proven=timedelta(minutes=5))


def test_o15_a_change_of_high_risk_says_first_whether_it_is_a_substantial_modification(
    bot: User,
) -> None:
    row = governed.draft(bot, risk="high")
    with pytest.raises(InvalidInput) as refused:
        governed.submit(row)
    assert refused.value.faults[0].pointer == "/substantial_modification"
    adjustments.edit(
        principal=principals.of_person(bot), actor=bot, adjustment_id=row.pk,
        changed={"substantial": "no", "rationale": "Only a threshold"}, now=timezone.now(),
    )  # fmt: skip
    assert governed.submit(fresh(row)).validations_needed == 1


def test_a_substantial_modification_is_of_high_risk_whatever_is_said(bot: User) -> None:
    row = submitted(bot, risk="low", substantial="yes", rationale="Another purpose")
    assert (row.risk, row.validations_needed) == ("high", 1)


def test_the_policy_of_a_risk_says_how_many_sign_and_which_roles(bot: User) -> None:
    factories.apply({"kind": "Role", "slug": "board", "permissions": ["approve"]})
    said: dict[str, Any] = {
        "pipeline": governed.the_pipeline(), "risk": "medium", "approvals": 2, "validations": 1,
        "actor": None, "reason": "For a test", "now": timezone.now(),
    }  # fmt: skip
    for wrong in ({"roles": ["bord"]}, {"roles": [], "approvals": 1}):
        with pytest.raises(InvalidInput):
            signature_policies.set_policy(**said | wrong)
    signature_policies.set_policy(**said, roles=["board"])
    (first,) = governed.approvers(1)
    board = [factories.a_person(roles=("board",), skills=()) for _ in range(2)]
    row = submitted(bot)
    with pytest.raises(NotPermitted, match="role board"):
        governed.sign(row, first)
    governed.sign(row, first, meaning=Meaning.VALIDATION)
    assert governed.sign(row, board[0]).state == "submitted"
    assert governed.sign(row, board[1]).state == "approved"


def test_o24_no_sql_skips_a_state_or_approves_without_signatures(bot: User) -> None:
    row = submitted(bot)
    for state, wall in (("active", "adjustment_moves"), ("approved", "adjustment_signed")):
        with (
            pytest.raises(IntegrityError, match=wall),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE governance_adjustment SET state = %s", [state])
    governed.sign(row, *governed.approvers())
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM governance_signature")


def test_what_was_rejected_or_withdrawn_stays_so(bot: User) -> None:
    first, second = governed.approvers()
    row = submitted(bot)
    act: dict[str, Any] = {"adjustment_id": row.pk, "now": timezone.now()}
    with pytest.raises(InvalidInput):
        adjustments.reject(principal=principals.of_person(first), actor=first, reason=" ", **act)
    rejected = adjustments.reject(
        principal=principals.of_person(first), actor=first, reason="No", **act
    )
    assert rejected.state == "rejected"
    with pytest.raises(Conflict, match="rejected"):
        governed.sign(rejected, second)
    with pytest.raises(Conflict, match="rejected"):
        adjustments.withdraw(principal=principals.of_person(bot), actor=bot, reason="", **act)
    other = submitted(bot)
    stranger = factories.a_person()
    act["adjustment_id"] = other.pk
    with pytest.raises(NotPermitted):
        adjustments.withdraw(
            principal=principals.of_person(stranger), actor=stranger, reason="", **act
        )
    gone = adjustments.withdraw(principal=principals.of_person(bot), actor=bot, reason="", **act)
    assert gone.state == "withdrawn"
