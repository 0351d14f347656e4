"""A batch of which only the middle was sent before is taken as well as any other."""

import orjson
import pytest

from governance.models import AuditEvent
from governance.selectors import principals
from reviews.models import Prediction
from reviews.services import intake
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("known", [range(90, 110), range(5), range(195, 200), range(200), []])
def test_what_was_sent_before_is_a_duplicate_wherever_it_stands(known: range) -> None:
    factories.a_pipeline()
    bot = factories.a_service()
    payloads = [factories.a_payload("low", external_id=f"q-{i}") for i in range(200)]
    factories.send(bot, *(payloads[i] for i in known))
    events = AuditEvent.objects.filter(action="predictions.received").count()

    taken = intake.accept(
        candidates=[intake.parse(orjson.dumps(payload)) for payload in payloads],
        principal=principals.of_person(bot),
        actor=bot,
        now=factories.NOW,
    )

    assert [t.outcome for t in taken] == [
        "duplicate" if i in known else "accepted" for i in range(200)
    ]
    assert Prediction.objects.count() == 200
    told = AuditEvent.objects.filter(action="predictions.received").count() - events
    assert told == (0 if len(known) == 200 else 1)
