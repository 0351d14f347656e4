"""Settings from the environment: what is read, what is refused, and what the page says of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from hitlsite import environment
from hitlsite.environment import VARIABLES, EnvironmentProblems
from tests.site.installation import ROOT, surroundings

SECRET = "s" * 50
KEYS = {
    "SECRET_KEY": SECRET,
    "SAMPLING_KEY": "ab" * 32,
    "LEDGER_KEY": "cd" * 32,
    "PRIVACY_KEY": "cd" * 32,
    "BASE_URL": "https://desk.example.org",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)


def _read(monkeypatch: pytest.MonkeyPatch, **chosen: str) -> environment.Environment:
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return environment.read()


def _lines(monkeypatch: pytest.MonkeyPatch, **chosen: str) -> list[str]:
    with pytest.raises(EnvironmentProblems) as caught:
        _read(monkeypatch, **chosen)
    return caught.value.lines


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    read = _read(monkeypatch)

    assert read.data_dir == ROOT / "data"
    assert (read.port, read.bind, read.base_url) == (8000, "127.0.0.1", "http://127.0.0.1:8000")
    assert read.database_url is None
    assert (read.broker_url, read.production, read.ssl_redirect) == ("", False, False)


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _read(monkeypatch, PORT="", LEASE_MINUTES=" ").lease_minutes == 15


BAD = [
    ("ENVIRONMENT", "staging", "must be one of local, production."),
    ("PORT", "0", "must be a whole number from 1 to 65535."),
    ("PORT", "80a", "must be a whole number from 1 to 65535."),
    ("BIND", "a b", "'a b' is not a host name."),
    ("BASE_URL", "desk.example.org", "must be an address such as https://review.example.org."),
    ("TIMESTAMP_URL", "ftp://tsa", "must be an address such as https://review.example.org."),
    (
        "TIMESTAMP_CA",
        "/nowhere/ca.pem",
        "/nowhere/ca.pem cannot be read: No such file or directory.",
    ),
    ("DATABASE_URL", "mysql://localhost/x", "must begin with postgres:// or sqlite:///."),
    ("DATABASE_URL", "postgres://localhost", "names no database."),
    ("DATABASE_URL", "postgres://u:p[@h/x", "is not an address: quote special characters as %XX."),
    ("DATABASE_URL", "postgres://h:port/x", "is not an address: quote special characters as %XX."),
    ("BROKER_URL", "amqp://localhost", "must begin with redis://, rediss:// or unix://."),
    ("BROKER_URL", "redis://", "names no host."),
    ("BROKER_URL", "unix://", "names no socket."),
    ("BROKER_URL", "redis://h/queue", "must end in the number of a database, such as /0."),
    ("SECRET_KEY", "short", "is too short: it needs at least 50 characters."),
    ("SAMPLING_KEY", "xyz", "must be hexadecimal, with 32 digits or more."),
    ("LEDGER_KEY", "ab" * 33, "must be hexadecimal, with 64 digits."),
    ("PRIVACY_KEY", "ab" * 31, "must be hexadecimal, with 64 digits or more."),
    ("ALLOWED_HOSTS", "good.example,b@d", "'b@d' is not a host name."),
    ("CSRF_TRUSTED_ORIGINS", "https://a.example/x", "must be scheme and host alone."),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "is not an address or a network."),
    ("SSL_REDIRECT", "perhaps", "must be true or false."),
    ("HSTS_SECONDS", "-1", "must be a whole number from 0 to 1000000000."),
    ("DEBUG", "2", "must be true or false."),
    ("LEASE_MINUTES", "1.5", "must be a whole number from 1 to 480."),
    ("EMAIL_URL", "mail.example.org", "must be an address such as smtp+tls://"),
    ("LOG_LEVEL", "LOUD", "must be one of DEBUG, INFO, WARNING, ERROR."),
    ("METRICS_TOKEN", "tiny", "is too short: it needs at least 16 characters."),
    ("HEARTBEAT_URL", "ftp://h/x", "must be an address such as https://watch.example.org/"),
    ("HEARTBEAT_URL", "https://u:p@h/x", "must be an address such as https://watch.example.org/"),
    ("HEARTBEAT_URL", "https://h/a b", "must be an address such as https://watch.example.org/"),
    ("WEB_WORKERS", "65", "must be a whole number from 1 to 64."),
    ("WEB_THREADS", "0", "must be a whole number from 1 to 64."),
    ("WORKER_CONCURRENCY", "many", "must be a whole number from 1 to 64."),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD)
def test_a_bad_value_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    (line,) = _lines(monkeypatch, **{name: value})

    assert line.startswith(f"{name}: ")
    assert reason in line
    assert "\n" not in line


def test_a_data_dir_that_is_a_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "file"
    place.write_text("")

    assert _lines(monkeypatch, DATA_DIR=str(place)) == [f"DATA_DIR: {place} is not a folder."]


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {name: value for name, value, _ in BAD if name != "ENVIRONMENT"}

    lines = _lines(monkeypatch, ENVIRONMENT="production", **bad)

    named = {line.split(":")[0] for line in lines}
    assert named == set(bad), "each is named once, also those that production requires"
    assert len(lines) == len(bad)


def test_production_requires_keys_and_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _lines(monkeypatch, ENVIRONMENT="production", DEBUG="true") == [
        "SECRET_KEY: is required when ENVIRONMENT=production.",
        "SAMPLING_KEY: is required when ENVIRONMENT=production.",
        "LEDGER_KEY: is required when ENVIRONMENT=production.",
        "PRIVACY_KEY: is required when ENVIRONMENT=production.",
        "BASE_URL: is required when ENVIRONMENT=production.",
        "DEBUG: must not be on when ENVIRONMENT=production.",
    ]


def test_production_serves_its_own_address_over_https(monkeypatch: pytest.MonkeyPatch) -> None:
    read = _read(monkeypatch, ENVIRONMENT="production", **KEYS)

    assert read.production
    assert (read.ssl_redirect, read.hsts_seconds) == (True, 31_536_000)
    assert "desk.example.org" in read.allowed_hosts
    assert read.csrf_trusted_origins == ["https://desk.example.org"]


def test_a_database_and_a_broker_are_named_by_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    read = _read(
        monkeypatch,
        DATABASE_URL="postgres://u%40x:p%3Aw@db.example:5433/desk?sslmode=require",
        BROKER_URL="rediss://:pw@broker.example/2",
    )

    assert read.database_url is not None
    chosen = {
        name: read.database_url[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")
    }
    assert chosen == {
        "USER": "u@x",
        "PASSWORD": "p:w",
        "HOST": "db.example",
        "PORT": 5433,
        "NAME": "desk",
    }
    assert read.database_url["OPTIONS"]["sslmode"] == "require"
    assert read.broker_url == "rediss://:pw@broker.example/2"


def test_every_variable_is_read_into_a_value_of_its_name() -> None:
    fields = environment.Environment.__dataclass_fields__
    assert [variable.name.lower() for variable in VARIABLES] == list(fields)


def test_nothing_else_reads_the_environment() -> None:
    readers = ("os.environ", "os.getenv", "environ.get")
    allowed = {
        "hitlsite/settings_test.py",
        "hitlsite/wsgi.py",
        "hitlsite/celery.py",
        "manage.py",
        "gunicorn.conf.py",
        # A Person document names the variable that holds a password.
        "governance/management/commands/apply.py",
    }
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = [n for n in listed.stdout.split() if not n.startswith(("tests/", "benchmarks/"))]
    found = {n for n in names if any(r in (ROOT / n).read_text("utf-8") for r in readers)}
    assert found <= allowed


def test_the_page_of_settings_is_current() -> None:
    call_command("settings_table", check=True)


def test_faults_end_every_command_with_status_2_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=surroundings(ENVIRONMENT="production", DATA_DIR=str(tmp_path), PORT="x"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    lines = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert lines == ["PORT", "SECRET_KEY", "SAMPLING_KEY", "LEDGER_KEY", "PRIVACY_KEY", "BASE_URL"]


def test_keys_made_at_a_first_start_are_kept_and_closed_to_others(tmp_path: Path) -> None:
    code = "from django.conf import settings; print(settings.SECRET_KEY, settings.SAMPLING_KEY)"
    chosen = surroundings(
        DATA_DIR=str(tmp_path / "data"), DJANGO_SETTINGS_MODULE="hitlsite.settings"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=chosen,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]

    assert printed[0] == printed[1]
    assert len(printed[0].split()[0]) == 64
    for key in (tmp_path / "data" / "keys").iterdir():
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_data_dir_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    if os.getuid() == 0:
        place = Path("/proc/countersign")
    else:
        place = tmp_path / "closed" / "data"
        place.parent.mkdir(mode=0o500)
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=surroundings(DATA_DIR=str(place)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"DATA_DIR: {place} cannot be used: ")
