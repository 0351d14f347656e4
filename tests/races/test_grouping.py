"""What must not run beside its like is kept on one worker."""

import pytest

pytestmark = [pytest.mark.xdist_group("races")]


def test_races_are_all_given_to_one_worker(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("There is one process only.")
    assert request.node.nodeid.endswith("@races")
