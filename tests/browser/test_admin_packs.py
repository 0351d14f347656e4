"""Audit packs in a real browser: asked for, listed and read without script."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from feedback.models import AuditPack
from feedback.selectors import packs
from feedback.tasks import make_pack
from governance.models import Job
from tests import factories
from tests import world as worlds


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")]
)
def test_the_pages_of_packs_break_no_rule_of_the_browser(window, width, scheme) -> None:
    worlds.build()
    desk = window(factories.an_administrator(), width=width, scheme=scheme)
    pack = AuditPack.objects.get()
    for path in ("", "add/", "controls/", f"{pack.pk}/change/"):
        assert desk.go(f"/admin/feedback/auditpack/{path}").status == 200, path
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path
        if folder := os.environ.get("PICTURES"):
            name = path.strip("/").split("/")[-1] or "list"
            desk.page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    assert desk.faults == []


def test_a_pack_is_asked_for_and_fetched_by_keyboard(window, tmp_path: Path) -> None:
    worlds.build()
    desk = window(factories.an_administrator("auditor"))
    desk.go("/admin/feedback/auditpack/add/")
    desk.page.get_by_label("With what people wrote").press("Space")
    desk.page.get_by_role("button", name="Make the pack").press("Enter")
    desk.page.get_by_text("is being made; it is listed here when it is done").wait_for()
    make_pack(job_id=str(Job.objects.get(user__username="auditor", kind="audit_pack").pk))
    pack = AuditPack.objects.get(made_by__username="auditor")
    desk.go(f"/admin/feedback/auditpack/{pack.pk}/change/")
    with desk.page.expect_download() as fetched:
        desk.page.get_by_role("link", name="Download").press("Enter")
    raw = Path(fetched.value.path()).read_bytes()
    assert raw == b"".join(packs.stream(pack))
    assert desk.faults == []
    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        zipped.extract("README.html", tmp_path)
    # From here on the window reads a file, which is no address of the server.
    for width in (1280, 390):
        desk.page.set_viewport_size({"width": width, "height": 900})
        desk.page.goto((tmp_path / "README.html").as_uri())
        assert desk.page.get_by_role("heading", name="How to verify it").is_visible()
        if folder := os.environ.get("PICTURES"):
            desk.page.screenshot(path=Path(folder) / f"readme-{width}.png", full_page=True)
        wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0
