"""The rules of background work: what the broker is told, and what it is never trusted with."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection

from governance.services import dispatch
from hitlsite import broker, databases
from hitlsite.celery import TICK_EXPIRES, app
from tests.architecture.test_sources import APPS, ROOT, sources

# Who may speak to the broker: the hints of the outbox, and the first ticks of the schedule.
SPEAKERS = {"governance/services/dispatch.py", "hitlsite/celery.py"}
SENDING = {"apply_async", "delay", "send_task", "signature"}
# What makes the broker keep a message until later; it hands it out again meanwhile.
LATER = {"countdown", "eta"}


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node


def sends(path: Path) -> bool:
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr in SENDING for call in calls(path)
    )


def words_for_later(path: Path) -> set[str]:
    """Return the words that ask for a later delivery, in calls, dicts and decorators alike."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg in LATER:
            found.add(node.arg)
        if isinstance(node, ast.Dict):
            found |= {k.value for k in node.keys if isinstance(k, ast.Constant)} & LATER
    return found


def test_no_message_is_sent_for_later() -> None:
    assert {str(p): words_for_later(p) for p in sources() if words_for_later(p)} == {}


def test_only_the_outbox_and_the_schedule_speak_to_the_broker() -> None:
    assert {str(p.relative_to(ROOT)) for p in sources() if sends(p)} <= SPEAKERS


def test_no_task_calls_itself_again() -> None:
    for path in sources("tasks.py"):
        text = path.read_text()
        assert "bind=True" not in text, path
        assert "autoretry_for" not in text, path


def test_the_guard_sees_what_it_looks_for(tmp_path: Path) -> None:
    path = tmp_path / "tasks.py"
    path.write_text("a.apply_async(countdown=5)\nb.delay()\nc(**{'eta': 1})\n")
    assert words_for_later(path) == LATER
    assert sends(path)


def test_a_message_is_acknowledged_late_and_taken_one_at_a_time() -> None:
    conf = app.conf
    assert conf.task_acks_late is True
    assert conf.task_reject_on_worker_lost is False
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_cancel_long_running_tasks_on_connection_loss is False
    assert conf.task_publish_retry is False


def test_no_task_outlives_half_of_what_the_broker_waits_unless_its_lease_is_longer() -> None:
    assert 2 * broker.TASK_TIME_LIMIT < broker.VISIBILITY_TIMEOUT
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit == broker.TASK_TIME_LIMIT
    assert dispatch.LEASE.total_seconds() > 2 * broker.TASK_TIME_LIMIT
    assert dispatch.RELAY_SECONDS + dispatch.RESERVED.total_seconds() < broker.TASK_TIME_LIMIT
    for name, task in current_app.tasks.items():
        if name.split(".")[0] in APPS and task.time_limit > broker.TASK_TIME_LIMIT:
            # It is handed out again while it runs; then the row says that it is taken.
            assert dispatch._lease_of(name).total_seconds() > task.time_limit, name
            assert dispatch.is_long(name)


def test_messages_are_json_and_nothing_else() -> None:
    conf = app.conf
    assert conf.task_serializer == conf.result_serializer == conf.event_serializer == "json"
    assert conf.accept_content == ["json"]
    assert conf.task_ignore_result is True


def test_nobody_waits_longer_than_a_second_for_the_broker(tmp_path: Path) -> None:
    options = broker.plan("redis://127.0.0.1:1/0", tmp_path).transport_options
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 1
    assert app.conf.broker_connection_timeout == 1
    assert options["visibility_timeout"] == broker.VISIBILITY_TIMEOUT


def test_a_tick_outlives_a_clock_that_is_off_by_hours() -> None:
    expires = {entry["options"]["expires"] for entry in app.conf.beat_schedule.values()}
    assert expires == {TICK_EXPIRES}
    assert min(TICK_EXPIRES, dispatch.HINT_EXPIRES) > 14 * 3600


def test_what_matters_is_in_no_cache_and_no_session_in_the_broker() -> None:
    assert settings.CACHES["default"]["BACKEND"].endswith("LocMemCache")
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"
    assert settings.AXES_HANDLER.endswith("AxesDatabaseHandler")


def test_a_connection_to_postgresql_is_checked_and_bounded(tmp_path: Path) -> None:
    chosen = {"ENGINE": "django.db.backends.postgresql", "NAME": "x", "OPTIONS": {}}
    made = databases.settings(chosen, tmp_path)
    assert made["CONN_HEALTH_CHECKS"] is True
    for name, limit in databases.LIMITS.items():
        assert f"-c {name}={limit}" in made["OPTIONS"]["options"]


@pytest.mark.django_db
def test_the_server_itself_knows_the_bounds() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such settings; it waits 20 s for the one writer.")
    shown = {}
    with connection.cursor() as cursor:
        for name in databases.LIMITS:
            cursor.execute(f"SHOW {name}")
            shown[name] = cursor.fetchone()[0]
    assert shown == {
        "statement_timeout": "30s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "1min",
    }
