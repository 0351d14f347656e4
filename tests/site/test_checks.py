"""`manage.py check --deploy`: what a production installation is told."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from governance.db import append_only
from hitlsite import checks
from tests.site.installation import DATABASE, ROOT, Server, surroundings

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789abcdefghijklmn",
    "SAMPLING_KEY": "ab" * 32,
    "LEDGER_KEY": "cd" * 32,
    "PRIVACY_KEY": "cd" * 32,
    "BASE_URL": "https://countersign.example.org",
    "TRUSTED_PROXIES": "10.0.0.1",
}


def _deploy(folder: Path, *arguments: str, **chosen: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=surroundings(DATA_DIR=str(folder), **PRODUCTION, **chosen),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.mark.xdist_group("processes")
def test_production_settings_pass_with_no_warning_but_of_an_old_sqlite(
    tmp_path: Path, migrated: Path
) -> None:
    shutil.copyfile(migrated, tmp_path / DATABASE)

    checked = _deploy(tmp_path, "check", "--deploy", "--fail-level", "WARNING")

    if checks.sqlite_is_at_risk():
        assert checked.returncode == 2
        assert "hitlsite.W001" in checked.stderr
        assert "identified 1 issue" in checked.stderr, checked.stderr
    else:
        assert checked.returncode == 0, checked.stderr


@pytest.mark.xdist_group("processes")
def test_an_installation_that_was_not_migrated_is_told_so(tmp_path: Path) -> None:
    checked = _deploy(tmp_path, "check", "--deploy", "--tag", "append_only")

    assert checked.returncode == 2
    assert "hitlsite.E003" in checked.stderr
    assert "Run `manage.py migrate`." in checked.stderr


@pytest.mark.xdist_group("processes")
def test_a_broker_is_checked_for_eviction_and_for_its_disk(
    tmp_path: Path, serve: Callable[..., Server]
) -> None:
    evicting, forgetful = serve("volatile-lru"), serve()

    refused = _deploy(tmp_path, "check", "--deploy", "--tag", "broker", BROKER_URL=evicting.url)
    warned = _deploy(tmp_path, "check", "--deploy", "--tag", "broker", BROKER_URL=forgetful.url)

    assert refused.returncode == 2
    assert "its maxmemory-policy is volatile-lru" in refused.stderr
    assert warned.returncode == 0
    assert "keeps nothing on disk" in warned.stderr


@pytest.mark.django_db(transaction=True)
def test_missing_triggers_are_an_error_that_says_what_to_do() -> None:
    call_command("check", "--deploy", "--tag", "append_only")

    append_only.remove(connection)

    with pytest.raises(SystemCheckError, match="triggers that hold records are missing") as caught:
        call_command("check", "--deploy", "--tag", "append_only")
    assert "Run `manage.py migrate`." in str(caught.value)
    append_only.install(connection)


@pytest.mark.parametrize(
    ("version", "at_risk"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_the_sqlite_versions_with_the_rare_fault_are_known(
    version: tuple[int, int, int], at_risk: bool
) -> None:
    assert checks.sqlite_is_at_risk(version) is at_risk
