"""Logs hold no secrets, and one record is one line for machines."""

import json
import logging
import sys

import pytest

from hitlsite.logs import JSONFormatter, RequestIdFilter, ShortFormatter, masked

SECRET = "pa55w0rd-hidden"
SPOKEN = [
    f"Authorization: Bearer {SECRET}",
    f"'HTTP_AUTHORIZATION': 'Bearer {SECRET}'",
    f'{{"authorization": "Basic {SECRET}"}}',
    f"got bearer {SECRET} from a caller",
    "token hitl_" + SECRET,
    f"GET /sign-in/once/{SECRET} 200",
    f"password={SECRET}&next=/",
    f"'password1': '{SECRET}'",
    f'"password": "{SECRET}"',
    f"SECRET_KEY={SECRET}",
    f"SAMPLING_KEY: {SECRET}",
    f"csrfmiddlewaretoken={SECRET}",
    f"postgres://desk:{SECRET}@db.example/desk",
    f"redis://:{SECRET}@broker.example/0",
]


@pytest.mark.parametrize("text", SPOKEN)
def test_secrets_are_blotted_out(text: str) -> None:
    assert SECRET not in masked(text)
    assert "***" in masked(text)


def test_other_text_is_left_alone() -> None:
    text = "GET /api/v1/predictions 200 12 ms; the password was changed; postgres://db.example/desk"

    assert masked(text) == text


def _record(message: str) -> logging.LogRecord:
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        record = logging.LogRecord(
            "desk", logging.ERROR, __file__, 1, message, None, sys.exc_info()
        )
    assert RequestIdFilter().filter(record)
    return record


def test_json_is_one_line_and_holds_no_secret_even_in_a_traceback() -> None:
    line = JSONFormatter().format(_record(f"two\nlines, password={SECRET}"))

    assert "\n" not in line
    assert SECRET not in line
    entry = json.loads(line)
    assert entry["message"] == "two\nlines, password=***"
    assert (entry["level"], entry["logger"], entry["request_id"]) == ("ERROR", "desk", "-")
    assert entry["time"].endswith("Z")
    assert "ValueError" in entry["traceback"]


def test_lines_for_people_hold_no_secret_either() -> None:
    text = ShortFormatter().format(_record("refused"))

    assert SECRET not in text
    assert "ERROR desk [-] refused" in text
