"""Deciding without a mouse."""

import re

from reviews.models import Decision
from tests import factories

ITEM = re.compile(r"/review/assignment/")
ANSWERED = 50


def accept(page):
    page.keyboard.press("a")
    page.keyboard.press("Space")
    page.keyboard.press("a")


def correct(page):
    page.keyboard.press("3")
    page.keyboard.press("1")
    finish(page, "It asks for the balance.")


def reject(page):
    page.keyboard.press("x")
    page.keyboard.press("2")
    finish(page, "No intent fits.")


def finish(page, text):
    page.keyboard.press("c")
    page.keyboard.press("Space")
    page.keyboard.press("r")
    page.keyboard.type(text)
    page.keyboard.press("Control+Enter")


def test_fifty_items_are_decided_by_keyboard_alone(window, bot, now):
    factories.send(bot, *(factories.a_payload() for _ in range(ANSWERED)), now=now)
    view = window(factories.a_person())
    view.start()
    page = view.page

    for number in range(ANSWERED):
        view.wait_for_focus("prompt")
        before = page.url
        (correct if number % 10 == 4 else reject if number % 10 == 7 else accept)(page)
        view.moved(before)

    assert page.url.endswith("/review/intents/general")
    page.wait_for_selector("text=All done here")
    verdicts = list(Decision.objects.values_list("verdict", flat=True))
    assert {v: verdicts.count(v) for v in set(verdicts)} == {
        "accept": 40, "correct": 5, "reject": 5,
    }  # fmt: skip
    assert page.evaluate("window.mouse") == 0
    assert view.faults == []


def test_the_last_decision_is_taken_back_with_u(window, bot, now):
    for _ in range(2):
        factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()
    first = view.page.url
    reject(view.page)
    view.moved(first)
    view.page.wait_for_selector("text=Saved: rejected.")
    second = view.page.url

    view.page.keyboard.press("u")
    view.moved(second)

    assert view.page.input_value("#rationale") == "No intent fits."
    assert view.page.is_checked("[name=verdict][value=reject]")


def test_letters_are_letters_while_typing(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()

    view.page.keyboard.press("r")
    view.page.keyboard.type("axe n g s u? 1")
    view.page.keyboard.press("Escape")

    assert view.page.input_value("#rationale") == "axe n g s u? 1"
    view.wait_for_focus("prompt")
    assert not Decision.objects.exists()


def test_keys_are_listed_and_can_be_switched_off(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()

    view.page.keyboard.press("?")
    view.page.wait_for_selector("dialog[open]")
    view.page.locator("#keys-off").press("Space")
    view.page.keyboard.press("Escape")
    view.page.keyboard.press("x")

    assert not view.page.is_checked("[name=verdict][value=reject]")


def test_what_is_missing_is_focused_and_what_was_typed_stays(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()
    page = view.page

    page.keyboard.press("x")
    page.keyboard.press("1")
    page.keyboard.press("c")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-fault]")

    view.wait_for_focus("rationale")
    assert page.get_attribute("#rationale", "aria-invalid") == "true"
    place = page.get_attribute("#rationale", "aria-describedby")
    assert page.inner_text(f"#{place}") == "Say why."
    assert page.is_checked("[name=reason_codes][value=model_error]")


def test_typed_text_outlives_a_lost_server(window, bot, now):
    factories.an_item(bot, now=now)
    view = window(factories.a_person())
    view.start()
    page = view.page
    page.keyboard.press("r")
    page.keyboard.type("A long thought.")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast.bad")
    page.context.set_offline(False)

    page.reload()

    assert page.input_value("#rationale") == "A long thought."


def test_a_choice_among_many_is_found_by_typing(window, bot, now):
    choices = [f"intent_{number}" for number in range(150)]
    question = {"kind": "choice", "prompt": "Which?", "choices": choices}
    factories.apply(factories.pipeline_document(question=question))
    factories.an_item(bot, now=now, output={"label": "intent_3"}, scores={"intent_3": 0.58})
    view = window(factories.a_person())
    view.start()
    page = view.page

    page.keyboard.press("e")
    page.keyboard.type("intent 149")
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    before = page.url
    finish(page, "It is the last.")
    view.moved(before)

    assert Decision.objects.get().answer == {"label": "intent_149"}


def test_a_blind_item_is_answered_by_digit(window, bot, now):
    factories.an_item(bot, "high", now=now)
    view = window(factories.a_person())
    view.start("intents/experts")
    page = view.page

    page.keyboard.press("3")
    page.keyboard.press("c")
    page.keyboard.press("Space")
    before = page.url
    finish(page, "So it is.")
    view.moved(before)

    assert Decision.objects.get().answer == {"label": "balance"}
