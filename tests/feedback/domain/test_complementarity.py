import csv
import json
from collections import defaultdict

import pytest

from feedback.domain.complementarity import Judged, of, sentence
from tests.shared import SHARED

PRODUCT = SHARED / "data" / "crowd" / "product"


def judged(both=0, person=0, model=0, neither=0):
    return (
        [Judged(True, True)] * both + [Judged(False, True)] * person
        + [Judged(True, False)] * model + [Judged(False, False)] * neither
    )  # fmt: skip


def test_people_who_are_shown_to_be_better_add_to_the_model():
    found = of(judged(both=60, person=25, model=5, neither=10))
    assert (found.people, found.model, found.verdict) == (0.85, 0.65, "people")
    assert found.difference == pytest.approx(0.20)
    assert found.interval[0] > 0
    assert sentence(found).endswith("People add to the model here.")


def test_where_the_model_is_better_more_review_is_advised_against():
    found = of(judged(both=60, person=5, model=25, neither=10))
    assert found.verdict == "model"
    assert "would make the answers worse" in sentence(found)


def test_where_it_is_not_shown_no_more_review_is_advised():
    found = of(judged(both=60, person=12, model=10, neither=18))
    assert found.verdict == "unclear"
    assert "no ground for sending more" in sentence(found)


def test_under_30_items_nothing_is_said():
    found = of(judged(both=20, person=9))
    assert (found.n, found.difference, found.verdict) == (29, None, "unknown")
    assert sentence(found) == "Not shown: it would rest on 29 items, fewer than 30."


def test_a2_on_published_answers_the_verdict_is_what_the_truth_says():
    """One reviewer of each pair of products against a model, the truth being known."""
    if not PRODUCT.is_dir():
        pytest.skip("The published answers of crowds are not here.")
    with (PRODUCT / "truth.csv").open() as file:
        truth = {row["item"]: row["label"] for row in csv.DictReader(file)}
    answers = defaultdict(list)
    with (PRODUCT / "responses.csv").open() as file:
        for row in csv.DictReader(file):
            answers[row["item"]].append(row["label"])
    said = {}
    for line in (PRODUCT / "stream.jsonl").read_text().splitlines():
        row = json.loads(line)
        said[row["external_id"]] = row["prediction"]["label"]
    rows = [
        Judged(said[item] == truth[item], given[0] == truth[item])
        for item, given in answers.items()
        if item in said
    ]
    found = of(rows)
    people = sum(row.person for row in rows) / len(rows)
    model = sum(row.model for row in rows) / len(rows)
    assert found.people == pytest.approx(people)
    assert found.verdict == ("people" if people > model else "model")
