"""Every setting that comes from the environment: read here, checked here, and nowhere else.

`VARIABLES` is the one table of names, defaults and meanings: it drives what is read and what
docs/settings.md shows. `load` reports all bad values at once, one line each.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from cryptography.x509 import Certificate
from environs import Env, EnvValidationError, ValidationError

from hitlsite import readers

ROOT = Path(__file__).resolve().parent.parent
USAGE_ERROR = 2
SECRET_MINIMUM = 50
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: how its text is read, and what the table says of it.

    `default` is the text that stands for an unset or empty variable.
    """

    name: str
    default: str
    read: Callable[[str], Any]
    meaning: str


VARIABLES = (
    Variable(
        "ENVIRONMENT",
        "local",
        readers.one_of("local", "production"),
        "`production` demands keys of your own, HTTPS cookies and HTTPS; `local` makes its keys.",
    ),
    Variable(
        "DATA_DIR",
        "data",
        readers.directory(ROOT),
        "Where everything that is written lives: database, broker, keys, exports, logs.",
    ),
    Variable("PORT", "8000", readers.integer(1, 65535), "The port of the web server."),
    Variable(
        "BIND",
        "127.0.0.1",
        readers.host,
        "The address the web server listens on; a proxy belongs in front of any public one.",
    ),
    Variable(
        "BASE_URL",
        "",
        readers.web_address,
        "How people reach this server, for links in messages. Empty: `http://127.0.0.1:PORT`.",
    ),
    Variable(
        "DATABASE_URL",
        "",
        readers.database,
        "`postgres://user:password@host/name` or `sqlite:///path`. Empty: SQLite in `DATA_DIR`.",
    ),
    Variable(
        "BROKER_URL",
        "",
        readers.broker,
        "`redis://`, `rediss://` or `unix://` of a Redis or Valkey that does not evict. "
        "Empty: `manage.py up` runs its own in `DATA_DIR`.",
    ),
    Variable(
        "SECRET_KEY",
        "",
        readers.secret(SECRET_MINIMUM),
        "Signs sessions and links; at least 50 characters. Required in production, "
        "otherwise made at the first start and kept in `DATA_DIR/keys`.",
    ),
    Variable(
        "SECRET_KEY_FALLBACKS",
        "",
        readers.listing(readers.secret(SECRET_MINIMUM)),
        "Former secret keys, separated by commas, that are still accepted during a rotation.",
    ),
    Variable(
        "SAMPLING_KEY",
        "",
        readers.hexadecimal(16),
        "Draws the random slice and the monitor sample; hexadecimal, at least 32 digits. Required "
        "in production, otherwise made at the first start. A new key draws other samples.",
    ),
    Variable(
        "LEDGER_KEY",
        "",
        readers.hexadecimal(32, 32),
        "Signs the checkpoints of the ledger and case files (Ed25519); 64 hexadecimal digits. "
        "Required in production, otherwise made at the first start. What a former key has signed "
        "stays verifiable.",
    ),
    Variable(
        "LEDGER_NAME",
        "",
        readers.optional(readers.host),
        "The name under which the ledger signs. Empty: the host of `BASE_URL`.",
    ),
    Variable(
        "ANCHOR_DIR",
        "",
        readers.optional(readers.directory(ROOT)),
        "Where a copy of the ledger's checkpoints is written, each file once; best a disk that "
        "whoever runs the database cannot change. Empty: `DATA_DIR/anchors`.",
    ),
    Variable(
        "ANCHOR_EMAIL",
        "",
        readers.text,
        "Who gets the ledger's last checkpoint by mail, once a day. Empty: nobody.",
    ),
    Variable(
        "TIMESTAMP_URL",
        "",
        readers.time_stamps,
        "A time-stamp authority (RFC 3161) that stamps the ledger's last checkpoint once an hour; "
        "needs the extra `timestamp`. Empty: none.",
    ),
    Variable(
        "TIMESTAMP_CA",
        "",
        readers.certificates(ROOT),
        "A PEM file with the certificates that vouch for the authority. Empty: what is stamped is "
        "checked, and not by whom.",
    ),
    Variable(
        "PRIVACY_KEY",
        "",
        readers.hexadecimal(32),
        "Seals the keys of data subjects; hexadecimal, at least 64 digits. Required in production, "
        "otherwise made at the first start. Keep it apart from backups of the database: what an "
        "erasure destroyed stays sealed in them. With another key nothing sealed opens.",
    ),
    Variable(
        "PRIVACY_KEY_FALLBACKS",
        "",
        readers.listing(readers.hexadecimal(32)),
        "Former privacy keys, separated by commas, that still open until "
        "`manage.py rewrap_subject_keys` has ended.",
    ),
    Variable(
        "ALLOWED_HOSTS",
        "",
        readers.listing(readers.host),
        "Host names that requests may name, separated by commas. Empty: this machine and the "
        "host of `BASE_URL`.",
    ),
    Variable(
        "CSRF_TRUSTED_ORIGINS",
        "",
        readers.listing(readers.origin),
        "Origins whose forms are accepted, such as `https://review.example.org`. Empty: that of "
        "`BASE_URL`.",
    ),
    Variable(
        "TRUSTED_PROXIES",
        "",
        readers.listing(readers.network),
        "Addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are "
        "believed. Empty: nobody's.",
    ),
    Variable(
        "WEBHOOK_NETWORKS",
        "",
        readers.listing(readers.network),
        "Networks of your own, such as `10.0.0.0/8`, in which webhooks may be called too, on any "
        "port and over plain HTTP. Empty: only public hosts are called, over HTTPS.",
    ),
    Variable(
        "SSL_REDIRECT",
        "",
        readers.optional(readers.boolean),
        "Whether plain HTTP is redirected to HTTPS. Empty: yes in production.",
    ),
    Variable(
        "HSTS_SECONDS",
        "",
        readers.optional(readers.integer(0, 10**9)),
        "How long browsers insist on HTTPS. Empty: a year in production, else not at all.",
    ),
    Variable(
        "DEBUG",
        "false",
        readers.boolean,
        "Django's debug pages, which show settings and data: on a machine of your own only.",
    ),
    Variable(
        "LEASE_MINUTES",
        "15",
        readers.integer(1, 480),
        "How long a reviewer holds a claimed item before it returns to its queue.",
    ),
    Variable(
        "EMAIL_URL",
        "",
        readers.email,
        "`smtp+tls://user:password@host:587`, `smtp+ssl://…` or `smtp://…`. Empty: no mail is "
        "sent, and people are told in their inbox alone.",
    ),
    Variable(
        "DEFAULT_FROM_EMAIL",
        "countersign@localhost",
        readers.text,
        "The sender of messages.",
    ),
    Variable(
        "LOG_LEVEL",
        "INFO",
        readers.one_of("DEBUG", "INFO", "WARNING", "ERROR"),
        "The least level that is logged.",
    ),
    Variable(
        "METRICS_TOKEN",
        "",
        readers.secret(16),
        "What `/metrics` asks for as a bearer token. Empty: only this machine may read it.",
    ),
    Variable(
        "HEARTBEAT_URL",
        "",
        readers.watch_address,
        "An `http://` or `https://` address that is called with GET each minute, as long as the "
        "audit of the clocks finds nothing; its silence is the alarm. Empty: none is called.",
    ),
    Variable("WEB_WORKERS", "2", readers.integer(1, 64), "Processes of the web server."),
    Variable("WEB_THREADS", "4", readers.integer(1, 64), "Threads in each of them."),
    Variable(
        "WORKER_CONCURRENCY",
        "2",
        readers.integer(1, 64),
        "Processes that run background tasks, beside the one for bulk work.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The values of VARIABLES, checked; absent ones that depend on others are filled in."""

    environment: str
    data_dir: Path
    port: int
    bind: str
    base_url: str
    database_url: dict[str, Any] | None
    broker_url: str
    secret_key: str
    secret_key_fallbacks: list[str]
    sampling_key: str
    ledger_key: str
    ledger_name: str | None
    anchor_dir: Path | None
    anchor_email: str
    timestamp_url: str
    timestamp_ca: list[Certificate]
    privacy_key: str
    privacy_key_fallbacks: list[str]
    allowed_hosts: list[str]
    csrf_trusted_origins: list[str]
    trusted_proxies: list[str]
    webhook_networks: list[str]
    ssl_redirect: bool
    hsts_seconds: int
    debug: bool
    lease_minutes: int
    email_url: dict[str, Any]
    default_from_email: str
    log_level: str
    metrics_token: str
    heartbeat_url: str
    web_workers: int
    web_threads: int
    worker_concurrency: int

    @property
    def production(self) -> bool:
        """Whether this is the real thing."""
        return self.environment == "production"


class EnvironmentProblems(ValueError):
    """Bad or missing variables; `lines` holds one sentence for each."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def read() -> Environment:
    """Return the checked environment; EnvironmentProblems names every variable at fault."""
    values, problems = _values()
    problems += _missing(values)
    if problems:
        raise EnvironmentProblems(problems)
    return Environment(**_filled(values))


def load() -> Environment:
    """Return the checked environment, or say what is wrong with it and leave with status 2."""
    try:
        return read()
    except EnvironmentProblems as error:
        refuse(*error.lines)


def refuse(*lines: str) -> NoReturn:
    """Write `lines` to stderr and leave with status 2, without a traceback."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    raise SystemExit(USAGE_ERROR)


def _values() -> tuple[dict[str, Any], list[str]]:
    env, values = Env(eager=False), {}
    for variable in VARIABLES:
        parser = f"read_{variable.name.lower()}"
        env.add_parser(parser, _reporting(variable))
        values[variable.name.lower()] = getattr(env, parser)(variable.name, variable.default)
    try:
        env.seal()
    except EnvValidationError as error:
        faults: dict[str, Any] = dict(error.error_messages)  # type: ignore[arg-type]
        return values, [f"{name}: {' '.join(map(str, faults[name]))}" for name in faults]
    return values, []


def _reporting(variable: Variable) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return variable.read(text.strip() or variable.default)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    return parse


def _missing(values: dict[str, Any]) -> list[str]:
    if values["environment"] != "production":
        return []
    lines = [
        f"{name}: is required when ENVIRONMENT=production."
        for name in ("SECRET_KEY", "SAMPLING_KEY", "LEDGER_KEY", "PRIVACY_KEY", "BASE_URL")
        if values[name.lower()] == ""
    ]
    if values["debug"]:
        lines.append("DEBUG: must not be on when ENVIRONMENT=production.")
    return lines


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    production = values["environment"] == "production"
    base = values["base_url"] or f"http://127.0.0.1:{values['port']}"
    parts = urlsplit(base)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    redirect, hsts = values["ssl_redirect"], values["hsts_seconds"]
    return values | {
        "base_url": base,
        "allowed_hosts": values["allowed_hosts"] or list(dict.fromkeys([*LOCAL_HOSTS, host])),
        "csrf_trusted_origins": values["csrf_trusted_origins"]
        or [f"{parts.scheme}://{parts.netloc}"],
        "ssl_redirect": production if redirect is None else redirect,
        "hsts_seconds": (31_536_000 if production else 0) if hsts is None else hsts,
    }
