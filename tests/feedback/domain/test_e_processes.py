"""The sequential watch: it seldom cries wolf, and it finds a jump soon."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from feedback.domain.e_processes import E_DETECTOR_ALARM, Audit, opened, seen, watched

RUNS = 4000


def drawn(rng: np.random.Generator, shares: Sequence[float]) -> list[Audit]:
    return [Audit(bool(wrong)) for wrong in rng.random(len(shares)) < np.array(shares)]


def first_alarms(seed: int, shares: Sequence[float]) -> np.ndarray:
    """Return when each of RUNS simulated streams alarms (inf: never), all streams side by side."""
    rng = np.random.default_rng(seed)
    step = {w: np.exp(seen(opened(0.05), Audit(w)).process)[:, None] for w in (True, False)}
    detector = np.zeros((len(step[True]), RUNS))
    first = np.full(RUNS, math.inf)
    for n, share in enumerate(shares, 1):
        wrong = rng.random(RUNS) < share
        detector = (detector + 1) * np.where(wrong, step[True], step[False])
        first[np.isinf(first) & (detector.mean(axis=0) >= E_DETECTOR_ALARM)] = n
    return first


def test_the_simulation_alarms_when_the_watch_does() -> None:
    shares = [0.03] * 300 + [0.12] * 700
    together = first_alarms(25, shares)[:5]
    draws = np.random.default_rng(25).random((len(shares), RUNS)) < np.array(shares)[:, None]
    alone = [watched(opened(0.05), [Audit(bool(w)) for w in draws[:, run]])[1] for run in range(5)]
    assert [first or math.inf for first in alone] == list(together)


def test_at_the_boundary_at_most_one_in_twenty_cries_wolf_within_2000_audits() -> None:
    assert np.isfinite(first_alarms(20, [0.05] * 2000)).mean() <= 0.05


def test_a_jump_from_3_to_10_percent_is_found_in_a_median_of_at_most_250_audits() -> None:
    delays = first_alarms(21, [0.03] * 1000 + [0.10] * 1500) - 1000
    assert (delays <= 0).mean() <= 0.05
    assert np.median(delays) <= 250


def test_an_e_process_seldom_proves_what_is_not_so() -> None:
    rng = np.random.default_rng(24)
    false = 0
    for _ in range(100):
        watch = opened(0.05)
        for audit in drawn(rng, [0.05] * 1000):
            watch = seen(watch, audit)
            if watch.proven:
                false += 1
                break
    assert false / 100 <= 0.05


def test_audits_drawn_with_mixed_propensities_seldom_cry_wolf_at_the_boundary() -> None:
    # The half that is drawn ten times as often is wrong more often: unweighted, it would alarm.
    rng = np.random.default_rng(22)
    false = 0
    for _ in range(100):
        often = rng.random(4000) < 0.5
        wrong = rng.random(4000) < np.where(often, 0.09, 0.01)
        kept = rng.random(4000) < np.where(often, 0.5, 0.05)
        audits = [
            Audit(bool(w), 0.5 if o else 0.05)
            for w, o, k in zip(wrong, often, kept, strict=True)
            if k
        ]
        false += watched(opened(0.05, 0.05), audits)[1] is not None
    assert false / 100 <= 0.05


@pytest.mark.parametrize("propensity", [1.0, 0.5, 0.1])
def test_a_bet_at_the_target_is_worth_what_was_staked(propensity: float) -> None:
    watch = opened(0.05, 0.1)
    after = {wrong: seen(watch, Audit(wrong, propensity)).log_e_value for wrong in (True, False)}
    assert 0.05 * math.exp(after[True]) + 0.95 * math.exp(after[False]) == pytest.approx(1)


def test_the_figures_are_the_same_in_one_go_and_in_pieces() -> None:
    audits = drawn(np.random.default_rng(23), [0.08] * 500)
    whole = watched(opened(0.05), audits)[0]
    part = watched(opened(0.05), audits[:123])[0]
    assert watched(part, audits[123:])[0] == whole
    assert (whole.audits, whole.errors) == (500, sum(audit.wrong for audit in audits))


def test_an_e_detector_forgets_the_good_past_that_an_e_process_has_banked() -> None:
    watch, _ = watched(opened(0.05), [Audit(False)] * 1000 + [Audit(True)] * 6)
    assert watch.log_e_value < 0 < watch.log_detector


def test_a_long_run_of_errors_does_not_overflow() -> None:
    watch, first = watched(opened(0.05), [Audit(True)] * 2000)
    assert math.isfinite(watch.log_detector)
    assert first is not None
    assert first <= 10


@pytest.mark.parametrize(("target", "floor"), [(0, 1), (1, 1), (0.05, 0), (0.05, 1.1)])
def test_a_watch_names_what_is_out_of_range(target: float, floor: float) -> None:
    with pytest.raises(ValueError, match=r"target|floor"):
        opened(target, floor)


def test_an_audit_below_the_floor_is_refused() -> None:
    with pytest.raises(ValueError, match="propensity"):
        seen(opened(0.05, 0.1), Audit(True, 0.05))
