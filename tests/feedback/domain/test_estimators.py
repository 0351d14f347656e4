from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain.estimators import Study
from feedback.domain.quality_wording import accuracy
from feedback.domain.sampled_groups import Group
from tests.shared import stream_of_intents

# What a usual policy draws: all below 0.7, three in ten below 0.9, and one in fifty above.
BANDS = ((0.7, 1.0), (0.9, 0.3), (1.01, 0.02))


def estimate(*groups: Group):
    return Study(groups).estimate()


def draws(confidence, right, generator, bands=BANDS):
    """Return the groups of one draw of some traffic."""
    chance = np.select([confidence < bound for bound, _ in bands], [share for _, share in bands])
    seen = generator.random(len(confidence)) < chance
    found: dict[tuple[float, int], list[float]] = defaultdict(lambda: [0, 0, 0, 0.0])
    for pi, sure, looked, hit in zip(chance, confidence, seen, right, strict=True):
        counts = found[pi, int(sure * 200)]
        counts[0] += 1
        counts[1] += looked
        counts[2] += looked and hit
        counts[3] += sure
    return [
        Group(f"t{pi}", pi, int(n), int(drawn), int(drawn), int(hits), sure / n)
        for (pi, _), (n, drawn, hits, sure) in found.items()
    ]


def simulated(population, bands=BANDS, repetitions=400):
    """Return bias and coverage of each figure over repeated draws, and how often it was given."""
    generator = np.random.default_rng(20_261_127)
    seen = defaultdict(list)
    for _ in range(repetitions):
        confidence, right = population(generator)
        truth = right.mean()
        found = Study(draws(confidence, right, generator, bands)).estimate()
        figures = {name: getattr(found, name) for name in ("naive", "stratified", "hajek", "aipw")}
        for name, figure in (figures | {"answer": found.figure}).items():
            if figure is not None:
                low, high = figure.interval
                seen[name].append((figure.value - truth, low <= truth <= high))
    return {name: tuple(np.mean(rows, axis=0)) for name, rows in seen.items()}


def overconfident(generator):
    confidence = np.clip(generator.beta(5, 1.6, 2300), 0.01, 0.999)
    return confidence, generator.random(2300) < confidence - 0.02


def worse_than_it_says(generator):
    confidence = np.clip(generator.beta(4, 1, 2300), 0.01, 0.999)
    return confidence, generator.random(2300) < confidence**2


@pytest.mark.parametrize("population", [overconfident, worse_than_it_says])
def test_c1_the_answer_is_unbiased_and_its_interval_holds_where_the_naive_figure_is_far_off(
    population,
):
    found = simulated(population)
    bias, cover = found["answer"]
    assert abs(bias) <= 0.005
    assert cover >= 0.90
    for name in ("hajek", "aipw"):
        assert abs(found[name][0]) <= 0.005
        assert found[name][1] >= 0.90
    assert found["naive"][0] < -0.066
    assert found["naive"][1] <= 0.08


def test_c1_on_a_real_stream_of_intents():
    confidence, right = stream_of_intents()
    found = simulated(lambda _: (confidence, right), repetitions=200)
    assert abs(found["answer"][0]) <= 0.005
    assert found["answer"][1] >= 0.90
    assert found["naive"][0] < -0.066


def test_strata_are_weighted_by_their_size():
    found = estimate(
        Group("mid", 1.0, 100, 100, 100, 60, 0.5), Group("low", 0.1, 900, 90, 90, 81, 0.95)
    )
    assert found.naive.value == pytest.approx(141 / 190)
    assert found.figure.value == pytest.approx(0.1 * 0.6 + 0.9 * 0.9)
    assert found.hajek.value == pytest.approx(found.figure.value)
    assert found.method == "stratified"
    assert (found.n, found.n_reviewed, found.missing, found.unseen) == (1000, 190, 0, 0)


def test_what_was_reviewed_whole_is_known():
    found = estimate(Group("mid", 1.0, 50, 50, 50, 40, 0.5))
    assert found.figure.interval == (0.8, 0.8)
    assert found.bounds == (0.8, 0.8)
    assert accuracy(found).endswith("People settled all of them.")


def test_a_few_that_were_all_right_do_not_make_sure():
    low, high = estimate(Group("low", 0.02, 500, 10, 10, 10, 0.95)).figure.interval
    assert low < 0.75
    assert high == 1.0


def test_a_stratum_with_too_few_is_helped_out_by_the_rest():
    found = estimate(
        Group("mid", 1.0, 400, 400, 400, 300, 0.6), Group("low", 0.02, 100, 2, 2, 2, 0.95)
    )
    assert found.stratified is None
    assert found.method == "aipw"
    assert 0.75 <= found.figure.value <= 0.9


def test_where_nothing_can_be_drawn_there_are_bounds_and_no_figure():
    found = estimate(
        Group("mid", 1.0, 100, 100, 100, 60, 0.5), Group("low", 0.0, 300, 0, 0, 0, 0.95)
    )
    assert (found.figure, found.method, found.unseen) == (None, "none", 300)
    assert found.bounds == pytest.approx((0.15, 0.9))
    assert "300 of 400 predictions could never be drawn" in accuracy(found)


def test_what_was_drawn_and_is_not_settled_is_told_with_what_it_may_turn_out_to_be():
    found = estimate(Group("mid", 1.0, 100, 100, 80, 60, 0.5))
    assert found.figure.value == pytest.approx(0.75)
    assert found.missing == 20
    assert found.bounds == pytest.approx((0.6, 0.8))
    assert "20 that were drawn are not settled" in accuracy(found)


def test_before_anything_is_settled_nothing_is_said():
    found = estimate(Group("mid", 1.0, 100, 100, 0, 0, 0.5))
    assert (found.naive, found.figure) == (None, None)
    assert "settled none" in accuracy(found)
    assert accuracy(estimate()) == "Nothing was sent in this period."


def test_the_sentence_says_how_far_the_naive_figure_is_off_and_why():
    found = estimate(
        Group("mid", 1.0, 1000, 1000, 1000, 600, 0.5), Group("low", 0.1, 9000, 900, 900, 873, 0.95)
    )
    assert accuracy(found) == (
        "Over all 10,000 predictions the model is right in 93.3 % (95 % between 92.2 and 94.1 %). "
        "Of the 1,900 that people settled it is right in 77.5 %: they were sent the hard ones, and "
        "that figure alone would be 15.8 points too low."
    )


def test_a_model_that_tells_no_confidence_is_estimated_too():
    found = estimate(Group("mid", 1.0, 400, 400, 400, 300), Group("low", 0.02, 100, 2, 2, 2))
    assert 0.7 <= found.figure.value <= 0.95


counts = st.builds(
    lambda tier, chance, n, a, b, c, sure: Group(
        tier, chance, n, min(a, n), min(a, b, n), min(a, b, c, n), sure
    ),
    st.sampled_from(["low", "mid", "high"]), st.sampled_from([1.0, 0.3, 0.02]),
    st.integers(1, 400), *[st.integers(0, 400)] * 3, st.none() | st.floats(0, 1),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(counts, max_size=12))
def test_every_figure_is_a_share_within_its_interval(groups):
    found = estimate(*groups)
    for name in ("naive", "stratified", "hajek", "aipw"):
        figure = getattr(found, name)
        if figure is not None:
            low, high = figure.interval
            assert 0 <= low <= figure.value <= high <= 1
    assert accuracy(found)
    assert estimate(*groups) == found


@settings(deadline=None)
@given(st.lists(counts, min_size=1, max_size=8), st.randoms())
def test_neither_order_nor_confidence_changes_the_stratified_figure(groups, random):
    shuffled = [replace(each, confidence=None) for each in groups]
    random.shuffle(shuffled)
    before, after = estimate(*groups).stratified, estimate(*shuffled).stratified
    assert (before is None) == (after is None)
    if before is not None:
        assert before.value == pytest.approx(after.value)
        assert before.interval == pytest.approx(after.interval)
