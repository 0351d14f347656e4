"""Logging to stderr: JSON lines in production, short lines otherwise, and never a secret."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from governance.domain import correlation
from governance.domain.times import rfc3339

MASK = "***"
LINE_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
SECRETS = (
    re.compile(r"\bhitl_[A-Za-z0-9_-]{4,}"),
    re.compile(r"(?<=/sign-in/once/)[^\s/?\"']+"),
    re.compile(
        r"(?i)(?<=authorization)([\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|token)\s+)?[^\s\"',}]+"
    ),
    re.compile(r"(?i)(?<=bearer )[^\s\"',}]+"),
    re.compile(
        r"(?i)(?:(?<=password)|(?<=passwd)|(?<=secret_key)|(?<=sampling_key)|(?<=privacy_key)|(?<=csrfmiddlewaretoken))"
        r"([0-9]?[\"']?\s*[:=]\s*[\"']?)[^\s\"',}&]+"
    ),
    re.compile(r"(?<=://)([^\s:/@]*:)[^\s/@]+(?=@)"),
)


def masked(text: str) -> str:
    """Return `text` with tokens, passwords, keys and credentials in addresses blotted out."""
    for pattern in SECRETS:
        text = pattern.sub(lambda match: (match.group(1) if match.lastindex else "") + MASK, text)
    return text


class RequestIdFilter(logging.Filter):
    """Adds the id of the request or task that is being served."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id`; keeps every record."""
        record.request_id = correlation.current() or "-"
        return True


class ShortFormatter(logging.Formatter):
    """One line for people, secrets blotted out."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line; a line break in what a stranger sent starts none."""
        return LINE_BREAKS.sub(
            lambda match: repr(match.group())[1:-1], super().formatMessage(record)
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines of its own."""
        return masked(super().format(record))


class JSONFormatter(logging.Formatter):
    """One JSON object on one line for machines, secrets blotted out."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object; line breaks in a message stay inside its string."""
        entry: dict[str, Any] = {
            "time": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": masked(record.getMessage()),
            "request_id": getattr(record, "request_id", "-"),
        }
        if record.exc_info:
            entry["traceback"] = masked(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Return Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "hitlsite.logs.RequestIdFilter"}},
        "formatters": {
            "json": {"()": "hitlsite.logs.JSONFormatter"},
            "short": {"()": "hitlsite.logs.ShortFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["request_id"],
                "formatter": "json" if as_json else "short",
            },
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Their own handlers would print each line a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "axes": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
