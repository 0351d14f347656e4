"""What a reviewer opens is said with the answer, by keyboard as well."""

import pytest
from django.utils import timezone

from reviews.models import Decision
from tests import factories


@pytest.fixture
def ann(bot):
    factories.apply(factories.pipeline_document(guideline="Read it twice."))
    for _ in range(2):
        factories.an_item(bot, now=timezone.now())
    return factories.a_person("ann")


def answer(view):
    before = view.page.url
    view.page.get_by_label("Yes").check()
    view.page.get_by_role("button", name="Accept").press("Enter")
    view.moved(before)


def opened():
    return list(Decision.objects.order_by("pk").values_list("evidence_opened", flat=True))


def test_o20_what_a_reviewer_opens_by_keyboard_is_said_with_the_answer(window, ann):
    view = window(ann)
    view.start()
    guideline = view.page.locator("details.guideline")
    shown = guideline.evaluate("part => part.open")
    view.page.get_by_text("Why it is here, and what else is known").press("Enter")
    said = view.page.locator("[name=evidence_opened]")
    view.page.wait_for_function("document.querySelector('[name=evidence_opened]').value")
    assert said.input_value().split() == (["guideline"] if shown else []) + ["trace"]
    answer(view)
    assert opened() == [(["guideline"] if shown else []) + ["trace"]]
    # What was left open lies open beside the next item too.
    view.page.wait_for_function(
        "document.querySelector('[name=evidence_opened]').value.includes('trace')"
    )
    view.page.get_by_text("Why it is here, and what else is known").press("Enter")
    assert not view.faults
