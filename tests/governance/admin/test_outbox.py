"""The page of the outbox: read by auditors, acted on by administrators, each time with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.models import AuditEvent, OutboxMessage, User
from governance.selectors.outbox import State
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/outboxmessage/"
TRACE = "Traceback (most recent call last):\n  File <b>x</b>\nConnectionRefusedError: port 25"


def a_message(**changes: Any) -> OutboxMessage:
    now = timezone.now()
    fields = {"task": "governance.beat", "created_at": now, "next_at": now} | changes
    return OutboxMessage.objects.create(**fields)


def a_dead_message(**changes: Any) -> OutboxMessage:
    died = timezone.now()
    return a_message(dead_at=died, attempts=5, last_error=TRACE, **changes)


def page(row: OutboxMessage, act: str = "change") -> str:
    return reverse(f"admin:governance_outboxmessage_{act}", args=[row.pk])


@pytest.fixture
def auditor() -> User:
    factories.a_pipeline()
    return factories.a_person("auditor", roles=("auditor",), skills=())


def listed(client: Any, state: str) -> set[str]:
    rows = client.get(LIST, {"state": state}).context["cl"].queryset
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def test_the_list_is_cut_to_a_state(browser: Any, admin_user: User) -> None:
    now = timezone.now()
    soon = now + timedelta(minutes=1)
    made = {
        State.WAITING: a_message(),
        State.RUNNING: a_message(started_at=now, next_at=soon, attempts=1),
        State.DONE: a_message(done_at=now, attempts=1),
        State.DEAD: a_dead_message(),
        State.DISCARDED: a_dead_message(discarded_at=now),
    }
    client = browser(admin_user)
    for state, row in made.items():
        assert listed(client, state) == {str(row.pk)}
        assert f">{state.label}<" in client.get(page(row)).content.decode()
    assert listed(client, "") == {str(row.pk) for row in made.values()}
    assert listed(client, "nonsense") == set()


def test_a_message_is_found_by_its_id_and_by_what_makes_it_unique(
    browser: Any, admin_user: User
) -> None:
    row, _ = a_message(dedupe="job:7"), a_message()
    client = browser(admin_user)
    for term in (str(row.pk), "job:7"):
        assert list(client.get(LIST, {"q": term}).context["cl"].queryset) == [row]


def test_the_page_of_a_dead_message_shows_what_it_was_to_do_and_why_it_failed(
    browser: Any, admin_user: User
) -> None:
    row = a_dead_message(arguments={"job_id": "0192"})
    told = browser(admin_user).get(page(row)).content.decode()
    assert "job_id" in told
    assert "ConnectionRefusedError: port 25" in told
    assert "File &lt;b&gt;x&lt;/b&gt;" in told
    assert page(row, "retry") in told
    assert page(row, "discard") in told


def test_an_auditor_reads_it_and_can_do_nothing(browser: Any, auditor: User) -> None:
    row = a_dead_message()
    client = browser(auditor)
    told = client.get(page(row)).content.decode()
    assert "ConnectionRefusedError" in told
    assert page(row, "retry") not in told
    assert client.get(LIST).status_code == 200
    for act in ("retry", "discard"):
        assert client.get(page(row, act)).status_code == 403
        assert client.post(page(row, act), {"reason": "Because"}).status_code == 403
    row.refresh_from_db()
    assert (row.discarded_at, row.attempts) == (None, 5)


@pytest.mark.parametrize(
    ("act", "action"), [("retry", "outbox.retried"), ("discard", "outbox.discarded")]
)
def test_an_administrator_acts_once_with_a_reason_and_it_is_in_the_ledger(
    browser: Any, admin_user: User, auditor: User, act: str, action: str
) -> None:
    row = a_dead_message()
    client = browser(admin_user)
    assert client.get(page(row, act)).status_code == 200
    assert "a change without a reason is refused" in client.post(page(row, act)).content.decode()
    assert not AuditEvent.objects.filter(action=action).exists()

    done = client.post(page(row, act), {"reason": "The mail server is back"})

    assert (done.status_code, done["Location"]) == (302, page(row))
    event = AuditEvent.objects.get(action=action)
    assert (event.stream, event.actor) == (f"outbox:{row.pk}", admin_user)
    again = client.post(page(row, act), {"reason": "Twice"})
    assert again.status_code == 200
    refused = "only a dead one" if act == "retry" else "was discarded"
    assert refused in again.content.decode()
    told = client.get(page(row)).content.decode()
    assert page(row, act) not in told
    told = browser(auditor).get(reverse("admin:governance_auditevent_change", args=[event.pk]))
    assert page(row) in told.content.decode()


def test_a_message_that_is_not_there_is_a_404(browser: Any, admin_user: User) -> None:
    client = browser(admin_user)
    gone = a_message()
    OutboxMessage.objects.all().delete()
    for address in (page(gone), page(gone, "retry"), f"{LIST}nonsense/retry/"):
        assert client.get(address).status_code == 404, address
        assert client.post(address, {"reason": "Because"}).status_code in (403, 404), address
