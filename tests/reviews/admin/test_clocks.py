"""Clocks, escalations and notifications in the admin: read, and applied to by one page."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.db import append_only
from governance.models import AuditEvent, Job, Pipeline, SLAPolicy, User
from governance.selectors import policies, principals
from governance.services import jobs
from reviews.models import Escalation, Notification, ReviewItem
from reviews.selectors.clock_terms import law_of
from reviews.selectors.clocks import terms
from reviews.services import applying, clocks, escalations
from tests import factories
from tests.reviews.clocks.office import B, Office, at, ladder, policy

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"
WHY = "The board asked for it"
APPLY = "/admin/reviews/slaclock/apply/quick/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.fixture
def client(admin_user) -> Client:
    return signed_in(admin_user)


def text(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def page(client: Client, row: Any) -> str:
    meta = row._meta
    return text(
        client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk]))
    )


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured]


def escalated() -> Office:
    """Return an office in which an item was paused, breached, escalated and taken up."""
    office = Office(policy(at_risk=[0.5], ladder=ladder("PT0S", "PT1H"))).start("24 Nov 09:00")
    office.pause("24 Nov 10:00", "legal_hold")
    office.resume("24 Nov 10:30")
    office.sweep("24 Nov 12:00")
    office.sweep("24 Nov 14:00")
    escalations.acknowledge(
        principal=principals.of_person(office.lea), actor=office.lea,
        escalation_id=Escalation.objects.get().pk, now=at("24 Nov 14:10"),
    )  # fmt: skip
    return office


def test_a_clock_is_shown_with_its_events_in_order_and_its_ladder(client) -> None:
    office = escalated()
    shown = page(client, office.clock())
    shown = shown[shown.index('id="events-group"') :]
    events = ["Started", "Paused", "Resumed", "At risk", "Breached", "Escalated", "Taken up"]
    places = [shown.index(word) for word in events]
    assert places == sorted(places)
    rows = [row.get_kind_display() for row in office.clock().events.order_by("seq")]
    assert rows == events
    assert "legal_hold" in shown
    shown = page(client, office.clock())
    for words in ("4 hours", "overdue by", str(office.item.pk), "quick v", "Of levels", "lea"):
        assert words in shown, words


def test_a_stopped_clock_shows_what_it_used_and_what_was_left(client) -> None:
    office = Office(policy()).start("24 Nov 10:00")
    office.decide(office.ann, "24 Nov 11:30")
    shown = page(client, office.clock())
    assert "1 hour 30 minutes" in shown
    assert "2 hours 30 minutes" in shown


def test_row_41_a_clock_without_a_target_says_so(client) -> None:
    office = Office(policy(target=None)).start("24 Nov 10:00")
    assert "no target" in page(client, office.clock())


def test_clocks_are_listed_by_what_they_are(client) -> None:
    office = escalated()
    listed = "/admin/reviews/slaclock/"
    for query, number in (
        ("", 2), ("?kind__exact=decide", 1), ("?status__exact=paused", 0), ("?pipeline=intents", 2),
        ("?outcome__exact=met", 0), (f"?item={office.item.pk}", 2), (f"?q={office.item.pk}", 2),
        (f"?q={office.clock().pk}", 1), ("?q=x", 0), ("?pipeline=gone", 0),
    ):  # fmt: skip
        found = client.get(listed + query).context["cl"].result_list
        assert len(found) == number, query
    assert client.get(f"{listed}?policy_version__document__contains=x").status_code == 400


def test_what_is_signed_has_a_clock_without_an_item(client) -> None:
    office = Office(policy())
    pipeline = Pipeline.objects.get()
    law = law_of("quick", version_id=pipeline.live_id, queue="general")
    assert law is not None
    row = clocks.request_signoff(
        subject="change:1", pipeline_id=pipeline.pk, law=law, actor=office.max,
        now=at("24 Nov 10:00"),
    )  # fmt: skip
    assert "change:1" in page(client, row)
    listed = client.get("/admin/reviews/slaclock/?q=change:1").context["cl"].result_list
    assert [each.pk for each in listed] == [row.pk]


def test_a_clock_whose_events_make_no_sense_is_still_shown(client) -> None:
    office = escalated()
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reviews_clockevent WHERE seq = 1")
    assert "cannot be worked out" in page(client, office.clock())


def test_escalations_tell_whom_they_told_and_who_took_them_up(client) -> None:
    office = escalated()
    row = Escalation.objects.get()
    for shown in (text(client.get("/admin/reviews/escalation/")), page(client, row)):
        for words in ("lea, max", str(office.item.pk), "Told"):
            assert words in shown, words
    listed = text(client.get("/admin/reviews/escalation/"))
    assert "lea 2026-11-24 13:10" in listed
    for query, number in (
        ("?outcome__exact=fired", 1), ("?outcome__exact=final", 0), ("?pipeline=intents", 1),
        (f"?q={office.item.pk}", 1), (f"?q={office.clock().pk}", 1), (f"?clock={row.clock_id}", 1),
        ("?fired_at__year=2026", 1),
    ):  # fmt: skip
        found = client.get(f"/admin/reviews/escalation/{query}").context["cl"].result_list
        assert len(found) == number, query


def test_lists_neither_count_nor_read_the_whole_table_nor_ask_for_each_row(client) -> None:
    office = escalated()
    addresses = {
        "reviews_slaclock": "/admin/reviews/slaclock/",
        "reviews_escalation": "/admin/reviews/escalation/",
    }
    before = {}
    for table, address in addresses.items():
        asked = before[table] = queries(client, address)
        of_table = [sql for sql in asked if f'FROM "{table}"' in sql]
        assert of_table
        assert len([sql for sql in of_table if "LIMIT" not in sql]) <= 1, of_table
        assert not any("DISTINCT" in sql for sql in of_table)
    for _ in range(3):
        office.start("24 Nov 10:00")
    office.sweep("24 Nov 16:30")
    assert Escalation.objects.count() > 3
    for table, address in addresses.items():
        assert len(queries(client, address)) == len(before[table])


def test_an_item_leads_to_its_clocks(client) -> None:
    office = escalated()
    shown = page(client, ReviewItem.objects.get())
    assert f"/admin/reviews/slaclock/?item={office.item.pk}" in shown


def test_notifications_are_for_administrators(client) -> None:
    office = escalated()
    row = Notification.objects.create(
        person=office.lea, kind="escalated", source="event:1", item=office.item,
        detail={"late": "PT1H"}, created_at=timezone.now(),
    )  # fmt: skip
    assert "PT1H" in page(client, row)
    auditor = signed_in(factories.a_person("eve", roles=("auditor",)))
    assert auditor.get("/admin/reviews/notification/").status_code == 403
    assert auditor.get(f"/admin/reviews/notification/{row.pk}/change/").status_code == 403


def test_the_page_of_a_policy_leads_to_what_it_would_do(client) -> None:
    Office(policy()).start("24 Nov 10:00")
    assert APPLY in page(client, SLAPolicy.objects.get(slug="quick"))


def test_row_35_the_page_shows_counts_and_a_reason_applies_it(client, admin_user) -> None:
    now = timezone.now()
    office = Office(policy(calendar="always"))
    office.item = factories.an_item(office.bot, now=now - timedelta(hours=3))
    assert "All running clocks within your reach follow this version." in text(client.get(APPLY))
    factories.apply(policy(calendar="always", target="PT2H"))
    response = client.get(APPLY)
    assert response.context["seen"].retargeted == 2
    assert response.context["seen"].newly_breached == 1
    shown = text(response)
    assert "Until it is settled" in shown
    assert "Apply to 2 clocks" in shown

    assert "reason" in client.post(APPLY, {}).context["form"].errors
    assert Job.objects.count() == 0
    done = client.post(APPLY, {"reason": WHY}, follow=True)
    assert "2 clocks are about to follow quick v3." in text(done)
    job = Job.objects.get()
    assert AuditEvent.objects.get(action="sla_policy.applied").actor == admin_user
    again = text(client.post(APPLY, {"reason": WHY}))
    assert "It is being applied already." in again

    jobs.run(
        job_id=str(job.pk), now=timezone.now,
        work=lambda job: applying.carry_out(job=job, now=timezone.now),
    )  # fmt: skip
    shown = text(client.get(APPLY))
    assert "Succeeded" in shown
    assert "<td>2 / 2</td>" in shown
    assert office.clock().breached_at is not None


def test_an_auditor_sees_the_counts_of_their_pipelines_and_cannot_apply() -> None:
    Office(policy()).start("24 Nov 10:00")
    factories.apply(factories.pipeline_document(slug="second"))
    bot = factories.a_service("bot2", pipelines=("second",))
    factories.an_item(bot, pipeline="second", now=at("24 Nov 10:00"))
    factories.apply(policy(target="PT2H"))
    auditor = signed_in(factories.a_person("eve", roles=("auditor",)))
    response = auditor.get(APPLY)
    assert [part["pipeline"] for part in response.context["parts"]] == ["intents", "intents"]
    assert "<button" not in text(response).partition('id="content-main"')[2]
    assert auditor.post(APPLY, {"reason": WHY}).status_code == 403
    both = signed_in(factories.a_person("una", roles=("auditor", "approver")))
    assert "not a member of" in text(both.post(APPLY, {"reason": WHY}))
    assert Job.objects.count() == 0


def test_a_policy_that_does_not_exist_has_no_page(client) -> None:
    assert client.get("/admin/reviews/slaclock/apply/nowhere/").status_code == 404
    assert client.post("/admin/reviews/slaclock/apply/nowhere/", {"reason": WHY}).status_code == 404


def test_hours_that_are_not_to_be_had_break_no_page(client) -> None:
    office = Office(policy()).start("24 Nov 10:00")
    factories.apply(policy(target="PT2H"))
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE governance_policyversion SET document = %s WHERE kind = 'calendar'",
            [json.dumps(B | {"timezone": "Mars/Base", "exceptions": []})],
        )
    kept = (policies.version, policies.business_calendar, terms)
    for cache in kept:
        cache.cache_clear()
    try:
        assert "cannot be worked out" in page(client, office.clock())
        assert client.get(APPLY).context["seen"].retargeted == 2
    finally:
        for cache in kept:
            cache.cache_clear()
