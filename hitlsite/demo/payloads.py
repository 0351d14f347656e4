"""An image as the prediction that a pipeline sends."""

from typing import Any

from hitlsite.demo.digits import FULL_INK, MODEL, Digit, rounded, scenario
from hitlsite.demo.png import data_uri, png

WHITE = 255


def payload(digit: Digit, pipeline: str) -> dict[str, Any]:
    """Return the body of POST /predictions for an image: dark ink on white paper."""
    best = digit.order[0]
    ink = [[round(WHITE - shade * WHITE / FULL_INK) for shade in row] for row in digit.shades]
    return {
        "pipeline": pipeline,
        "external_id": digit.external_id,
        "input": {"image": data_uri(png(ink))},
        "output": {"label": str(best)},
        "confidence": rounded(digit.scores[best]),
        "scores": {str(label): rounded(score) for label, score in enumerate(digit.scores)},
        "scenario_type": scenario(best),
        "characteristics": digit.characteristics(),
        "model": MODEL,
    }
