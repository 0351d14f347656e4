"""When a mail may go out: quiet hours and digests in the zone of who reads it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.domain.wishes import DAILY, HOURLY, KINDS, Wishes
from reviews.enums import NotificationKind

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
NIGHT = (time(22), time(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def mailed(wishes: Wishes, now: str, *, urgent: bool = False) -> str:
    return wishes.mail_at(utc(now), urgent=urgent).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-24 20:59", "2026-11-24 20:59"),  # 21:59 in Berlin
        ("2026-11-24 21:00", "2026-11-25 06:00"),  # 22:00: quiet until 07:00
        ("2026-11-24 23:30", "2026-11-25 06:00"),  # after midnight
        ("2026-11-25 05:59", "2026-11-25 06:00"),
        ("2026-11-25 06:00", "2026-11-25 06:00"),  # 07:00: not quiet any more
        ("2026-11-25 12:00", "2026-11-25 12:00"),
    ],
)
def test_quiet_hours_span_midnight(now: str, expected: str) -> None:
    assert mailed(Wishes(BERLIN, quiet=NIGHT), now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-24 11:00", "2026-11-24 12:30"), ("2026-11-24 12:30", "2026-11-24 12:30")],
)
def test_quiet_hours_within_a_day(now: str, expected: str) -> None:
    assert mailed(Wishes(BERLIN, quiet=(time(12), time(13, 30))), now) == expected


def test_quiet_hours_over_the_start_of_summer_time_end_by_the_clock_on_the_wall() -> None:
    # 07:00 CEST is 05:00 in UTC; the night has eight hours.
    assert mailed(Wishes(BERLIN, quiet=NIGHT), "2026-03-28 21:30") == "2026-03-29 05:00"


def test_quiet_hours_over_the_end_of_summer_time_end_by_the_clock_on_the_wall() -> None:
    assert mailed(Wishes(BERLIN, quiet=NIGHT), "2026-10-24 20:30") == "2026-10-25 06:00"


def test_an_end_that_is_skipped_moves_on_by_the_gap() -> None:
    wishes = Wishes(BERLIN, quiet=(time(22), time(2, 30)))
    assert mailed(wishes, "2026-03-29 00:00") == "2026-03-29 01:30"


def test_an_hour_that_comes_twice_is_quiet_both_times() -> None:
    wishes = Wishes(BERLIN, quiet=(time(22), time(2, 30)))
    assert mailed(wishes, "2026-10-25 00:40") == "2026-10-25 01:30"
    assert mailed(wishes, "2026-10-25 01:20") == "2026-10-25 01:30"


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        (BERLIN, "2026-11-24 10:20", "2026-11-24 11:00"),
        (BERLIN, "2026-11-24 11:00", "2026-11-24 12:00"),
        (KATHMANDU, "2026-11-24 10:20", "2026-11-24 11:15"),  # 17:00 there
        (BERLIN, "2026-03-29 00:40", "2026-03-29 01:00"),
    ],
)
def test_an_hourly_digest_comes_at_the_next_full_hour_there(
    zone: ZoneInfo, now: str, expected: str
) -> None:
    assert mailed(Wishes(zone, digest=HOURLY), now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-24 06:59", "2026-11-24 07:00"),
        ("2026-11-24 07:00", "2026-11-25 07:00"),
        ("2026-10-24 18:00", "2026-10-25 07:00"),
        ("2026-03-28 18:00", "2026-03-29 06:00"),
    ],
)
def test_a_daily_digest_comes_at_eight(now: str, expected: str) -> None:
    assert mailed(Wishes(BERLIN, digest=DAILY), now) == expected


def test_a_daily_digest_comes_when_quiet_hours_end() -> None:
    assert mailed(Wishes(BERLIN, digest=DAILY, quiet=NIGHT), "2026-11-24 15:00") == (
        "2026-11-25 06:00"
    )


def test_an_hourly_digest_waits_for_the_end_of_quiet_hours() -> None:
    assert mailed(Wishes(BERLIN, digest=HOURLY, quiet=NIGHT), "2026-11-24 20:30") == (
        "2026-11-25 06:00"
    )


def test_nothing_holds_back_what_is_urgent() -> None:
    wishes = Wishes(BERLIN, digest=DAILY, quiet=NIGHT)
    assert mailed(wishes, "2026-11-24 23:00", urgent=True) == "2026-11-24 23:00"


def test_a_kind_that_is_not_named_goes_everywhere_and_urgent_ones_always_to_the_inbox() -> None:
    wishes = Wishes(channels={"at_risk": [], "escalated": [], "breached": ["email"]})
    assert [kind for kind in KINDS if not wishes.wants(kind, "inbox")] == ["at_risk", "breached"]
    assert [kind for kind in KINDS if not wishes.wants(kind, "email")] == ["at_risk", "escalated"]
    assert NotificationKind.DIGEST not in KINDS


times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC)
)
zones = st.sampled_from(
    [BERLIN, KATHMANDU, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]
)


@given(now=moments, quiet=st.tuples(times, times), zone=zones)
def test_mail_never_goes_back_and_never_waits_more_than_a_day_and_a_bit(
    now: datetime, quiet: tuple[time, time], zone: ZoneInfo
) -> None:
    wishes = Wishes(zone, quiet=quiet)
    at = wishes.mail_at(now, urgent=False)
    assert timedelta(0) <= at - now <= timedelta(hours=25)
    assert wishes.mail_at(at, urgent=False) == at


@given(now=moments, zone=zones, digest=st.sampled_from([HOURLY, DAILY]))
def test_a_digest_is_always_still_to_come(now: datetime, zone: ZoneInfo, digest: str) -> None:
    at = Wishes(zone, digest=digest).mail_at(now, urgent=False)
    assert timedelta(0) < at - now <= timedelta(hours=25)
