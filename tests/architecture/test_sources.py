"""What every source file keeps to: who writes, how long it is, which tasks and migrations exist."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import call_command

from governance.models import OutboxMessage
from hitlsite.celery import app

ROOT = Path(__file__).parents[2]
APPS = ("governance", "reviews", "feedback", "hitlsite")
DELIVERY = ("api", "web", "admin", "rest", "management", "tasks.py")
WRITES = frozenset((
    "save", "delete", "create", "update", "bulk_create", "bulk_update", "get_or_create",
    "update_or_create", "adelete", "asave", "acreate", "aupdate", "raw",
))  # fmt: skip
# Each is a mark that is no act: when a token or a part was last seen.
ALLOWED = {
    ("governance/tasks.py", "beat"),
    ("governance/rest/authentication.py", "_note_use"),
}
MAX_LINES = 400


def sources(*parts: str) -> list[Path]:
    """Return the Python files of the apps, or of these parts of them."""
    found = []
    for each in APPS:
        for path in sorted((ROOT / each).rglob("*.py")):
            inside = path.relative_to(ROOT / each).parts
            if "migrations" not in inside and (not parts or inside[0] in parts):
                found.append(path)
    return found


def chain(node: ast.expr) -> list[str]:
    """Return the names along `a.b(…).c`, from the left."""
    if isinstance(node, ast.Call):
        return chain(node.func)
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    if isinstance(node, ast.Subscript):
        return chain(node.value)
    return [node.id] if isinstance(node, ast.Name) else [""]


def services_of(tree: ast.Module) -> set[str]:
    """Return the names under which a module knows services."""
    return {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and ".services" in f".{node.module}"
        for alias in node.names
    }


def writes(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the function and line of each call that writes rows past a service."""
    tree = ast.parse(path.read_text())
    services = services_of(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            names = chain(node.func)
            if any(keyword.arg == "commit" for keyword in node.keywords):
                continue  # A form that is saved without commit writes nothing.
            if names[-1] in WRITES and names[0] not in services and _is_of_rows(names):
                yield function.name, node.lineno


def _is_of_rows(names: list[str]) -> bool:
    if names[0] == "super" or (names[-1] == "update" and "objects" not in names):
        # dict.update, hashlib's update; a queryset's is reached by objects, filter or all.
        return names[-1] == "update" and bool({"filter", "all", "exclude"} & set(names))
    return True


def test_delivery_writes_only_through_services() -> None:
    found = {
        (str(path.relative_to(ROOT)), function)
        for path in sources(*DELIVERY)
        for function, _ in writes(path)
    }
    assert found <= ALLOWED, sorted(found - ALLOWED)


def test_the_guard_of_writes_sees_them(tmp_path: Path) -> None:
    path = tmp_path / "views.py"
    path.write_text(
        "from reviews.services import notes\n"
        "def good(): notes.create(); {}.update(a=1)\n"
        "def a(row): row.save()\n"
        "def b(): Model.objects.filter(x=1).update(y=2)\n"
        "def c(rows): rows.filter(x=1).delete()\n"
        "def d(): Model.objects.bulk_create([])\n"
    )
    assert {function for function, _ in writes(path)} == {"a", "b", "c", "d"}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_one_can_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_no_module_has_a_name_that_says_nothing() -> None:
    nothing = {"utils", "helpers", "common", "misc", "util", "manager"}
    assert [str(p) for p in sources() if p.stem in nothing] == []


def test_every_task_of_the_schedule_is_registered() -> None:
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled <= set(current_app.tasks)


def test_every_task_that_is_promised_is_registered() -> None:
    promised = {
        node.value
        for path in sources("services")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.split(".")[0] in APPS
        and node.value.count(".") == 1
        and node.value.split(".")[1].isidentifier()
        and node.value in _task_names()
    }
    assert promised <= set(current_app.tasks)


def _task_names() -> set[str]:
    return {
        keyword.value.value
        for path in sources("tasks.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }


def test_every_task_has_an_explicit_name_of_its_app() -> None:
    for path in sources("tasks.py"):
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                (call,) = node.decorator_list
                assert isinstance(call, ast.Call), f"{path}: {node.name}"
                names = [k.value.value for k in call.keywords if k.arg == "name"]  # type: ignore[attr-defined]
                assert names == [f"{path.parent.name}.{node.name}"]


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say(capsys: Any) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    assert OutboxMessage.objects.count() == 0
