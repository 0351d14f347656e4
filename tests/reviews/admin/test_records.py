from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.admin import dates
from governance.models import AuditEvent
from reviews.models import Decision, Prediction, ReviewItem
from tests import factories

pytestmark = pytest.mark.django_db
LIST = "/admin/reviews/prediction/"


@pytest.fixture
def client(admin_user) -> Client:
    client = Client()
    client.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def titles(client: Client, query: str = "") -> list[str]:
    return [step.title for step in client.get(LIST + query).context["cl"].trail.choices]


def found(client: Client, query: str, address: str = LIST) -> set[str]:
    return {str(row) for row in client.get(address + query).context["cl"].result_list}


def queries(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured]


def test_dates_are_drilled_from_years_to_days_between_the_ends(client) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    for moment in (datetime(2025, 11, 3, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)):
        factories.send(bot, factories.a_payload("low"), now=moment)
    assert titles(client) == ["2025", "2026"]
    assert titles(client, "?received_at__year=2025") == ["November 2025", "December 2025"]
    assert titles(client, "?received_at__year=2026") == ["January 2026", "February 2026"]
    february = "?received_at__year=2026&received_at__month=2"
    assert titles(client, february) == [str(day) for day in range(1, 11)]
    assert titles(client, february + "&received_at__day=10") == ["10 February"]
    assert len(found(client, february + "&received_at__day=10")) == 1
    assert len(found(client, february + "&received_at__day=9")) == 0


def test_a_date_that_does_not_exist_is_no_error(client) -> None:
    factories.a_pipeline()
    factories.send(factories.a_service(), factories.a_payload("low"))
    for query in ("?received_at__year=abc", "?received_at__year=2026&received_at__month=13"):
        assert client.get(LIST + query).status_code in (200, 302), query


def test_lists_neither_count_nor_read_the_whole_table(client) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service(), "high")
    for model in (Prediction, ReviewItem, AuditEvent, Decision):
        meta = model._meta
        asked = queries(client, reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"))
        of_table = [sql for sql in asked if f'FROM "{meta.db_table}"' in sql]
        assert of_table
        # The page itself has no limit where all rows fit on it.
        assert len([sql for sql in of_table if "LIMIT" not in sql]) <= 1, model
        assert not any("DISTINCT" in sql for sql in of_table), model


def test_lists_ask_the_database_equally_often_for_few_rows_and_many(client) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    factories.an_item(bot, "high")
    addresses = [LIST, "/admin/reviews/reviewitem/", "/admin/governance/auditevent/"]
    before = [len(queries(client, address)) for address in addresses]
    for _ in range(5):
        factories.an_item(bot, "high")
    assert [len(queries(client, address)) for address in addresses] == before


def test_counting_stops_at_its_bound(client, monkeypatch) -> None:
    monkeypatch.setattr(dates, "COUNTED", 3)
    factories.a_pipeline()
    bot = factories.a_service()
    factories.send(bot, *[factories.a_payload("low") for _ in range(3)])
    assert "3 predictions" in " ".join(client.get(LIST).content.decode().split())
    factories.send(bot, factories.a_payload("low"))
    assert "3+ predictions" in " ".join(client.get(LIST).content.decode().split())


def test_a_prediction_is_found_by_its_ids_and_by_how_its_external_id_begins(client) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    item = factories.an_item(bot, external_id="order-1%")
    factories.send(bot, factories.a_payload("low", external_id="order-2"))
    factories.send(bot, factories.a_payload("low", external_id=str(item.pk)[:8]))
    assert found(client, "?q=order-") == {"order-1%", "order-2"}
    assert found(client, "?q=order-1%25") == {"order-1%"}
    assert found(client, "?q=rder") == set()
    assert found(client, f"?q={item.prediction_id}") == {"order-1%"}
    assert found(client, f"?q={item.pk}") == {"order-1%"}


@pytest.mark.parametrize("term", ["%00", "%F0%9F%A7%AA", "'; drop table", "a" * 5000, "%ED%A0%80"])
def test_odd_terms_find_nothing_and_break_nothing(client, term) -> None:
    factories.a_pipeline()
    factories.send(factories.a_service(), factories.a_payload("low"))
    for model in admin.site._registry:
        meta = model._meta
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        assert client.get(f"{page}?q={term}").status_code == 200, model


def test_what_happened_to_an_item_is_found_by_its_id_or_its_prediction(client) -> None:
    factories.a_pipeline()
    bot, reviewer = factories.a_service(), factories.a_person()
    item = factories.an_item(bot, "high")
    factories.claim(reviewer)
    events = "/admin/governance/auditevent/"
    for term in (item.pk, item.prediction_id, f"item:{item.pk}"):
        listed = client.get(f"{events}?q={term}").context["cl"].result_list
        assert [event.action for event in listed] == ["item.claimed"], term


def test_events_are_filtered_by_action(client) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service(), "high")
    listed = client.get("/admin/governance/auditevent/?action=predictions.received")
    assert {event.action for event in listed.context["cl"].result_list} == {"predictions.received"}
    spec, _ = listed.context["cl"].filter_specs
    assert ("policy.published", "policy.published") in spec.lookup_choices


def test_an_act_on_an_item_is_told_in_words(client) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service(), "high")
    factories.claim(factories.a_person())
    events = client.get("/admin/governance/auditevent/?action=item.claimed")
    assert "Claimed (item.claimed)" in events.content.decode()
    spec, _ = events.context["cl"].filter_specs
    assert ("item.claimed", "Claimed (item.claimed)") in spec.lookup_choices


def test_the_event_of_a_call_leads_to_the_predictions_that_it_brought(client) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    brought = factories.send(bot, factories.a_payload("low"), factories.a_payload("mid"))
    factories.send(bot, factories.a_payload("low"), now=factories.NOW + timedelta(seconds=1))
    page = reverse("admin:governance_auditevent_change", args=[brought[0].intake])
    subject = client.get(page).content.decode().split('href="/admin/reviews/prediction/?')[1]
    query = subject.split('"')[0].replace("&amp;", "&")
    assert found(client, f"?{query}") == {row.external_id for row in brought}


def test_the_page_of_an_item_links_to_all_that_belongs_to_it(client) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    item = factories.an_item(bot, "mid")
    held = factories.claim(factories.a_person("maria"))
    assert held is not None
    decided = factories.decide(factories.User.objects.get(username="maria"), held)
    item.refresh_from_db()
    page = client.get(reverse("admin:reviews_reviewitem_change", args=[item.pk])).content.decode()
    for name, row in (
        ("reviews_prediction", item.prediction_id),
        ("reviews_decision", decided.decision.pk),
        ("reviews_assignment", held.assignment.pk),
        ("reviews_resolution", item.resolution_id),
        ("governance_policyversion", item.config_version_id),
    ):
        assert reverse(f"admin:{name}_change", args=[row]) in page, name
    assert f"q=item%3A{item.pk}" in page


def test_a_version_shows_its_difference_path_by_path(client) -> None:
    factories.a_pipeline()
    factories.apply(factories.pipeline_document(guideline="Read twice."))
    row = factories.Pipeline.objects.get().live
    assert row is not None
    page = client.get(reverse("admin:governance_policyversion_change", args=[row.pk]))
    text = page.content.decode()
    assert "<code>/guideline</code>" in text
    assert "<ins>Read twice.</ins>" in text
