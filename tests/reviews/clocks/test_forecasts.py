"""The dry run of an SLA policy: the database counts what the change would do."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from governance.domain import business_time
from governance.domain.business_time import Calendar
from governance.domain.times import parse_duration
from reviews.models import ClockEvent, SLAClock
from reviews.services import forecasts
from tests import factories
from tests.reviews.clocks.office import B, Office, at, policy
from tests.reviews.clocks.test_applying import apply, preview, run, true

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(6))
def test_row_35_whatever_has_happened_to_clocks_the_dry_run_is_right(seed: int) -> None:
    chance = random.Random(seed)
    targets = {"claim": "PT2H", "decide": "PT4H"}
    office = Office(policy(targets=targets, at_risk=[0.5], max_pause_days=1))
    for _ in range(12):
        office.start(f"24 Nov {chance.randrange(8, 13)}:{chance.randrange(60):02}")
        if chance.random() < 0.4:
            office.pause("24 Nov 13:00")
        if chance.random() < 0.3:
            office.resume(f"24 Nov 13:{chance.randrange(60):02}")
        if chance.random() < 0.2:
            office.sweep("24 Nov 13:30")
    office.decide(office.ann, "24 Nov 14:00")
    again = {"claim": "PT1H", "decide": f"PT{chance.randrange(30, 600)}M"}
    factories.apply(policy(targets=again))
    when = chance.choice(["24 Nov 14:05", "24 Nov 16:59:59", "25 Nov 09:00", "25 Nov 15:00"])
    dry = preview(when)
    (job,) = apply(office.max, when).jobs
    done = run(job, when)
    assert (dry.retargeted, dry.newly_breached) == (done["retargeted"], done["newly_breached"])
    told = ClockEvent.objects.filter(kind="breach", reason="retarget").values_list("clock__kind")
    by_kind = Counter(kind for (kind,) in told)
    assert {part.kind: part.newly_breached for part in dry.parts} == {
        part.kind: by_kind[part.kind] for part in dry.parts
    }
    for row in SLAClock.objects.all():
        true(row)


@pytest.mark.parametrize("target", ["PT1M", "PT1H", "PT8H", "PT40H"])
@pytest.mark.parametrize(
    "when", ["24 Nov 10:00", "24 Nov 17:00", "25 Nov 03:00", "24 Nov 09:00:01"]
)
def test_the_latest_start_is_the_last_that_is_late(target: str, when: str) -> None:
    hours, length, now = Calendar.from_document(B), parse_duration(target), at(when)
    last = forecasts.latest_start(hours, length, now)
    assert last is not None
    for start, late in ((last, True), (last + timedelta(microseconds=1), False)):
        due = business_time.add(hours, start, length)
        assert due is not None
        assert (now > due) is late


def test_without_hours_nothing_is_ever_late() -> None:
    hours = Calendar.from_document(B | {"windows": {}})
    assert forecasts.latest_start(hours, timedelta(hours=1), at("24 Nov 10:00")) is None
