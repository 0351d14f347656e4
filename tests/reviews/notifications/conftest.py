"""A mail server on this machine that keeps what it gets, refuses it or lets senders wait."""

import asyncio
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from reviews.services import mail
from tests.reviews.notifications.scene import Scene


class Sink:
    """What has arrived, in order; `answer` is what the server says to each letter."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 Kept"
        self.wait = 0.0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.wait:
            await asyncio.sleep(self.wait)
        if self.answer.startswith("250"):
            letter = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
        return self.answer

    def subjects(self) -> list[str]:
        return [subject(letter) for letter in self.letters]

    def text(self) -> str:
        """The text of the only letter."""
        (letter,) = self.letters
        return body(letter)


def subject(letter: EmailMessage) -> str:
    """Return the subject of a letter, unfolded."""
    return str(letter["Subject"]).strip()


def body(letter: EmailMessage) -> str:
    """Return the text of a letter, with the line ends of this machine."""
    return str(letter.get_content()).replace("\r\n", "\n")


@pytest.fixture
def sink(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """Return a mail server that runs, and to which mail is sent."""
    handler = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(handler, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 1
    monkeypatch.setattr(mail, "_server", mail._Server())
    yield handler
    server.stop()


@pytest.fixture
def scene(db: None) -> Scene:
    """Return people who are told things."""
    return Scene(timezone.now())
