"""A real browser at a live server, which remembers everything that went wrong in its pages."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from governance.models import User
from tests import factories

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ON_BOTH = ("test_compliance_hour.py", "test_keyboard.py")
WATCH = """
window.mouse = 0;
for (const kind of ["mousedown", "pointerdown", "mousemove"])
  addEventListener(kind, () => { window.mouse += 1; }, true);
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = pytest.mark.skip(reason="No Chromium was found on the path.")
    # Emptying a hundred tables after each test costs PostgreSQL more than the test itself, and a
    # page looks the same on both: there the keyboard and the hour of compliance stand for all.
    elsewhere = pytest.mark.skip(reason="This page is looked at on SQLite.")
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if not CHROMIUM:
                item.add_marker(reason)
            elif connection.vendor == "postgresql" and item.path.name not in ON_BOTH:
                item.add_marker(elsewhere)


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    """Gather what pages load; the live server serves it from there."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright runs a loop of its own in this thread, which has nothing to do with the ORM. From
    # here on the thread has other connections; those that it had would stand in the way of tests
    # that wait until they are alone.
    connections.close_all()
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Window:
    """A page, and what went wrong in it: errors, dialogs and requests to other hosts."""

    def __init__(self, page: Any, base: str) -> None:
        self.page, self.base = page, base
        self.faults: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"error {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def _console(self, message: Any) -> None:
        # The browser itself notes every answer of 4xx; that is for the test to judge.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"request {request.url}")

    def go(self, path: str) -> Any:
        return self.page.goto(self.base + path)

    def start(self, queue: str = "intents/general") -> None:
        """Claim from the page of a queue."""
        self.go(f"/review/{queue}")
        self.page.get_by_role("button", name="Review").press("Enter")
        self.page.wait_for_selector("#decision")
        self.wait_for_focus("prompt")

    def wait_for_focus(self, place: str) -> None:
        self.page.wait_for_selector(f"#{place}:focus")

    def moved(self, before: str) -> None:
        """Wait until what follows `before` stands in the page and has the focus."""
        self.page.wait_for_url(lambda url: url != before)
        self.page.wait_for_selector("#desk [data-start]:focus")


@pytest.fixture
def window(chromium: Any, live_server: Any) -> Iterator[Callable[..., Window]]:
    """Return a maker of windows: `window(user, width=…, scheme=…)`."""
    contexts = []

    def make(
        user: User | None = None,
        *,
        width: int = 1280,
        height: int = 800,
        scheme: str = "light",
        touch: bool = False,
    ) -> Window:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            has_touch=touch,
        )
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH)
        contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies(
                [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
            )
        return Window(context.new_page(), live_server.url)

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def bot(transactional_db: None) -> User:
    factories.a_pipeline()
    return factories.a_service()
