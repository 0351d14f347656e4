"""The times of an act are those of the clock, in whatever it is told."""

from typing import Any

import time_machine

from tests import factories
from tests.api.answers import good
from tests.api.test_deciding import claimed, decide


def test_times_of_an_act_are_the_clocks(api: Any, db: None) -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    reviewer = api(factories.a_person("maria"), "review")
    with time_machine.travel("2026-11-24T10:00:00Z", tick=True):
        shown = good(decide(reviewer, claimed(reviewer)), 201)
    assert shown["decision"]["decided_at"] == shown["resolution"]["resolved_at"]
