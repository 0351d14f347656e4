"""Where figures lie on a drawn axis."""

import pytest

from feedback.domain.ranges import Scale


@pytest.mark.parametrize(
    ("values", "start", "end"),
    [
        ([-0.02, 0.0, 0.031], -0.02, 0.04),
        ([0.0, 0.12], 0.0, 0.12),
        ([-0.46, 1.0], -0.5, 1.0),
        ([0.0, 0.0], 0.0, 0.01),
        ([-0.3, -0.2], -0.3, -0.2),
    ],
)
def test_an_axis_runs_between_round_figures_that_hold_all_values(
    values: list[float], start: float, end: float
) -> None:
    scale = Scale.around(values)
    assert (scale.start, scale.end) == (pytest.approx(start), pytest.approx(end))
    assert all(scale.start - 1e-9 <= value <= scale.end + 1e-9 for value in values)


def test_a_figure_and_its_interval_lie_in_hundredths_of_the_axis() -> None:
    bar = Scale(-0.1, 0.1).bar(0.0, (-0.05, 0.2))
    assert (bar.low, bar.mark, bar.high, bar.width) == (25, 50, 100, 75)


def test_the_axis_is_marked_at_round_figures() -> None:
    assert Scale(0.0, 1.0).ticks() == [
        (0, 0), (20, 20), (40, 40), (60, 60), (80, 80), (100, 100),
    ]  # fmt: skip
    values = [value for value, _ in Scale(-0.02, 0.04).ticks()]
    assert values == pytest.approx([-2, -1, 0, 1, 2, 3, 4])
