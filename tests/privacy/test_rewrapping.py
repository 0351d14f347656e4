"""The key of the site is replaced while people go on asking."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance.domain import envelopes
from governance.models import AuditEvent, SubjectKey
from governance.services import rewrapping, subjects
from tests.factories import NOW

pytestmark = pytest.mark.django_db
FORMER, NEW = b"\x01" * 32, b"\x02" * 32
WHO = [f"person-{number}" for number in range(5)]


@pytest.fixture
def kept(settings: Any) -> Any:
    """Return the settings, with five keys under the former key, and both keys open."""
    settings.PRIVACY_KEYS = [FORMER]
    for reference in WHO:
        subjects.key_for(reference, now=NOW)
    settings.PRIVACY_KEYS = [NEW, FORMER]
    return settings


def names() -> list[str]:
    return sorted(subjects.reference_of(row) for row in SubjectKey.objects.all())


def run() -> str:
    out = StringIO()
    call_command("rewrap_subject_keys", stdout=out)
    return out.getvalue()


def events() -> list[int]:
    rows = AuditEvent.objects.filter(action="subject_keys.rewrapped").order_by("sequence")
    return [row.detail["keys"] for row in rows]


def test_a_rotation_that_broke_off_leaves_all_readable_and_is_begun_again(kept: Any) -> None:
    rewrapping.rewrap(after=None, actor=None, now=NOW, most=2)
    assert names() == WHO
    assert all(subjects.known(reference) for reference in WHO)
    for reference in WHO:
        subjects.key_for(reference, now=NOW)
    assert SubjectKey.objects.count() == len(WHO)
    assert run().startswith("3 keys")
    kept.PRIVACY_KEYS = [NEW]
    assert names() == WHO
    assert all(subjects.known(reference) for reference in WHO)
    assert run().startswith("0 keys")
    assert events() == [2, 3]


def test_a_batch_that_fails_in_the_middle_moves_nothing_and_names_the_key(kept: Any) -> None:
    row = SubjectKey.objects.order_by("pk")[3]
    before = row.wrapped
    SubjectKey.objects.filter(pk=row.pk).update(wrapped="AAAA")
    with pytest.raises(CommandError, match=str(row.pk)):
        run()
    assert events() == []
    SubjectKey.objects.filter(pk=row.pk).update(wrapped=before)
    kept.PRIVACY_KEYS = [FORMER]
    assert names() == WHO


def test_what_was_destroyed_stays_destroyed_in_a_rotation(kept: Any) -> None:
    subjects.destroy(SubjectKey.objects.get(pk=subjects.key_for(WHO[0], now=NOW).pk), now=NOW)
    assert run().startswith("4 keys")
    assert names() == ["", *WHO[1:]]


def test_a_backup_from_before_a_rotation_opens_with_the_former_key_alone(kept: Any) -> None:
    backup = SubjectKey.objects.order_by("pk")[0]
    run()
    kept.PRIVACY_KEYS = [NEW]
    with pytest.raises(envelopes.CannotOpen):
        subjects.reference_of(backup)
    kept.PRIVACY_KEYS = [FORMER]
    assert subjects.reference_of(backup) in WHO
