import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.domain.consensus import derive_verdict, judge, key

A, B, C = {"label": "a"}, {"label": "b"}, {"label": "c"}


def outcome(answers, needed=2, maximum=3, agreement_min=1.0):
    return judge(answers, needed=needed, maximum=maximum, agreement_min=agreement_min).outcome


@pytest.mark.parametrize(
    ("answers", "rule", "expected"),
    [
        ([A], (1, 1, 1.0), "agreed"),
        ([], (1, 1, 1.0), "wait"),
        ([A], (2, 3, 1.0), "wait"),
        ([A, A], (2, 3, 1.0), "agreed"),
        ([A, B], (2, 3, 1.0), "adjudicate"),
        ([A, B], (2, 3, 0.6), "more"),
        ([A, B, A], (2, 3, 0.6), "agreed"),
        ([A, B, C], (2, 3, 0.6), "adjudicate"),
        ([A, B], (3, 3, 0.6), "wait"),
        ([A, B], (3, 3, 0.7), "adjudicate"),
        ([A, B, C], (5, 7, 2 / 3), "wait"),
        ([A, B, C, {"label": "d"}], (5, 5, 0.5), "adjudicate"),
        ([A, A, B], (3, 5, 0.8), "more"),
        ([A, A, B, A, A], (3, 5, 0.8), "agreed"),
        ([None], (1, 1, 1.0), "agreed"),
        ([None, A], (2, 2, 1.0), "adjudicate"),
    ],
)
def test_agreement_more_or_adjudication(answers, rule, expected):
    assert outcome(answers, *rule) == expected


def test_two_thirds_of_three_reach_a_bound_written_in_decimals():
    assert outcome([A, A, B], 3, 3, 0.6666666666666666) == "agreed"


def test_answers_are_the_same_whatever_the_order_of_their_keys():
    assert outcome([{"x": 1, "y": [{"b": 1, "a": 2}]}, {"y": [{"a": 2, "b": 1}], "x": 1}]) == (
        "agreed"
    )
    assert outcome([{"x": 1}, {"x": True}]) == "adjudicate"
    assert outcome([{"x": "é"}, {"x": "e\u0301"}]) == "adjudicate"


def test_a_rejection_without_an_answer_is_told_from_an_answer():
    found = judge([None, None], needed=2, maximum=2, agreement_min=1.0)
    assert (found.outcome, found.answer, found.share) == ("agreed", None, 1.0)
    assert key(None) != key({"label": None})


def test_the_verdict_follows_from_the_answer():
    assert derive_verdict({"label": "a", "n": 1}, {"n": 1, "label": "a"}) == "accept"
    assert derive_verdict(A, B) == "correct"


ANSWERS = st.lists(st.sampled_from([A, B, C, None]), min_size=1, max_size=7)
SHARES = st.sampled_from([0.2, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 1.0])


@given(ANSWERS, st.integers(1, 7), st.integers(0, 4), SHARES, st.randoms())
def test_the_order_of_the_answers_does_not_matter(answers, needed, extra, share, rng):
    rule = {"needed": needed, "maximum": needed + extra, "agreement_min": share}
    mixed = list(answers)
    rng.shuffle(mixed)
    assert judge(answers, **rule) == judge(mixed, **rule)


@settings(deadline=None)
@given(ANSWERS, st.integers(1, 3), st.integers(0, 2), SHARES)
def test_adjudication_comes_just_when_no_further_answers_could_agree(answers, needed, extra, share):
    rule = {"needed": needed, "maximum": needed + extra, "agreement_min": share}
    futures = [
        [*answers, *further]
        for count in range(max(needed + extra - len(answers), 0) + 1)
        for further in itertools.product([A, B, C, None, {"label": "new"}], repeat=count)
    ]
    could_agree = any(judge(future, **rule).outcome == "agreed" for future in futures)
    assert (judge(answers, **rule).outcome == "adjudicate") == (not could_agree)


STREAMS = st.lists(st.sampled_from([A, B, C]), min_size=12)


@given(st.integers(1, 6), st.integers(0, 4), SHARES, STREAMS)
def test_every_item_comes_to_an_end_within_the_maximum(needed, extra, share, stream):
    rule = {"needed": needed, "maximum": needed + extra, "agreement_min": share}
    for given_so_far in range(1, needed + extra + 1):
        found = judge(stream[:given_so_far], **rule)
        if found.outcome in ("agreed", "adjudicate"):
            assert found.outcome == "adjudicate" or given_so_far >= needed
            return
        assert found.outcome == ("wait" if given_so_far < needed else "more")
    raise AssertionError("neither agreed nor adjudicated")


@given(ANSWERS, SHARES)
def test_an_agreed_answer_has_the_share_that_is_told(answers, share):
    found = judge(answers, needed=1, maximum=len(answers), agreement_min=share)
    if found.outcome == "agreed":
        assert found.share == answers.count(found.answer) / len(answers)
        assert found.share >= share - 1e-9
