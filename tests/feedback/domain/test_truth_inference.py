import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.domain import truth_inference
from feedback.domain.truth_inference import (
    Answers,
    alpha,
    alpha_interval,
    by_agreement,
    dawid_skene,
    disagreements,
    majority,
)
from tests.shared import SHARED

CROWD = SHARED / "data" / "crowd"


def crowd(name):
    """Return the answers of a published set, and the truth by item."""
    if not CROWD.is_dir():
        pytest.skip("The published answers of crowds are not here.")
    with (CROWD / name / "responses.csv").open() as file:
        rows = [(row["item"], row["reviewer"], row["label"]) for row in csv.DictReader(file)]
    with (CROWD / name / "truth.csv").open() as file:
        truth = {row["item"]: row["label"] for row in csv.DictReader(file)}
    return Answers.of(rows), truth


def accuracy(found, truth):
    pairs = zip(found.answers.items, found.labels, strict=True)
    return np.mean([truth[item] == label for item, label in pairs if item in truth])


def f1(found, truth, positive):
    pairs = [
        (truth[item] == positive, label == positive)
        for item, label in zip(found.answers.items, found.labels, strict=True)
    ]
    hits = sum(a and b for a, b in pairs)
    return 2 * hits / (sum(a for a, _ in pairs) + sum(b for _, b in pairs))


def test_d1_on_the_product_set_it_reaches_what_was_published():
    answers, truth = crowd("product")
    assert accuracy(majority(answers), truth) == pytest.approx(0.8966, abs=0.001)
    found = dawid_skene(answers)
    assert accuracy(found, truth) >= 0.939
    assert f1(found, truth, "same") >= 0.718


def test_d1_on_the_sentiment_set_it_reaches_what_was_published():
    answers, truth = crowd("possent")
    assert accuracy(majority(answers), truth) == pytest.approx(0.932, abs=0.003)
    assert accuracy(by_agreement(answers), truth) >= 0.948
    assert accuracy(dawid_skene(answers), truth) >= 0.960


@pytest.mark.parametrize("name", ["product", "possent"])
def test_d2_reviewers_are_told_apart_without_knowing_the_truth(name):
    answers, truth = crowd(name)
    right = np.array(
        [truth[answers.items[i]] == answers.labels[k] for i, k in zip(
            answers.item, answers.label, strict=True)]
    )  # fmt: skip
    given = np.bincount(answers.reviewer)
    true = np.bincount(answers.reviewer, weights=right) / given
    assert np.corrcoef(true, dawid_skene(answers).accuracy)[0, 1] >= 0.9


def test_a_posterior_is_surer_than_it_is_right():
    answers, truth = crowd("product")
    found = dawid_skene(answers)
    sure = found.shares.max(axis=1)
    right = np.array(
        [truth[i] == label for i, label in zip(answers.items, found.labels, strict=True)]
    )
    claimed, kept = sure[sure >= 0.95].mean(), right[sure >= 0.95].mean()
    assert claimed > 0.98
    assert kept < claimed - 0.01


@pytest.mark.parametrize(("name", "published"), [("product", 0.157), ("possent", 0.149)])
def test_alpha_is_low_where_the_answer_is_still_found(name, published):
    answers, _ = crowd(name)
    found = alpha(answers.votes)
    assert found == pytest.approx(published, abs=0.002)
    low, high = alpha_interval(answers.votes, draws=200)
    assert low < found < high


def test_alpha_of_the_example_that_its_author_works_out():
    """Krippendorff (2011), C: four observers, twelve units, missing answers; nominal 0.743."""
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    rows = [
        (unit, who, label)
        for who, line in enumerate(table)
        for unit, label in enumerate(line)
        if label is not None
    ]
    assert alpha(Answers.of(rows).votes) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_two_observers_that_its_author_works_out():
    """Krippendorff (2011), A: two observers, ten units, two values; 0.095."""
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    rows = [(i, who, v) for who, line in enumerate((first, second)) for i, v in enumerate(line)]
    assert alpha(Answers.of(rows).votes) == pytest.approx(0.095, abs=0.0005)


def test_alpha_of_single_answers_is_none_and_of_one_label_one():
    assert alpha(Answers.of([(1, "a", "x"), (2, "b", "y")]).votes) is None
    assert alpha(Answers.of([(1, "a", "x"), (1, "b", "y")]).votes) is None
    alike = [(1, "a", "x"), (1, "b", "x"), (2, "a", "x"), (2, "b", "x")]
    assert alpha(Answers.of(alike).votes) == 1.0


def test_one_who_is_always_wrong_is_believed_the_other_way_round():
    truth = {i: "ab"[i % 2] for i in range(40)}
    other = {"a": "b", "b": "a"}
    rows = [(i, who, label) for i, label in truth.items() for who in ("ann", "bob", "cem")]
    rows += [(i, who, other[label]) for i, label in truth.items() for who in ("dan", "eve")]
    found = dawid_skene(Answers.of(rows))
    assert found.labels == [truth[i] for i in found.answers.items]
    by_name = dict(zip(found.answers.reviewers, found.accuracy, strict=True))
    assert by_name["ann"] > 0.95
    assert by_name["dan"] < 0.05


def test_names_of_labels_change_nothing_but_who_wins_a_tie():
    rows = [(i, who, "xyz"[(i + (who == "c")) % 3]) for i in range(30) for who in "abc"]
    other = {"x": "r", "y": "q", "z": "p"}
    before = dawid_skene(Answers.of(rows))
    after = dawid_skene(Answers.of((item, who, other[label]) for item, who, label in rows))
    assert [other[label] for label in before.labels] == after.labels
    assert np.allclose(before.shares, after.shares[:, ::-1], atol=1e-4)


def test_a_tie_is_told():
    found = majority(Answers.of([(1, "a", "x"), (1, "b", "y"), (2, "a", "x"), (2, "b", "x")]))
    assert list(found.tied) == [True, False]


def test_labels_that_meet_on_one_item_are_counted_in_pairs():
    rows = [(1, "a", "x"), (1, "b", "y"), (2, "a", "x"), (2, "b", "z"), (2, "c", "x")]
    assert disagreements(Answers.of(rows)) == [("x", "z", 2), ("x", "y", 1)]


answered = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("abcd"), st.sampled_from("xyz")),
    min_size=1, max_size=40, unique_by=lambda row: row[:2],
)  # fmt: skip


@settings(deadline=None)
@given(answered, st.randoms())
def test_neither_order_nor_names_change_what_is_inferred(rows, random):
    renamed = {"a": "d2", "b": "c2", "c": "b2", "d": "a2"}
    other = [(item, renamed[who], label) for item, who, label in rows]
    random.shuffle(other)
    for infer in (majority, by_agreement, dawid_skene):
        before, after = infer(Answers.of(rows)), infer(Answers.of(other))
        assert np.allclose(before.shares, after.shares, atol=1e-4)
        assert np.allclose(before.shares.sum(axis=1), 1)


def test_nothing_that_settles_items_knows_of_posteriors():
    from pathlib import Path

    import reviews.services

    name = truth_inference.__name__.rsplit(".", 1)[1]
    files = Path(reviews.services.__path__[0]).parents[1].glob("reviews/**/*.py")
    assert not [file for file in files if name in file.read_text()]
