"""The line that says that clocks stand still, in a browser: no barrier, and room enough."""

import itertools

import pytest
from django.utils import timezone

from reviews.services import maintenance
from tests import factories
from tests.browser.test_pages import barriers, overflow


@pytest.mark.parametrize(
    ("scheme", "width"), list(itertools.product(["light", "dark"], [1280, 320]))
)
def test_the_line_has_no_barriers_errors_or_violations(window, transactional_db, scheme, width):
    factories.a_pipeline()
    maintenance.begin(
        principal=None, actor=None, reason="an-unusually-long-reason" * 12, now=timezone.now
    )
    view = window(factories.a_person("maria"), width=width, scheme=scheme)
    view.go("/queues")
    assert view.page.locator(".standstill").is_visible()
    assert barriers(view) + overflow(view) + view.faults == []
