"""What follows from a judgement."""

import pytest

from governance.exceptions import InvalidInput
from governance.models import AuditEvent
from reviews.models import Decision
from tests import factories

pytestmark = pytest.mark.django_db


def test_one_decision_resolves_an_item_of_the_mid_tier() -> None:
    factories.a_pipeline()
    item = factories.an_item(factories.a_service())
    reviewer = factories.a_person()
    decided = factories.decide(reviewer, factories.claim(reviewer))
    item.refresh_from_db()
    assert (item.status, decided.resolution.kind) == ("resolved", "single")
    assert AuditEvent.objects.filter(stream=f"item:{item.pk}").count() == 2


def test_a_judgement_that_lacks_what_the_tier_asks_for_changes_nothing() -> None:
    factories.a_pipeline()
    factories.an_item(factories.a_service())
    reviewer = factories.a_person()
    held = factories.claim(reviewer)
    with pytest.raises(InvalidInput) as caught:
        factories.decide(reviewer, held, "balance", checklist={}, reason_codes=[], rationale="")
    assert {fault.pointer for fault in caught.value.faults} == {
        "/checklist/read", "/rationale", "/reason_codes",
    }  # fmt: skip
    assert not Decision.objects.exists()
