"""The demo as a client: it talks to the running server over HTTP, as any pipeline does."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

NDJSON = "application/x-ndjson"
JSON = "application/json"
TIMEOUT = 60.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach who listens so


class ServerRefused(Exception):
    """The server did not answer, or not as it should; the message is for the person who loads."""


@dataclass(frozen=True)
class Answer:
    """What came back; `body` is None where there is no JSON."""

    status: int
    body: Any


@dataclass(frozen=True)
class Client:
    """A caller of the API at `address`, with a token.

    Without an address it is the server of this installation, found as `manage.py up` starts it.
    """

    token: str
    address: str = ""

    def send(self, predictions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send predictions in one NDJSON body; returns the result of each line."""
        lines = "\n".join(json.dumps(prediction) for prediction in predictions)
        answer = self.call("POST", "/predictions", lines.encode(), kind=NDJSON, accept=NDJSON)
        if answer.status != HTTPStatus.OK:
            raise ServerRefused(f"POST /predictions: {told(answer)}")
        results: list[dict[str, Any]] = answer.body
        return results

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """Send one JSON object."""
        return self.call("POST", path, json.dumps(body).encode())

    def get(self, path: str) -> Answer:
        """Read one JSON object."""
        return self.call("GET", path)

    def call(
        self, method: str, path: str, body: bytes = b"", *, kind: str = JSON, accept: str = JSON
    ) -> Answer:
        """Return the answer to one request; ServerRefused when nobody answers."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": kind,
            "Accept": accept,
            "Host": urlsplit(self.address or settings.BASE_URL).netloc,
        }
        connection = self._connection()
        try:
            connection.request(method, f"/api/v1{path}", body, headers)
            response = connection.getresponse()
            return Answer(response.status, _parsed(response))
        except (OSError, http.client.HTTPException) as error:
            where = self.address or settings.BASE_URL
            raise ServerRefused(
                f"No server answers at {where} ({error}): start it with `make run`, or name "
                "another with --url."
            ) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if not self.address:
            host = ANYWHERE.get(settings.ENV.bind, settings.ENV.bind).strip("[]")
            return http.client.HTTPConnection(host, settings.ENV.port, timeout=TIMEOUT)
        place = urlsplit(self.address)
        if place.scheme == "https":
            return http.client.HTTPSConnection(place.netloc, timeout=TIMEOUT)
        return http.client.HTTPConnection(place.netloc, timeout=TIMEOUT)


def told(answer: Answer) -> str:
    """Return what an answer says went wrong, in one line."""
    if isinstance(answer.body, dict):
        return f"{answer.status}: {answer.body.get('detail') or answer.body.get('title')}"
    if answer.status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT):
        return f"{answer.status}: the server moved us on; name its public address with --url."
    return str(answer.status)


def _parsed(response: http.client.HTTPResponse) -> Any:
    content = response.read()
    kind = response.headers.get_content_type()
    if kind == NDJSON:
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    return json.loads(content) if kind.endswith("json") else None
