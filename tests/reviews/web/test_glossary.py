"""The glossary on the pages of reviewers: marked where words stand, listed, told over time."""

import re
from typing import Any

import pytest

from tests import factories

NASTY = {
    "card": {"meaning": 'Plastic <img src=x onerror="alert(1)"> \u202eevil', "see": "<b>pin</b>"},
    "<b>pin</b>": {"meaning": "A number.", "see": ""},
    "model error": {"meaning": "The model is wrong.", "see": ""},
    "guideline": {"meaning": "What to go by.", "see": ""},
    "intent": {"meaning": "What somebody wants.", "see": ""},
}


def with_glossary(glossary: Any = NASTY, **more: Any) -> None:
    factories.apply(factories.pipeline_document(glossary=glossary, **more))


def terms_of(page: str) -> list[str]:
    """Return the words that are marked as terms, in the order of the page."""
    return re.findall(r'<a class="term"[^>]*>([^<]*)</a>', page)


def test_terms_are_marked_in_input_guideline_checklist_and_reason_codes(desk, bot, now) -> None:
    with_glossary()
    factories.an_item(
        bot, now=now, input={"text": "My CARD, my card <i>card</i>", "short": "a card"}
    )
    browser = desk()
    page = browser.see(browser.take())
    assert terms_of(page) == ["CARD", "card", "Guideline", "intent"]
    assert "my card &lt;i&gt;card&lt;/i&gt;" in page
    code = re.search(r'<label class="option chip" data-term="(\d)">', page)
    assert code is not None
    assert f'aria-describedby="meaning-{code[1]}"' in page
    for place in re.findall(r'aria-describedby="([^"]+)"', page):
        assert f'id="{place}"' in page
    for place in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{place}"' in page


def test_terms_and_meanings_are_text_whoever_wrote_them(desk, bot, now) -> None:
    with_glossary()
    factories.an_item(bot, now=now, input={"text": "A <b>pin</b> and a card."})
    browser = desk()
    page = browser.see(browser.take())
    for shown in (page, browser.get("/pipelines/intents/glossary").content.decode()):
        assert "<img src=x" not in shown
        assert "<b>pin" not in shown
        assert "Plastic &lt;img src=x onerror=" in shown
        assert '<span class="char" title="Right-to-left override">U+202E</span>evil' in shown
    assert terms_of(page)[:2] == ["&lt;b&gt;pin&lt;/b&gt;", "card"]


def test_terms_of_a_guideline_are_marked_beside_its_markup_and_never_within(desk, bot, now) -> None:
    guideline = (
        "# On the card\n\nA **debit\ncard**, a `card`, a [card](https://x.test/card).\n\n"
        "    card\n\n- <i>card</i> & card\n"
    )
    terms = {"card": {"meaning": "Plastic."}, "debit card": {"meaning": "Another."}}
    with_glossary(terms, guideline=guideline)
    factories.an_item(bot, now=now, input={"text": "x"})
    browser = desk()
    page = browser.see(browser.take())
    assert terms_of(page) == ["card", "debit\ncard", "card"]
    assert '<strong><a class="term" href="#term-2" data-term="2"' in page
    assert "<code>card</code>" in page
    assert 'href="https://x.test/card"' in page
    assert ">card</a>." in page
    assert "&lt;i&gt;<a " in page


def test_a_pipeline_without_a_glossary_has_pages_without_one(desk, bot, now) -> None:
    factories.an_item(bot, now=now)
    browser = desk()
    page = browser.see(browser.take())
    assert "data-term" not in page
    assert 'class="glossary"' not in page
    shown = browser.get("/pipelines/intents/glossary").content.decode()
    assert "explains no terms now" in shown


def test_an_item_shows_the_glossary_that_it_is_judged_under(desk, bot, now) -> None:
    with_glossary({"card": {"meaning": "Of old."}})
    factories.an_item(bot, now=now, input={"text": "a card"})
    with_glossary({"card": {"meaning": "Of late."}})
    browser = desk()
    page = browser.see(browser.take())
    assert "Of old." in page
    assert "Of late." not in page
    assert "since your last decision" not in page


def test_what_changed_since_the_last_decision_of_a_reviewer_is_marked(desk, bot, now) -> None:
    old = {"card": {"meaning": "Plastic."}, "gone": {"meaning": "x"}, "same": {"meaning": "y"}}
    new = {"Card": {"meaning": "Metal."}, "fresh": {"meaning": "z"}, "same": {"meaning": "y"}}
    with_glossary(old)
    factories.an_item(bot, now=now)
    browser = desk()
    browser.decide(browser.take(), accept="1", check_read="yes")
    with_glossary(new)
    for _ in range(2):
        factories.an_item(bot, now=now)
    held = browser.take()
    page = browser.see(held)
    assert "3 changed since your last decision" in page
    badge = r'(?: <span class="badge accent">(\w+)</span>)?'
    marks = re.findall(rf"<bdi>(\w+)</bdi></dfn>{badge}", page)
    assert marks == [("Card", "changed"), ("fresh", "new"), ("same", "")]
    assert re.search(r"No longer a term since your last decision:\s*<bdi>gone</bdi>", page)
    other = desk()
    assert "since your last decision" not in other.see(other.take())
    browser.decide(held, accept="1", check_read="yes")
    assert "since your last decision" not in browser.see(held)


def test_the_page_of_a_glossary_tells_who_changed_what_when_and_why(desk, bot, now) -> None:
    with_glossary({"card": {"meaning": "Plastic."}})
    with_glossary({"card": {"meaning": "Plastic."}}, name="Renamed")
    with_glossary({"card": {"meaning": "Metal."}, "pin": {"meaning": "A number."}})
    factories.apply(factories.pipeline_document())
    with_glossary({"card": {"meaning": "Plastic."}})
    shown = desk().get("/pipelines/intents/glossary").content.decode()
    assert re.findall(r"<h3>([^<]+)</h3>", shown) == [
        "Version 1", "No glossary", "Version 2", "Version 1",
    ]  # fmt: skip
    assert "For a test" in shown
    assert "<del><bdi>Plastic.</bdi></del>" in shown
    assert "<ins><bdi>Metal.</bdi></ins>" in shown


@pytest.mark.parametrize("role", ["reviewer", "auditor"])
def test_a_glossary_is_read_by_who_works_with_its_pipeline_and_by_nobody_else(
    desk, bot, now, role
) -> None:
    with_glossary()
    factories.a_pipeline("others")
    own, stranger = desk(roles=(role,)), desk(roles=(role,), pipelines=("others",))
    assert own.get("/pipelines/intents/glossary").status_code == 200
    assert stranger.get("/pipelines/intents/glossary").status_code == 404
    assert own.get("/pipelines/nowhere/glossary").status_code == 404


def test_more_of_a_long_text_has_its_terms_where_the_list_is(desk, bot, now) -> None:
    with_glossary()
    factories.an_item(bot, now=now, input={"text": "x " * 10_000 + "a card"})
    browser = desk()
    held = browser.take()
    address = f"/review/assignment/{held.pk}/input?at=/text&from=20000"
    assert terms_of(browser.get(address, HX_Request="true").content.decode()) == ["card"]
    assert terms_of(browser.get(address).content.decode()) == []
