"""A dataset as evidence of an adjustment is bound by its digest."""

import pytest

from governance.exceptions import InvalidInput
from governance.selectors.adjustments import revision_of
from tests import governed, world

pytestmark = pytest.mark.django_db


def test_a_dataset_is_bound_by_the_digest_of_its_rows() -> None:
    made = world.build()
    given = {"datasets": [{"dataset": "answers", "version": 1}]}
    row = governed.of_model(made.bot, "9", evidence=given)
    assert revision_of(row).bound == {"datasets": [made.version.digest]}
    for reference in ({"dataset": "answers", "version": 2}, {"dataset": "answer", "version": 1}):
        with pytest.raises(InvalidInput) as refused:
            governed.of_model(made.bot, "9", evidence={"datasets": [*given["datasets"], reference]})
        assert refused.value.faults[0].pointer == "/evidence/datasets/1"
