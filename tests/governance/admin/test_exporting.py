"""A list of the admin as a file: just what is filtered, safe to open, proved, and on record."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from governance.admin import exporting
from governance.models import AuditEvent
from governance.services import ledger, sealing
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
EVENTS = "/admin/governance/auditevent/"


@pytest.fixture
def auditor() -> Any:
    factories.a_pipeline()
    return factories.a_person("aud", roles=("auditor",))


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def taken(user: Any, address: str, kind: str) -> tuple[dict[str, Any], bytes]:
    answer = client_of(user).post(address, {"format": kind})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    zipped = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    return json.loads(zipped.read("manifest.json")), zipped.read(f"rows.{kind}")


def test_a_file_holds_the_rows_of_the_filter_and_says_what_they_are(auditor: Any) -> None:
    sealing.seal_all(now=NOW)
    manifest, raw = taken(auditor, f"{EVENTS}export/?action=policy.published", "csv")
    rows = list(csv.DictReader(io.StringIO(raw.decode())))
    published = AuditEvent.objects.filter(action="policy.published")
    assert {row["id"] for row in rows} == {str(pk) for pk in published.values_list("pk", flat=True)}
    assert (manifest["rows"], manifest["filter"]) == (len(rows), {"action": "policy.published"})
    assert manifest["sha256"] == hashlib.sha256(raw).hexdigest()
    assert manifest["checkpoint"].splitlines()[1].isdecimal()


def test_who_took_it_is_on_record(auditor: Any) -> None:
    manifest, _ = taken(auditor, f"{EVENTS}export/", "jsonl")
    event = AuditEvent.objects.get(action="records.exported")
    assert (event.actor_id, str(event.pk)) == (auditor.pk, manifest["event"]["id"])
    assert event.detail["sha256"] == manifest["sha256"]
    assert event.detail["rows"] == manifest["rows"]


def test_each_line_of_json_is_a_row(auditor: Any) -> None:
    manifest, raw = taken(auditor, f"{EVENTS}export/", "jsonl")
    rows = [json.loads(line) for line in raw.splitlines()]
    assert len(rows) == manifest["rows"]
    assert {"id", "stream"} <= {name.lower() for name in rows[0]}


def test_no_cell_is_a_formula(auditor: Any) -> None:
    ledger.append(stream="calendar:x", action="a.b", actor=None, now=NOW, detail={}, reason="=1+1")
    _, raw = taken(auditor, f"{EVENTS}export/?action=a.b", "csv")
    assert b"'=1+1" in raw


def test_too_many_rows_are_refused_with_a_way_out(
    auditor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST", 1)
    answer = client_of(auditor).post(f"{EVENTS}export/", {"format": "csv"}, follow=True)
    assert "choose a filter" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="records.exported").exists()


def test_only_what_is_within_reach_leaves(auditor: Any) -> None:
    factories.a_pipeline("other")
    _, raw = taken(auditor, "/admin/governance/pipeline/export/", "jsonl")
    assert b"intents" in raw
    assert b"other" not in raw


def test_nobody_else_and_no_other_way_gets_a_file(auditor: Any) -> None:
    address = f"{EVENTS}export/"
    assert client_of(auditor).get(address).status_code == 403
    assert client_of(auditor).post(address, {"format": "xml"}).status_code == 403
    reviewer = client_of(factories.a_person("ann"))
    assert reviewer.post(address, {"format": "csv"}).status_code in (302, 403)
    assert not AuditEvent.objects.filter(action="records.exported").exists()
