"""What was sealed before a challenge overturned it says so, and stays what it was."""

from django.utils import timezone

from governance.selectors import principals
from reviews.services import challenges
from tests import factories
from tests.conftest import Api
from tests.feedback.conftest import House, rows_of


def overturned(house: House, resolution_id: object, label: str) -> None:
    opener, judge = factories.a_person(), factories.a_person(roles=("lead",))
    row = challenges.challenge(
        principal=principals.of_person(opener), actor=opener, resolution_id=resolution_id,
        reason="It names a balance.", anonymous=True, now=timezone.now(),
    )  # fmt: skip
    challenges.overturn(
        principal=principals.of_person(judge), actor=judge, challenge_id=row.pk,
        rationale="It does.", answer={"label": label}, now=timezone.now(),
    )  # fmt: skip


def test_a_version_lists_its_rows_that_were_overturned_since(house: House) -> None:
    first, _second = house.resolved(), house.resolved()
    version = house.sealed(house.dataset())
    before = rows_of(version)
    api = Api(factories.a_token(house.bot, "datasets:read"))
    address = "/datasets/answers/versions/1"
    answer = api.get(address)
    assert answer.json()["overturned"] == []
    overturned(house, first.pk, "balance")
    again = api.get(address)
    (row,) = again.json()["overturned"]
    assert row["resolution"] == str(first.pk)
    assert row["external_id"] == first.item.prediction.external_id
    assert again["ETag"] != answer["ETag"]
    assert rows_of(version) == before


def test_the_next_version_holds_what_stands(house: House) -> None:
    made = house.resolved()
    dataset = house.dataset()
    overturned(house, made.pk, "balance")
    (row,) = rows_of(house.sealed(dataset, now=timezone.now()))
    assert (row["answer"], row["resolution_kind"]) == ({"label": "balance"}, "overturned")
