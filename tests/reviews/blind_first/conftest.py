"""A pipeline whose middle tier has every item, or a share of them, answered blind first."""

from collections.abc import Callable

import pytest

from governance.models import User
from tests import factories


@pytest.fixture
def drawing(db: None) -> Callable[[float], User]:
    """Return a maker of the pipeline with a rate; it returns the account that sends."""

    def make(rate: float) -> User:
        document = factories.pipeline_document()
        document["tiers"]["mid"]["blind_first"] = rate
        factories.apply(factories.CALENDAR, factories.SLA, *factories.ROLES, document)
        return factories.a_service()

    return make
