"""Maintenance is begun, ended and seen at the console, in the admin and on the desk."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from governance.models import AuditEvent, User
from governance.selectors import principals
from reviews.models import Maintenance
from reviews.selectors import ledger
from reviews.services import sweeping
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/maintenance/"
REASON = "The <vendor> is down"


def run(*words: str) -> tuple[int, str]:
    """Return the exit code of the command, and the one line that it says."""
    said = io.StringIO()
    try:
        call_command("maintenance", *words, stdout=said)
    except CommandError as error:
        return error.returncode, str(error)
    return 0, said.getvalue().strip()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


@pytest.fixture
def root(db: None) -> User:
    factories.a_pipeline()
    return factories.an_administrator()


def test_the_console_begins_ends_and_tells_in_one_line_each() -> None:
    assert run("status") == (
        0, "Not in maintenance. Clocks that the sweep has still to come to: 0."
    )  # fmt: skip
    code, said = run("begin", "--reason", REASON)
    assert (code, said.count("\n")) == (0, 0)
    assert said.startswith("In maintenance since ")
    assert said.endswith(REASON)
    code, said = run("end")
    assert code == 0
    assert said.startswith("Ended at ")
    row = Maintenance.objects.get()
    assert (row.began_by, row.ended_by) == (None, None)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["end"], "The system is not in maintenance."),
        (["begin", "--reason", " "], "Say why"),
        (["begin"], "the following arguments are required: --reason"),
        ([], "the following arguments are required: act"),
    ],
)
def test_what_the_console_refuses_is_one_line_and_no_success(words: list[str], line: str) -> None:
    code, said = run(*words)
    assert code != 0
    assert line in said
    assert "\n" not in said


def test_the_console_counts_the_clocks_that_the_sweep_has_still_to_come_to(root: User) -> None:
    factories.an_item(factories.a_service(), now=timezone.now())
    run("begin", "--reason", "A new disk")
    assert run("status")[1].endswith("come to: 2.")
    sweeping.sweep(now=timezone.now)
    assert run("status")[1].endswith("come to: 0.")
    run("end")
    assert run("status")[1].endswith("come to: 2.")


def test_an_administrator_begins_and_ends_it_with_the_buttons_of_the_list(root: User) -> None:
    client = signed_in(root)
    assert f"{LIST}begin/" in text(client.get(LIST))
    assert "Items stay where they are" in text(client.get(f"{LIST}begin/"))
    assert client.post(f"{LIST}begin/", {"reason": REASON}).url == LIST
    row = Maintenance.objects.get()
    assert (row.began_by, row.reason, row.ended_at) == (root, REASON, None)
    shown = text(client.get(LIST))
    assert f"{LIST}end/" in shown
    assert f"{LIST}begin/" not in shown
    assert client.post(f"{LIST}end/").url == LIST
    row.refresh_from_db()
    assert row.ended_by == root
    assert "Clocks run on from now" in text(client.get(LIST))
    assert AuditEvent.objects.filter(stream=f"maintenance:{row.pk}").count() == 2


def test_a_second_begin_is_refused_on_the_page(root: User) -> None:
    run("begin", "--reason", "A new disk")
    client = signed_in(root)
    shown = text(client.post(f"{LIST}begin/", {"reason": "Another"}))
    assert "in maintenance already" in shown
    assert "Say why" in text(client.post(f"{LIST}begin/", {"reason": ""}))


def test_an_auditor_reads_the_list_and_is_offered_no_act(root: User) -> None:
    run("begin", "--reason", REASON)
    client = signed_in(factories.a_person("auditor", roles=("auditor",), skills=()))
    shown = text(client.get(LIST))
    assert "The &lt;vendor&gt; is down" in shown
    assert f"{LIST}end/" not in shown
    for act in ("begin", "end"):
        assert client.get(f"{LIST}{act}/").status_code == 403
        assert client.post(f"{LIST}{act}/", {"reason": "x"}).status_code == 403


def test_the_desk_says_in_one_line_that_clocks_stand_still(root: User) -> None:
    client = signed_in(factories.a_person("maria"))
    assert "All clocks stand still" not in text(client.get("/queues"))
    run("begin", "--reason", REASON)
    shown = text(client.get("/queues"))
    assert "The &lt;vendor&gt; is down. All clocks stand still" in shown
    assert "All clocks stand still" not in text(Client().get("/sign-in"))
    run("end")
    assert "All clocks stand still" not in text(client.get("/queues"))


def test_its_events_concern_everybody_who_audits(root: User) -> None:
    run("begin", "--reason", REASON)
    row = Maintenance.objects.get()
    auditor = principals.of_person(factories.a_person("auditor", roles=("auditor",), skills=()))
    assert auditor.pipelines is not None
    events = ledger.events(auditor, AuditEvent.objects.all())
    assert events.filter(stream=f"maintenance:{row.pk}").count() == 1
    assert f"maintenance:{row.pk}" in ledger.streams_of(row.pk)
