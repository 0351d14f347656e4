"""Where real data with known answers lie, for tests that skip where they do not."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(os.environ.get("SHARED") or Path(__file__).parents[2] / "shared")


def stream_of_intents():
    """Return the confidence of each prediction of a real stream, and whether it was right."""
    folder = SHARED / "data" / "clinc150_intents"
    if not folder.is_dir():
        pytest.skip("The stream of intents is not here.")
    gold = {}
    for line in (folder / "gold.jsonl").read_text().splitlines():
        row = json.loads(line)
        gold[row["external_id"]] = row["label"]
    rows = [json.loads(line) for line in (folder / "stream.jsonl").read_text().splitlines()]
    confidence = np.array([row["confidence"] for row in rows])
    right = np.array([row["prediction"]["label"] == gold[row["external_id"]] for row in rows])
    return confidence, right
