"""Which filters a dataset may have."""

from typing import Any

import pytest

from feedback.domain import recipes


def faults(wanted: Any, include: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(recipes.InvalidRecipe) as caught:
        recipes.parse(wanted, include)
    return [(fault.pointer, fault.code) for fault in caught.value.faults]


def test_a_recipe_has_a_normal_form() -> None:
    recipe = recipes.parse(
        {"tier": ["mid", "high", "mid"], "verdict": "accept", "min_confidence": 0,
         "resolved_after": "2026-11-24T11:00:00+01:00"},
        {"auto": True},
    )  # fmt: skip
    assert recipe.wanted == {
        "verdict": ["accept"],
        "tier": ["high", "mid"],
        "min_confidence": 0.0,
        "resolved_after": "2026-11-24T10:00:00.000000Z",
    }
    assert recipe.include == {"auto": True}


def test_without_a_filter_all_that_people_resolved_is_wanted() -> None:
    assert recipes.parse(None, None) == recipes.Recipe({}, auto=False)


@pytest.mark.parametrize(
    ("wanted", "include", "found"),
    [
        ([], None, ("/filter", "type")),
        ({}, "auto", ("/include", "type")),
        ({}, {"auto": 1}, ("/include/auto", "type")),
        ({}, {"gold": True}, ("/include/gold", "unknown_field")),
        ({"item__pipeline__slug": "x"}, None, ("/filter/item__pipeline__slug", "unknown_field")),
        ({"tier__startswith": "h"}, None, ("/filter/tier__startswith", "unknown_field")),
        ({"a/b": 1}, None, ("/filter/a~1b", "unknown_field")),
        ({"tier": []}, None, ("/filter/tier", "length")),
        ({"tier": 3}, None, ("/filter/tier", "type")),
        ({"tier": ["a", {"$ne": 1}]}, None, ("/filter/tier/1", "type")),
        ({"verdict": "maybe"}, None, ("/filter/verdict", "unknown")),
        ({"split": ["train", "dev"]}, None, ("/filter/split/1", "unknown")),
        ({"min_confidence": 1.5}, None, ("/filter/min_confidence", "range")),
        ({"min_confidence": True}, None, ("/filter/min_confidence", "range")),
        ({"agreement_min": "1"}, None, ("/filter/agreement_min", "range")),
        ({"resolved_after": "yesterday"}, None, ("/filter/resolved_after", "time")),
        ({"resolved_after": 5}, None, ("/filter/resolved_after", "time")),
        (
            {"min_confidence": 0.9, "max_confidence": 0.1},
            None,
            ("/filter/max_confidence", "conflict"),
        ),
        (
            {"resolved_after": "2026-11-24T10:00:00Z", "resolved_before": "2026-11-24T10:00:00Z"},
            None,
            ("/filter/resolved_before", "conflict"),
        ),
        ({"resolution_kind": "auto"}, None, ("/filter/resolution_kind", "conflict")),
        ({"resolution_kind": "single"}, {"auto": True}, ("/filter/resolution_kind", "conflict")),
    ],
)
def test_what_is_wrong_is_named(wanted: Any, include: Any, found: tuple[str, str]) -> None:
    assert faults(wanted, include) == [found]


def test_every_fault_is_named_at_once() -> None:
    wanted = {"tier": 1, "verdict": "x", "other": 1}
    assert {place for place, _ in faults(wanted, {"x": 1})} == {
        "/filter/tier", "/filter/verdict", "/filter/other", "/include/x",
    }  # fmt: skip
