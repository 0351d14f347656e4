"""The page of one item: what it shows, and what it keeps to itself."""

import re

import pytest

from reviews.models import Decision
from tests import factories

FREE_TEXT = {"kind": "text", "prompt": "What does it say?"}


def test_the_page_shows_input_prediction_guideline_and_why(desk, bot, now):
    factories.an_item(bot, now=now, input={"text": "where is my card?"})
    browser = desk()

    page = browser.see(browser.take())

    assert "where is my card?" in page
    assert "card_arrival" in page
    assert "58 %" in page
    assert "Read the text. Choose the intent." in page
    assert "The rule unsure holds: confidence &lt; 0.8" in page
    assert "Guideline read" in page


def test_what_is_missing_is_said_at_its_place_and_nothing_typed_is_lost(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()

    answer = browser.decide(
        browser.take(), verdict="correct", answer_label="balance", rationale="Because of <b>it</b>"
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Decision.objects.exists()
    assert "Because of &lt;b&gt;it&lt;/b&gt;" in page
    assert re.search(r'value="balance" checked', page)
    assert "Choose at least one reason code." in page
    assert "Answer this question." in page
    for place in re.findall(r'aria-describedby="([^"]+)"', page):
        assert f'id="{place}"' in page


def test_a_decided_item_shows_what_was_decided(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()
    browser.decide(held, accept="1", check_read="yes")

    page = browser.see(held)

    assert "You decided" in page
    assert 'id="decision"' not in page


def test_the_claim_token_is_never_in_a_page(desk, bot, now):
    factories.an_item(bot, now=now)
    browser = desk()
    held = browser.take()

    (token,) = browser.client.session["claims"].values()
    assert token not in browser.see(held)


SECRETS = ["zebrafish", "0.1234", "12.3", "12 %", "very-unsure", "Very unsure", "narwhal", "0.0777"]


def blind_item(bot, now):
    factories.apply(factories.pipeline_document(question=FREE_TEXT))
    return factories.an_item(
        bot, "high", now=now, input={"text": "what swims"}, output={"text": "zebrafish"},
        confidence=0.1234, scores={"zebrafish": 0.1234, "narwhal": 0.0777},
        scenario_type="narwhal", characteristics={"margin": 0.0777, "guess": "zebrafish"},
    )  # fmt: skip


def test_a_blind_page_holds_nothing_that_follows_from_the_prediction(desk, bot, now):
    blind_item(bot, now)
    browser = desk()
    held = browser.take("intents/experts")

    answer = browser.get(f"/review/assignment/{held.pk}")
    raw = browser.get(f"/review/assignment/{held.pk}/input")
    refused = browser.decide(held)

    for response in (answer, raw, refused):
        told = response.content.decode() + str(dict(response.headers))
        assert not [secret for secret in SECRETS if secret in told]
    assert "what swims" in answer.content.decode()


def test_after_a_blind_decision_the_prediction_is_shown(desk, bot, now):
    blind_item(bot, now)
    browser = desk()
    held = browser.take("intents/experts")

    browser.decide(
        held, answer_text="narwhal", rationale="It swims.", check_read="yes", check_fair="yes"
    )

    page = browser.see(held)
    assert "zebrafish" in page
    assert Decision.objects.get().verdict == "correct"


def test_a_blind_answer_that_is_the_prediction_counts_as_accepted(desk, bot, now):
    item = blind_item(bot, now)
    browser = desk()

    browser.decide(
        browser.take("intents/experts"), answer_text="zebrafish", rationale="It swims.",
        check_read="yes", check_fair="no",
    )  # fmt: skip

    assert Decision.objects.get(item=item).verdict == "accept"


def test_long_text_comes_in_parts(desk, bot, now):
    text = "a" * 30_000 + "THE END"
    factories.an_item(bot, now=now, input={"text": text})
    browser = desk()
    held = browser.take()

    page = browser.see(held)
    rest = browser.get(f"/review/assignment/{held.pk}/input?at=/text&from=20000", HX_Request="true")

    assert "THE END" not in page
    assert "Show more" in page
    assert "THE END" in rest.content.decode()
    for bad in ("?at=/nope", "?at=/text&from=x", "?at=/text&from=99999999999999"):
        assert browser.get(f"/review/assignment/{held.pk}/input{bad}").status_code == 404


def test_characters_that_hide_are_shown(desk, bot, now):
    factories.an_item(bot, now=now, input={"text": "pay \u202eyobon\u202c now\u200b"})
    browser = desk()

    page = browser.see(browser.take())

    assert "\u202e" not in page
    assert "U+202E" in page
    assert 'title="Right-to-left override"' in page


@pytest.mark.parametrize("typed", ["three", "nan", "1e999", "99999999999999999999"])
def test_what_is_no_number_is_said_and_kept(desk, bot, now, typed):
    question = {"kind": "number", "prompt": "How many?"}
    factories.apply(factories.pipeline_document(question=question, reason_codes=[]))
    factories.an_item(bot, now=now, output={"value": 2}, scores=None)
    browser = desk()

    answer = browser.decide(browser.take(), verdict="correct", answer_value=typed, rationale="So.")

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is a number." in page
    assert f'value="{typed}"' in page
