"""Static files: names that hold a digest, compressed twins, kept by browsers for ever."""

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.utils.functional import empty
from pytest_django import Settings

from hitlsite.static_files import Storage


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    """Return a folder into which the static files were collected as in service."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "hitlsite.static_files.Storage"}
    }
    staticfiles_storage._wrapped = empty
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_files_carry_their_digest_and_have_compressed_twins(collected: Path) -> None:
    manifest = json.loads((collected / "staticfiles.json").read_text("utf-8"))["paths"]
    names = _names(collected)

    assert manifest
    for kept in manifest.values():
        assert re.search(r"\.[0-9a-f]{12}(\.|$)", kept), kept
        assert kept in names
    sheet = manifest["admin/css/base.css"]
    assert {f"{sheet}.gz", f"{sheet}.br"} <= names
    assert "admin/css/base.css" not in names, "only the names with a digest are served"


def test_what_no_page_uses_is_left_out(collected: Path) -> None:
    assert not [n for n in _names(collected) if "redoc" in n or n.startswith("rest_framework/")]


def test_collecting_again_compresses_nothing_again(
    collected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_mtime_ns for path in collected.rglob("*.br")}

    call_command("collectstatic", interactive=False, verbosity=0)

    after = {path: path.stat().st_mtime_ns for path in collected.rglob("*.br")}
    assert after == before
    assert isinstance(staticfiles_storage._wrapped, Storage)
