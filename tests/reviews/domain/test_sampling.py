import math

import pytest

from reviews.domain import sampling

KEY = b"k" * 32
IDS = [f"q-{i:06}" for i in range(100_000)]


def chi_square(counts, expected):
    return sum((count - expected) ** 2 / expected for count in counts)


def draws(purpose, pipeline="p", key=KEY):
    return [sampling.draw(key, pipeline, external_id, purpose) for external_id in IDS]


def test_draws_are_uniform():
    counts = [0] * 100
    for value in draws("monitor"):
        assert 0 <= value < 1
        counts[int(value * 100)] += 1
    # 99 degrees of freedom: 148.2 is exceeded once in a thousand; the key is fixed.
    assert chi_square(counts, len(IDS) / 100) < 148.2


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "random_slice"},
        {"purpose": "monitor", "pipeline": "p2"},
        {"purpose": "monitor", "key": b"j" * 32},
    ],
)
def test_draws_for_another_purpose_pipeline_or_key_are_independent(other):
    counts = [0] * 100
    for a, b in zip(draws("monitor"), draws(**other), strict=True):
        counts[int(a * 10) * 10 + int(b * 10)] += 1
    assert chi_square(counts, len(IDS) / 100) < 148.2


def test_a_draw_can_be_made_again_and_no_two_inputs_run_together():
    assert sampling.draw(KEY, "p", "a", "x") == sampling.draw(KEY, "p", "a", "x")
    assert sampling.draw(KEY, "p:x", "a", "x") != sampling.draw(KEY, "p", "x:a", "x")
    assert sampling.draw(KEY, "p", "é😀", "x") < 1


def test_a_draw_without_a_key_is_refused():
    with pytest.raises(ValueError, match="key"):
        sampling.draw(b"", "p", "a", "x")


@pytest.mark.parametrize(("monitor", "uniform"), [(0.1, 0.02), (0.05, 0.0), (0.0, 0.02), (1, 0.5)])
def test_the_share_that_is_sampled_is_the_propensity(monitor, uniform):
    stated = sampling.propensity(asked=False, monitor_rate=monitor, random_slice=uniform)
    found = [sampling.sample(KEY, "p", i, monitor_rate=monitor, random_slice=uniform) for i in IDS]
    spread = 4 * math.sqrt(stated * (1 - stated) / len(IDS))
    assert abs(sum(map(bool, found)) / len(IDS) - stated) <= spread
    slice_share = found.count("random_slice") / len(IDS)
    assert abs(slice_share - uniform) <= 4 * math.sqrt(uniform * (1 - uniform) / len(IDS))


def test_the_propensity_is_as_the_contract_says():
    assert sampling.propensity(asked=True, monitor_rate=0.1, random_slice=0.02) == 1.0
    low = sampling.propensity(asked=False, monitor_rate=0.1, random_slice=0.02)
    assert low == pytest.approx(1 - 0.9 * 0.98)
    assert sampling.propensity(asked=False, monitor_rate=0, random_slice=0) == 0


def test_rates_of_nothing_and_everything_are_exact():
    assert not any(sampling.sample(KEY, "p", i, monitor_rate=0, random_slice=0) for i in IDS[:999])
    assert {sampling.sample(KEY, "p", i, monitor_rate=0, random_slice=1) for i in IDS[:999]} == {
        "random_slice"
    }


def test_a_higher_rate_keeps_what_a_lower_one_took():
    def taken(rate):
        return {i for i in IDS if sampling.sample(KEY, "p", i, monitor_rate=rate, random_slice=0)}

    assert taken(0.1) < taken(0.2)
