"""Every pair of a state and an act, in the table, in the database and in words."""

import itertools

import pytest
from django.db import IntegrityError, transaction

from governance.domain import adjusting
from governance.enums import AdjustmentState, Risk, Substantial
from governance.models import Adjustment, User
from governance.models.base import uuid7
from tests import factories, governed

ENDS = {"rejected", "withdrawn"}
ALLOWED = {
    "edit": {"draft", "submitted", "approved", "stale"},
    "submit": {"draft"},
    "sign": {"submitted"},
    "countersign": {"rolled_back"},
    "challenge": {"submitted"},
    "reject": {"submitted"},
    "withdraw": {"draft", "submitted", "approved", "stale"},
    "activate": {"approved"},
    "roll_back": {"active"},
    "supersede": {"active"},
    "restore": {"superseded"},
}


@pytest.mark.parametrize(
    ("act", "state"), list(itertools.product(adjusting.TRANSITIONS, AdjustmentState.values))
)
def test_an_act_starts_from_its_states_and_no_other(act: str, state: str) -> None:
    assert adjusting.allows(act, state) == (state in ALLOWED[act])


def test_what_has_ended_is_left_by_no_act() -> None:
    assert not {source for source, _ in adjusting.moves()} & ENDS


def standing(state: str) -> Adjustment:
    """Return a row that was put into a state past every service."""
    row = governed.draft(User.objects.get(username="bot"))
    copy = Adjustment(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields})
    copy.pk, copy.state, copy.digest = uuid7(), state, "" if state == "draft" else "x"
    Adjustment.objects.bulk_create([copy])
    return copy


def move(row: Adjustment, target: str) -> None:
    digest = "" if target == "draft" else "x"
    with transaction.atomic():
        Adjustment.objects.filter(pk=row.pk).update(state=target, digest=digest)
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("source", AdjustmentState.values)
def test_the_database_lets_a_state_change_as_acts_do_and_no_other_way(source: str) -> None:
    factories.a_pipeline()
    factories.a_service()
    row = standing(source)
    for target in set(AdjustmentState.values) - {source}:
        if (source, target) not in adjusting.moves():
            with pytest.raises(IntegrityError, match=r"adjustment_(moves|signed)"):
                move(row, target)
        elif target == "approved":
            with pytest.raises(IntegrityError, match="adjustment_signed"):
                move(row, target)
        else:
            move(row, target)


@pytest.mark.parametrize("stated", Risk.values)
def test_the_risk_is_as_stated_but_high_for_a_substantial_modification(stated: str) -> None:
    assert adjusting.risk_of(stated, "") == stated
    assert adjusting.risk_of(stated, Substantial.NO) == stated
    assert adjusting.risk_of(stated, Substantial.YES) == Risk.HIGH
