"""The page that shows the API works under the site's policy and asks nobody else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_description_is_drawn_and_an_operation_opens(
    window: Callable[..., Any], bot: Any, tmp_path: Path
) -> None:
    seen = window()
    seen.go("/api/v1/docs")
    # A long list is drawn as far as it can be seen.
    claim = seen.page.locator("#operations-claim-claim button").first
    shown: set[str] = set()
    for _ in range(60):
        blocks = seen.page.locator("#swagger-ui .opblock")
        shown.update(blocks.evaluate_all("blocks => blocks.map(block => block.id)"))
        if claim.count() and len(shown) >= 30:
            break
        seen.page.mouse.wheel(0, 300)
        seen.page.wait_for_timeout(100)
    assert len(shown) >= 30
    claim.click()
    seen.page.get_by_text("Claim the most urgent item").first.wait_for()
    seen.page.screenshot(path=tmp_path / "docs.png")
    assert seen.faults == []
