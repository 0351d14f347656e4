"""Reviews that have become a formality are noticed; those of people who look are not (O20)."""

import random
from datetime import timedelta

import pytest
from django.test import Client

from governance.selectors import principals
from reviews.domain import attentiveness
from reviews.domain.attentiveness import Judged
from reviews.selectors.attentiveness import at_risk
from tests import factories

pytestmark = pytest.mark.django_db
BEHIND = "django.contrib.auth.backends.ModelBackend"


def flagged_after(decisions: list[Judged]) -> int | None:
    """Return how many decisions it took until the tier was flagged."""
    for n in range(1, len(decisions) + 1):
        if attentiveness.of(decisions[:n][::-1]).at_risk:
            return n
    return None


def test_o20_a_synthetic_rubber_stamper_is_flagged_within_200_items() -> None:
    chance = random.Random(20)
    stamped = [Judged(agreed=True, seconds=chance.uniform(0.8, 4.0)) for _ in range(400)]
    flagged = flagged_after(stamped)
    assert flagged is not None
    assert flagged <= 200


@pytest.mark.parametrize("seed", range(20))
def test_o20_people_who_look_are_not_flagged_though_the_model_is_good(seed: int) -> None:
    chance = random.Random(seed)
    careful = [
        Judged(agreed=chance.random() < 0.97, seconds=chance.lognormvariate(2.5, 0.6))
        for _ in range(1000)
    ]
    assert flagged_after(careful) is None


@pytest.mark.parametrize(("agreed", "seconds"), [(True, 6.0), (False, 1.0)])
def test_o20_slow_agreement_and_quick_disagreement_are_no_formality(agreed, seconds) -> None:
    rest = [Judged(agreed=True, seconds=seconds)] * 198
    assert not attentiveness.of([Judged(agreed=agreed, seconds=seconds)] * 2 + rest).at_risk


def test_o20_the_index_names_the_tier_and_no_person(admin_user) -> None:
    factories.a_pipeline()
    bot, now = factories.a_service(), factories.NOW
    for _ in range(attentiveness.FEWEST):
        ann = factories.a_person()
        factories.an_item(bot, now=now)
        held = factories.claim(ann, now=now)
        factories.decide(ann, held, now=now)
        now += timedelta(minutes=1)
    (risk,) = at_risk(principals.of_person(admin_user))
    assert (risk.pipeline, risk.tier, risk.attention.n) == ("intents", "mid", 100)
    client = Client()
    client.force_login(admin_user, backend=BEHIND)
    page = client.get("/admin/").content.decode()
    assert "Reviews may be a formality in intents, tier mid: 100 of 100 agreed" in page
    auditor = factories.a_person("omar", roles=("auditor",), pipelines=())
    assert at_risk(principals.of_person(auditor)) == []
