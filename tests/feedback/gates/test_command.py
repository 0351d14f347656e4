"""`manage.py gate` leaves with the verdict, so that a script can stop on it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from feedback.models import GateRun
from feedback.services import gates
from feedback.services.gates import Wanted
from tests.feedback.gates.conftest import Lab, a_row

pytestmark = pytest.mark.django_db
NAMES = [f"q-{i:02}" for i in range(40)]


def prepare(lab: Lab, right: int) -> None:
    """Evaluate a baseline with 20 of 40 right, and a candidate with `right` of them."""
    now = timezone.now() - timedelta(hours=1)
    held = lab.held([a_row(name) for name in NAMES], now=now)
    versions = [lab.model(version, now=now) for version in ("1", "2")]
    gates.create(
        slug="release", pipeline="intents", model="intents",
        wanted=Wanted("accuracy", ({"dataset": "edge", "version": 1},), ()), **lab.who(now),
    )  # fmt: skip
    for version, count in zip(versions, (20, right), strict=True):
        said = dict.fromkeys(NAMES, "balance") | dict.fromkeys(NAMES[:count], "card_arrival")
        lab.evaluated(version, held, said, now)


def judge(lab: Lab, *, candidate: str = "2", username: str = "") -> None:
    call_command(
        "gate", "release", "--baseline", "1", "--candidate", candidate,
        "--as", username or lab.bot.username,
    )  # fmt: skip


def test_it_prints_the_report_of_what_passes(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(lab, 40)
    judge(lab)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 passes against 1."
    assert GateRun.objects.get().run_by == lab.bot


@pytest.mark.parametrize(("right", "code"), [(5, 1), (21, 2)])
def test_it_leaves_with_a_code_of_its_own_for_what_fails_and_for_what_is_not_known(
    lab: Lab, right: int, code: int
) -> None:
    prepare(lab, right)
    with pytest.raises(SystemExit) as left:
        judge(lab)
    assert left.value.code == code
    assert GateRun.objects.count() == 1


def test_what_cannot_be_judged_is_said_and_nothing_is_on_record(lab: Lab) -> None:
    prepare(lab, 40)
    for wrong in ({"candidate": "9"}, {"username": "nobody"}):
        with pytest.raises(CommandError) as refused:
            judge(lab, **wrong)
        assert refused.value.returncode == 3
    assert not GateRun.objects.exists()
