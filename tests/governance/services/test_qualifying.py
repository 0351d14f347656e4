"""What a person is qualified for, what shows it, and that somebody else says so (O12)."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.exceptions import InvalidInput
from governance.models import AuditEvent, Skill, User
from governance.services import configuration
from tests import factories

pytestmark = pytest.mark.django_db
CARDS = {"name": "cards", "level": 2, "expires": "2027-06-30", "evidence": "The test of March."}


@pytest.fixture
def ann() -> User:
    factories.a_pipeline()
    return factories.a_person("ann", skills=())


def qualified(user: User, *skills: dict[str, Any], by: User | None, **changes: Any) -> None:
    document = {
        "kind": "Person", "username": user.username, "email": user.email, "roles": ["reviewer"],
        "pipelines": ["intents"], "skills": list(skills),
    } | changes  # fmt: skip
    configuration.apply(sources=[document], actor=by, reason="For a test", now=timezone.now())


def test_o12_a_skill_keeps_what_shows_it_and_who_said_so(ann: User) -> None:
    lead = factories.an_administrator("lead")
    qualified(ann, CARDS, by=lead)
    skill = Skill.objects.get(user=ann)
    assert (skill.level, skill.evidence) == (2, "The test of March.")
    was = skill.history.latest()
    assert (was.history_user, was.evidence) == (lead, "The test of March.")
    event = AuditEvent.objects.filter(action="person.changed", stream=f"user:{ann.pk}").latest("pk")
    assert event.detail["skills"] == [{"name": "cards", "level": 2, "expires": "2027-06-30"}]
    assert "March" not in str(event.detail)


def test_o12_what_is_applied_again_changes_nothing(ann: User) -> None:
    lead = factories.an_administrator("lead")
    qualified(ann, CARDS, by=lead)
    events = AuditEvent.objects.count()
    qualified(ann, CARDS, by=lead)
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    "more",
    [
        {"level": 3}, {"expires": "2028-01-01"}, {"expires": None}, {"evidence": "I say so."},
        {"name": "loans"},
    ],
)  # fmt: skip
def test_o12_nobody_qualifies_themselves_under_any_account(ann: User, more: Any) -> None:
    qualified(ann, CARDS, by=None)
    other = factories.an_administrator("other")
    other.email = ann.email
    other.because(None, "The same person").save()
    for account in (ann, other):
        for changes in ({}, {"email": "new@example.org"}):
            with pytest.raises(InvalidInput) as refusal:
                qualified(ann, CARDS | more, by=account, **changes)
            assert refusal.value.faults[0].pointer.endswith("/skills")
    assert Skill.objects.get().evidence == "The test of March."


def test_o12_who_has_a_skill_may_give_it_up(ann: User) -> None:
    qualified(ann, CARDS, by=None)
    qualified(ann, CARDS | {"level": 1, "expires": "2027-01-01"}, by=ann)
    assert Skill.objects.get().level == 1
    qualified(ann, by=ann)
    assert not Skill.objects.exists()


def test_o12_it_is_written_and_read_in_the_admin(ann: User) -> None:
    client = Client()
    client.force_login(factories.an_administrator("root"))
    page = f"/admin/governance/user/{ann.pk}/change/"
    sent = {
        "email": ann.email, "timezone": "UTC", "roles": ["reviewer"], "pipelines": ["intents"],
        "skills": "cards 2 2027-06-30; The test of March; by Jo", "open_capacity": "5",
        "daily_capacity": "500", "kind": "human", "is_active": "on", "reason": "She passed",
    }  # fmt: skip
    answer = client.post(page, sent)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert Skill.objects.get().evidence == "The test of March; by Jo"
    assert "cards 2 2027-06-30; The test of March; by Jo" in client.get(page).content.decode()
