"""Access reviews: each grant looked at by somebody else, by a day, and signed (O26)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from governance.exceptions import Conflict, NotFound, NotPermitted, ReauthenticationRequired
from governance.models import AccessGrant, AccessReview, AccessVerdict, AuditEvent, User
from governance.selectors import access, principals
from governance.services import access_reviews
from tests import factories, governed

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def staff() -> dict[str, User]:
    factories.a_pipeline()
    first, second = governed.approvers(2)
    return {
        "ann": factories.a_person("ann", roles=("reviewer", "lead")), "first": first,
        "second": second,
    }  # fmt: skip


def begin(by: User, **more) -> AccessReview:
    now = timezone.now()
    said = {"due_at": now + WEEK, "reason": "Every half year", "pipeline": "intents"} | more
    return access_reviews.begin(
        principal=principals.of_person(by), actor=by, now=now, **said
    )  # fmt: skip


def judge(by: User, grant: AccessGrant, *, keep: bool = True) -> AccessVerdict:
    return access_reviews.judge(
        principal=principals.of_person(by), actor=by, grant_id=grant.pk, keep=keep,
        reason="Works here", now=timezone.now(),
    )  # fmt: skip


def close(by: User, review: AccessReview, proven: bool = True):
    now = timezone.now()
    return access_reviews.close(
        principal=principals.of_person(by), actor=by, review_id=review.pk,
        proven_at=now if proven else None, now=now,
    )  # fmt: skip


def of(user: User, role: str) -> AccessGrant:
    return AccessGrant.objects.get(user=user, role=role)


def test_o26_a_review_takes_down_what_everybody_holds_and_stays_as_it_was(staff) -> None:
    begin(staff["first"])
    held = set(AccessGrant.objects.values_list("user__username", "role"))
    assert {("ann", "reviewer"), ("ann", "lead")} <= held
    assert "review" in of(staff["ann"], "reviewer").permissions
    factories.a_person("ann", roles=("reviewer",))
    assert set(AccessGrant.objects.values_list("user__username", "role")) == held


def test_o26_nobody_looks_at_their_own_under_any_account(staff) -> None:
    begin(staff["first"])
    with pytest.raises(NotPermitted, match="your own"):
        judge(staff["first"], of(staff["first"], "approver"))
    twin = factories.a_person("twin", roles=("approver",), email=staff["second"].email)
    with pytest.raises(NotPermitted, match="your own"):
        judge(twin, of(staff["second"], "approver"))


def test_o26_what_is_revoked_is_gone_at_once_and_told_on_the_persons_stream(staff) -> None:
    begin(staff["first"])
    ann = staff["ann"]
    judge(staff["first"], of(ann, "lead"), keep=False)
    judge(staff["first"], of(ann, "reviewer"))
    assert principals.permissions_of(ann) == {"review"}
    told = AuditEvent.objects.filter(stream=f"user:{ann.pk}").order_by("sequence").last()
    assert (told.action, told.detail["roles"]) == ("access.revoked", ["reviewer"])
    with pytest.raises(Conflict, match="verdict already"):
        judge(staff["second"], of(ann, "lead"))


def test_o26_a_grant_that_nobody_looked_at_is_suspended_on_the_day_and_once(staff) -> None:
    review, ann = begin(staff["first"]), staff["ann"]
    judge(staff["first"], of(ann, "reviewer"))
    assert access_reviews.suspend_due(now=review.due_at - timedelta(seconds=1)) == 0
    left = access.left(review).count()
    assert access_reviews.suspend_due(now=review.due_at) == left
    assert access_reviews.suspend_due(now=review.due_at) == 0
    assert principals.permissions_of(ann) == {"review"}
    verdict = AccessVerdict.objects.get(grant=of(ann, "lead"))
    assert (verdict.kind, verdict.actor) == ("suspended", None)
    assert AuditEvent.objects.filter(action="access.suspended").count() == left


def test_o26_a_review_that_suspends_nothing_leaves_what_is_overdue(staff) -> None:
    review = begin(staff["first"], suspends=False)
    assert access_reviews.suspend_due(now=review.due_at + WEEK) == 0
    assert "adjudicate" in principals.permissions_of(staff["ann"])


def test_o26_the_last_administrator_is_never_locked_out() -> None:
    factories.a_pipeline()
    root = factories.an_administrator()
    review = begin(root, pipeline="")
    access_reviews.suspend_due(now=review.due_at)
    root.refresh_from_db()
    assert root.is_superuser
    assert access.left(review).get().user == root
    factories.an_administrator("second")
    assert access_reviews.suspend_due(now=review.due_at) == 1
    root.refresh_from_db()
    assert not root.is_superuser


def test_o26_a_review_is_signed_when_all_is_judged_with_the_password_and_once(staff) -> None:
    review, first, second = begin(staff["first"]), staff["first"], staff["second"]
    with pytest.raises(Conflict, match="no verdict yet"):
        close(first, review)
    for grant in access.left(review):
        judge(second if grant.user == first else first, grant)
    with pytest.raises(ReauthenticationRequired):
        close(first, review, proven=False)
    closing = close(first, review)
    assert closing.digest == access_reviews.digest_of(review)
    with pytest.raises(Conflict, match="signed already"):
        close(second, review)


def test_o26_who_sees_one_pipeline_reviews_neither_another_nor_everything(staff) -> None:
    factories.a_pipeline("other")
    (stranger,) = governed.approvers(1, pipelines=("other",))
    with pytest.raises(NotPermitted, match="name the one"):
        begin(stranger, pipeline="")
    with pytest.raises(NotFound):
        begin(stranger)
    begin(staff["first"])
    with pytest.raises(NotFound):
        judge(stranger, of(staff["ann"], "lead"))


def test_o26_a_reviewer_does_not_review_access(staff) -> None:
    with pytest.raises(NotPermitted, match="permission to approve"):
        begin(staff["ann"])


def test_a_role_that_went_meanwhile_can_still_be_judged(staff) -> None:
    begin(staff["first"])
    staff["ann"].groups.remove(Group.objects.get(role__slug="lead"))
    assert judge(staff["first"], of(staff["ann"], "lead"), keep=False).kind == "revoked"
