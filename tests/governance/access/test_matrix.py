"""Who may do what, on any day."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.selectors import access, principals
from governance.services import people
from tests import factories, governed

pytestmark = pytest.mark.django_db


def at(moment, viewer):
    return {row.user.username: row for row in access.on(principals.of_person(viewer), moment)}


def test_access_is_what_it_was_on_the_day() -> None:
    factories.a_pipeline()
    root = factories.an_administrator()
    start = timezone.now()
    factories.apply(factories.ROLES[0] | {"permissions": ["review", "audit"]})
    ann = factories.a_person("ann", roles=("reviewer",))
    between = timezone.now()
    rows = at(between, root)
    assert "ann" not in at(start, root)
    assert rows["ann"].permissions == {"review", "audit"}
    assert rows["ann"].pipelines == ["intents"]
    assert rows["root"].administrator
    people.set_account(
        user_id=ann.pk, kind=ann.kind, is_active=False, is_superuser=False, actor=root,
        reason="Left", now=timezone.now(),
    )  # fmt: skip
    later = timezone.now() + timedelta(seconds=1)
    assert "ann" not in at(later, root)
    assert at(between, root)["ann"].permissions == {"review", "audit"}


def test_an_auditor_of_one_pipeline_sees_its_people_alone() -> None:
    factories.a_pipeline()
    factories.a_pipeline("other")
    factories.a_person("ann", pipelines=("intents",))
    factories.a_person("ben", pipelines=("other", "intents"))
    auditor = factories.a_person("omar", roles=("auditor",), pipelines=("other",))
    rows = at(timezone.now() + timedelta(days=1), auditor)
    assert set(rows) == {"ben", "omar"}
    assert rows["ben"].pipelines == ["other"]


def test_the_matrix_does_not_ask_once_for_each_account(django_assert_max_num_queries) -> None:
    factories.a_pipeline()
    (viewer,) = governed.approvers(1)
    for _ in range(5):
        factories.a_person()
    with django_assert_max_num_queries(9):
        assert len(at(timezone.now() + timedelta(days=1), viewer)) == 6
