"""How Django talks to SQLite and to PostgreSQL."""

from pathlib import Path
from typing import Any

# IMMEDIATE takes the write lock at BEGIN: a deferred transaction that reads first and writes later
# fails at once with "database is locked" however long it may wait. FULL keeps a committed decision
# through a loss of power.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "temp_store=MEMORY",
    "mmap_size=134217728",
    "journal_size_limit=67108864",
    "cache_size=-20000",
)
LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
}


def settings(chosen: dict[str, Any] | None, data_dir: Path) -> dict[str, Any]:
    """Return Django's settings of the database that was chosen, or of SQLite in `data_dir`."""
    parsed = chosen or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(data_dir / "countersign.sqlite3"),
    }
    if parsed["ENGINE"].endswith("sqlite3"):
        return _sqlite(parsed)
    return _postgresql(parsed)


def _sqlite(parsed: dict[str, Any]) -> dict[str, Any]:
    return {
        "ENGINE": parsed["ENGINE"],
        "NAME": parsed["NAME"],
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in PRAGMAS),
        },
    }


def _postgresql(parsed: dict[str, Any]) -> dict[str, Any]:
    options = dict(parsed.get("OPTIONS", {}))
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    options["options"] = f"{limits} {options.get('options', '')}".strip()
    options.setdefault("connect_timeout", 5)
    options.setdefault("application_name", "countersign")
    # A statement that comes again is planned once; on the paths of a claim, planning was a third of
    # what the database did.
    options.setdefault("server_side_binding", True)
    options.setdefault("prepare_threshold", 5)
    return parsed | {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}
