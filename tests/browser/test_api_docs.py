"""The page that shows the API works under the site's policy and asks nobody else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_description_is_drawn_and_an_operation_opens(
    window: Callable[..., Any], bot: Any, tmp_path: Path
) -> None:
    seen = window()
    seen.go("/api/v1/docs")
    seen.page.wait_for_selector("#swagger-ui .opblock")
    shown = seen.page.locator("#swagger-ui .opblock").count()
    assert shown >= 30
    seen.page.locator("#operations-claim-claim button").first.click()
    seen.page.get_by_text("Claim the most urgent item").first.wait_for()
    seen.page.screenshot(path=tmp_path / "docs.png")
    assert seen.faults == []
