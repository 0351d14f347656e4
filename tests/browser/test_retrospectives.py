"""The pages of looking back together: no barrier at either width, light or dark."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from feedback.models import Retrospective
from feedback.services import retrospectives
from feedback.services.retrospectives import Wanted
from governance.selectors import principals
from tests import factories
from tests.browser.test_pages import barriers, overflow
from tests.feedback.conftest import House


@pytest.fixture
def held(transactional_db):
    house, now = House(), timezone.now()
    item = house.resolved("balance", now=now).item_id
    house.agreed(("balance", "balance"), now=now)
    lead = factories.a_person("lead", roles=("lead",))
    who = {"principal": principals.of_person(lead), "actor": lead, "now": now}
    day = timedelta(days=1)
    row = retrospectives.open_one(
        wanted=Wanted("intents", "Cards in November", now - day, now + day), **who
    )
    retrospectives.pick(
        retrospective_id=row.pk, item_id=item, kind="near_miss", why="Caught late.", **who
    )
    retrospectives.hold(retrospective_id=row.pk, **who)
    retrospectives.find(retrospective_id=row.pk, text="The guideline is silent on it.", **who)
    return lead, row


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 390]))
)
def test_its_pages_have_no_barriers_errors_or_violations(window, held, scheme, width):
    lead, row = held
    view = window(lead, width=width, scheme=scheme)
    found = []
    for path in ("/retrospectives", f"/retrospectives/{row.pk}"):
        view.go(path)
        found += barriers(view) + overflow(view) + view.faults
    assert not found, found


def test_it_is_concluded_and_closed_in_a_browser(window, held):
    lead, row = held
    view = window(lead)
    view.go(f"/retrospectives/{row.pk}")
    view.page.get_by_label("or why there is none").fill("It was said by now.")
    view.page.get_by_role("button", name="Conclude").click()
    view.page.get_by_role("button", name="Close it").click()
    view.page.get_by_text("No lesson:").wait_for()
    assert Retrospective.objects.get(pk=row.pk).state == "closed"
