import pytest

from feedback.domain.confusion import Judged, mean, mistaken, precision, recall
from feedback.domain.quality_wording import of_class, of_classes

SEEN, DRAWN = ("mid", 1.0), ("low", 0.1)
WEIGHTS = {SEEN: 1.0, DRAWN: 10.0}


def by_label(figures):
    return {each.label: each for each in figures}


def test_recall_counts_what_a_rule_approved_as_the_draw_of_it_says():
    judged = [
        Judged(SEEN, "a", "a", 40),
        Judged(SEEN, "b", "a", 10),
        Judged(DRAWN, "b", "a", 5),
        Judged(DRAWN, "b", "b", 20),
    ]
    found = by_label(recall(judged, WEIGHTS))
    assert found["a"].naive.value == pytest.approx(40 / 55)
    assert found["a"].figure.value == pytest.approx(40 / 100)
    assert found["b"].figure.value == 1.0


def test_precision_is_of_what_the_model_said():
    judged = [
        Judged(SEEN, "a", "a", 30),
        Judged(SEEN, "a", "b", 10),
        Judged(DRAWN, "a", "a", 6),
        Judged(SEEN, "b", "", 4),
    ]
    found = by_label(precision(judged, WEIGHTS))
    assert found["a"].figure.value == pytest.approx(90 / 100)
    assert (found["b"].figure.value, found["b"].n) == (0.0, 4)


def test_a_rejection_without_an_answer_is_in_the_recall_of_none():
    assert recall([Judged(SEEN, "a", "", 3)], WEIGHTS) == []


def test_all_right_of_a_few_that_stand_for_many_is_not_sure():
    (found,) = precision([Judged(DRAWN, "a", "a", 5)], WEIGHTS)
    low, high = found.figure.interval
    assert low < 0.65
    assert high == 1.0


def test_what_stands_for_itself_alone_is_known():
    (found,) = precision([Judged(SEEN, "a", "a", 3), Judged(SEEN, "a", "b", 1)], WEIGHTS)
    assert found.figure.interval == (0.75, 0.75)


def test_the_mean_counts_each_answer_alike():
    judged = [Judged(SEEN, "a", "a", 900), Judged(SEEN, "b", "a", 1), Judged(SEEN, "b", "b", 1)]
    _, figure = mean(precision(judged, WEIGHTS))
    assert figure.value == pytest.approx(0.75)
    assert mean([]) == (None, None)


def test_mistakes_are_listed_by_their_share_of_all_traffic():
    judged = [
        Judged(SEEN, "a", "b", 30),
        Judged(DRAWN, "b", "a", 5),
        Judged(SEEN, "a", "a", 20),
        Judged(SEEN, "a", "", 9),
    ]
    assert [row[:2] for row in mistaken(judged, WEIGHTS, most=1)] == [("b", "a")]
    (first, second) = mistaken(judged, WEIGHTS, most=5)
    assert first == ("b", "a", pytest.approx(50 / 109), 5)
    assert second[3] == 30


def test_sentences_name_the_answer_and_the_cases():
    (found,) = precision([Judged(SEEN, "a", "a", 3), Judged(SEEN, "a", "b", 1)], WEIGHTS)
    assert of_class("precision", "a", found.n, found.figure) == (
        "When the model says 'a' it is right in 75.0 %, from 4 settled cases."
    )
    assert of_classes("recall", 1, found.figure) == (
        "On the mean of 1 answer, each counted alike, the model finds what is right in 75.0 %."
    )
