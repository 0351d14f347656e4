"""Where real data with known answers lie, for tests that skip where they do not."""

import os
from pathlib import Path

SHARED = Path(os.environ.get("SHARED") or Path(__file__).parents[2] / "shared")
