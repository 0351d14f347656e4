"""The first page and the page of a queue."""

import pytest
from django.test import Client

from reviews.selectors import queues
from tests import factories


def test_a_stranger_is_sent_to_sign_in_and_back(db):
    answer = Client().get("/queues")

    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in?next=/queues"


def test_a_script_without_a_session_is_told_to_load_the_sign_in_page(bot):
    answer = Client().post("/review/intents/general", headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sign-in")


def test_queues_show_what_this_person_could_take(desk, bot, now):
    for _ in range(3):
        factories.an_item(bot, now=now)

    page = desk().get("/").content.decode()

    assert '<strong class="figure">3</strong> to take' in page
    assert "left" in page


def test_queues_say_what_is_overdue(desk, bot):
    factories.an_item(bot, now=factories.NOW.replace(year=2020))

    assert "1 overdue" in desk().get("/").content.decode()


def test_counts_stop_at_a_cap(desk, bot, now, monkeypatch):
    monkeypatch.setattr(queues, "CAP", 2)
    for _ in range(4):
        factories.an_item(bot, now=now)

    assert '<strong class="figure">2+</strong>' in desk().get("/").content.decode()


def test_a_queue_whose_skill_is_lacking_says_which(desk):
    page = desk(skills=()).get("/").content.decode()

    assert "needs cards" in page


def test_nothing_to_do_says_what_next(desk):
    assert "Nothing waits for you now" in desk().get("/").content.decode()


def test_who_is_in_no_pipeline_is_told_so(desk):
    assert "not a member of any pipeline" in desk(pipelines=()).get("/").content.decode()


def test_who_does_not_review_is_told_what_they_can_do(desk):
    page = desk(roles=("auditor",)).get("/").content.decode()

    assert "You do not review" in page
    assert 'href="/admin/"' in page


@pytest.mark.parametrize("path", ["/review/other/general", "/review/intents/nowhere"])
def test_a_queue_out_of_reach_is_not_found(desk, path):
    factories.apply(factories.pipeline_document(slug="other", name="Other"))
    browser = desk()

    assert browser.get(path).status_code == 404
    assert browser.post(path).status_code == 404


def test_who_does_not_review_cannot_claim(desk, bot, now):
    factories.an_item(bot, now=now)

    assert desk(roles=("auditor",)).post("/review/intents/general").status_code == 403


def test_starting_claims_an_item_and_leads_to_it(desk, bot, now):
    item = factories.an_item(bot, now=now)

    assert desk().take().item_id == item.pk


def test_an_empty_queue_says_so(desk):
    browser = desk()

    answer = browser.post("/review/intents/general")

    assert answer["Location"] == "/review/intents/general"
    assert "All done here" in browser.get(answer["Location"]).content.decode()


def test_an_item_in_hand_comes_before_a_new_one(desk, bot, now):
    for _ in range(2):
        factories.an_item(bot, now=now)
    browser = desk()

    assert browser.take() == browser.take()


def test_who_holds_enough_is_told_to_finish_something(desk, bot, now):
    for _ in range(3):
        factories.an_item(bot, now=now)
    browser = desk(capacity={"open": 1, "per_day": 100})
    browser.take()
    browser.client.session.flush()
    browser.client.force_login(browser.user, backend="django.contrib.auth.backends.ModelBackend")

    answer = browser.post("/review/intents/general")

    assert answer.status_code == 409
    assert "Finish or skip something you hold" in answer.content.decode()


def test_a_form_without_its_token_is_refused(bot, now):
    factories.an_item(bot, now=now)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(factories.a_person(), backend="django.contrib.auth.backends.ModelBackend")

    assert browser.post("/review/intents/general").status_code == 403


def test_queries_do_not_grow_with_items(desk, bot, now, django_assert_max_num_queries):
    browser = desk()
    factories.an_item(bot, now=now)
    with django_assert_max_num_queries(30) as one:
        browser.get("/")
    for _ in range(10):
        factories.an_item(bot, now=now)
    with django_assert_max_num_queries(len(one)):
        browser.get("/")


def test_components_are_shown_to_who_is_signed_in(desk):
    assert desk().get("/components").status_code == 200
    assert Client().get("/components").status_code == 302
