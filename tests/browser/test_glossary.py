"""What a word means, beside the word: by mouse, keyboard and finger, and away again with Escape."""

import itertools

import pytest

from tests import factories
from tests.browser.test_pages import barriers, overflow

TIP = "[role=tooltip]:popover-open"
GLOSSARY = {
    "arrival": {"meaning": "The day on which a card is in the customer's hands.", "see": "card"},
    "card": {"meaning": "A debit card <b>or</b> a credit card that the bank has issued. " * 3},
    "guideline": {"meaning": "What to go by."},
    "model error": {"meaning": "The model says what the text does not."},
}
TEXT = {"text": "When is the arrival of my card? The new card is what I wait for, day after day."}


@pytest.fixture
def item(bot, now):
    factories.apply(
        factories.pipeline_document(
            glossary=GLOSSARY, guideline="Tell **arrival** from linking; see [the card](https://x)."
        )
    )
    return factories.an_item(bot, now=now, input=TEXT)


def word(view, name):
    return view.page.locator(f".input a.term:text-is('{name}')")


def shown(view):
    view.page.wait_for_selector(TIP)
    return view.page.locator(TIP).inner_text()


def gone(view):
    view.page.wait_for_selector(TIP, state="hidden")
    view.page.wait_for_function("!document.querySelector('[role=tooltip]:popover-open')")


def test_a_meaning_shows_under_the_pointer_and_stays_while_it_is_read(window, item):
    view = window(factories.a_person())
    view.start()
    word(view, "card").hover()
    assert "A debit card <b>or</b> a credit card" in shown(view)
    view.page.locator(TIP).hover()
    view.page.wait_for_timeout(600)
    assert view.page.locator(TIP).count() == 1
    view.page.mouse.move(5, 5)
    gone(view)
    word(view, "card").hover()
    shown(view)
    view.page.keyboard.press("Escape")
    gone(view)
    view.page.wait_for_timeout(400)
    assert view.page.locator(TIP).count() == 0
    assert view.faults == []


def test_a_meaning_shows_at_the_focus_and_escape_closes_it_where_it_is(window, item):
    view = window(factories.a_person())
    view.start()
    link = word(view, "arrival")
    while not link.evaluate("node => node === document.activeElement"):
        view.page.keyboard.press("Tab")
    assert "See also: card" in shown(view)
    described = view.page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
        "|| document.getElementById(document.activeElement.getAttribute('aria-describedby'))"
        ".textContent"
    )
    assert "The day on which a card is in the customer's hands." in described
    view.page.keyboard.press("Escape")
    gone(view)
    assert link.evaluate("node => node === document.activeElement")
    view.page.keyboard.press("Tab")
    assert "A debit card" in shown(view)
    view.page.keyboard.press("Enter")
    view.page.wait_for_selector("details.glossary[open] dt:focus")
    assert view.page.evaluate("document.activeElement.innerText") == "card"
    gone(view)
    assert view.page.evaluate("window.mouse") == 0
    assert view.faults == []


def test_a_reason_that_is_a_term_says_its_meaning_when_it_is_chosen_by_key(window, item):
    view = window(factories.a_person())
    view.start()
    view.page.keyboard.press("e")
    view.page.keyboard.press("2")
    view.page.wait_for_selector("[name=reason_codes]:focus")
    assert "The model says what the text does not." in shown(view)
    view.page.keyboard.press("1")
    assert view.page.is_checked("[name=reason_codes][value=model_error]")
    view.page.keyboard.press("Escape")
    gone(view)
    assert view.page.is_visible("[name=reason_codes]:focus")
    assert view.faults == []


def test_a_tap_shows_a_meaning_and_a_tap_elsewhere_takes_it_away(window, item):
    view = window(factories.a_person(), width=390, touch=True)
    view.start()
    word(view, "card").tap()
    assert "A debit card" in shown(view)
    assert "#term" not in view.page.url
    view.page.locator("#prompt").tap()
    gone(view)
    word(view, "card").tap()
    shown(view)
    word(view, "card").tap()
    view.page.wait_for_selector("details.glossary[open] dt:focus")
    assert view.faults == []


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_words_meanings_and_the_list_have_no_barriers(window, item, now, bot, scheme, width):
    person = factories.a_person()
    held = factories.claim(person, now=now)
    factories.decide(person, held, now=now)
    changed = {"card": {"meaning": "Metal."}, "new one": {"meaning": "x" * 300}}
    factories.apply(factories.pipeline_document(glossary=GLOSSARY | changed))
    factories.an_item(bot, now=now, input=TEXT)
    view = window(person, width=width, scheme=scheme)
    view.start()
    word(view, "arrival").hover()
    shown(view)
    found = barriers(view) + overflow(view)
    view.go("/pipelines/intents/glossary")
    found += barriers(view) + overflow(view)
    assert found + view.faults == []
