"""What callers cannot reach by naming it: relations in filters, columns in bodies (T3, T15)."""

import pytest
from django.apps import apps
from django.db import models

from tests import factories
from tests.api.answers import problem
from tests.conftest import Api
from tests.security.access.calls import EVERY
from tests.security.access.routes import CALLS
from tests.world import World

LOOKUPS = (
    "user__password__startswith", "reviewer__password__startswith", "pipeline__slug",
    "sender__username", "sender__password__startswith", "item__prediction__output", "pk", "id",
    "item__pipeline__memberships__user__password", "assignments__reviewer__username",
    "tier__in", "status__ne", "created_at__gt", "input__text__contains", "prediction__confidence",
    "confidence", "confidence__gt", "output__label", "order_by", "ordering", "sort", "fields",
    "expand", "include", "format", "_", "__class__", "pipeline__", "limit__gt", "cursor__lt",
)  # fmt: skip
READS = [key for key in CALLS if key[0] == "GET"]
WRITES = [key for key in CALLS if CALLS[key].body is not None]
COLUMNS = sorted(
    {
        name
        for model in apps.get_models()
        if model._meta.app_label in ("governance", "reviews", "feedback")
        for field in model._meta.concrete_fields
        if isinstance(field, models.Field)
        for name in (field.name, field.attname)
    }
)
PATHS = (
    "items?queue=", "items?assignee=", "predictions?external_id=", "items?tier=",
    "decisions?reviewer=", "items?scenario_type=", "predictions?model_version=",
)  # fmt: skip


def a_caller(world: World, who: str) -> Api:
    return Api(factories.a_token(getattr(world, who), *EVERY))


@pytest.mark.parametrize("key", READS, ids=" ".join)
def test_no_filter_reaches_a_relation_a_column_or_an_order(
    world: World, key: tuple[str, str]
) -> None:
    wanted = CALLS[key]
    caller, address = a_caller(world, wanted.who), wanted.address(world)
    taken = {"format"} if "download" in address else set()
    for name in LOOKUPS:
        if name in taken:
            continue
        joined = f"{address}{'&' if '?' in address else '?'}{name}=x"
        problem(caller.get(joined), 400, f"/{name}")


@pytest.mark.parametrize("value", ["' OR '1'='1", "%", "*", "{}", "[]", "1) --", "../..", "\\"])
def test_no_value_of_a_filter_is_more_than_a_value(world: World, value: str) -> None:
    caller = a_caller(world, "reviewer")
    for path in PATHS:
        answer = caller.get(f"/{path}{value}")
        assert answer.status_code == 200
        assert answer.json()["results"] == []


@pytest.mark.parametrize("key", WRITES, ids=" ".join)
def test_no_column_can_be_written_by_naming_it(world: World, key: tuple[str, str]) -> None:
    method, wanted = key[0], CALLS[key]
    assert wanted.body is not None
    caller, body = a_caller(world, wanted.who), wanted.body(world)
    known = {*body, *KNOWN.get(key, ())}
    foreign = [name for name in COLUMNS if name not in known]
    assert len(foreign) > 100
    at = "/0" if key[1] == "apply" or key[1].endswith("config") else ""
    sent = body | dict.fromkeys(foreign, "x")
    told = problem(caller(method, wanted.address(world), sent, **wanted.headers), 400)
    named = {error["pointer"] for error in told["errors"]}
    assert {f"{at}/{name}" for name in foreign} <= named
    for name in ("is_superuser", "user", "reviewer_id", "status"):
        if name not in known:
            one = caller(method, wanted.address(world), body | {name: True}, **wanted.headers)
            problem(one, 400, f"{at}/{name}")


DOCUMENT = (
    "kind", "slug", "name", "question", "reason_codes", "guideline", "queues", "tiers", "routing",
    "glossary", "gold", "privacy",
)  # fmt: skip
PLAN = (
    "metric", "improve", "keep", "slices", "critical", "confidence", "calibration_margin",
)  # fmt: skip
PROPOSED = ("change", "evidence", "summary", "risk", "rationale")
KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("POST", "apply"): DOCUMENT,
    ("PUT", "pipelines/<slug:slug>/config"): DOCUMENT,
    ("POST", "predictions"): ("occurred_at", "subject", "scores", "model"),
    ("POST", "predictions/<uuid:prediction_id>/outcome"): ("cost",),
    ("POST", "resolutions/<uuid:resolution_id>/challenge"): ("anonymous",),
    ("POST", "challenges/<uuid:challenge_id>/overturn"): ("answer",),
    ("POST", "webhooks"): ("events", "description"),
    ("PATCH", "webhooks/<uuid:webhook_id>"): ("url", "events", "state"),
    ("POST", "webhooks/<uuid:webhook_id>/replay"): ("message", "until", "failed_only"),
    ("POST", "claim"): ("pipeline", "queue"),
    ("POST", "items/<uuid:item_id>/reassign"): ("reviewer", "queue", "tier"),
    ("POST", "assignments/<uuid:assignment_id>/decision"): (
        "answer", "reason_codes", "rationale", "certainty", "evidence_opened",
    ),
    ("POST", "decisions/<uuid:decision_id>/revise"): (
        "verdict", "answer", "reason_codes", "rationale", "checklist", "certainty",
        "evidence_opened",
    ),
    ("POST", "calendars/<slug:slug>/preview"): ("end",),
    ("POST", "consents"): (
        "reviewer", "given", "text_version", "channel", "note", "at",
    ),
    ("POST", "data-sources"): ("licence", "collected", "gaps"),
    ("POST", "holds"): ("subject",),
    ("POST", "audit/packs"): ("since", "until", "texts", "checkpoint"),
    ("POST", "pipelines/<slug:slug>/thresholds"): ("model_version",),
    ("POST", "adjustments"): PROPOSED,
    ("PATCH", "adjustments/<uuid:adjustment_id>"): PROPOSED,
    ("POST", "adjustments/<uuid:adjustment_id>/activate"): ("reason",),
    ("POST", "adjustments/<uuid:adjustment_id>/dispositions"): ("predictions",),
    ("POST", "pipelines/<slug:slug>/stops"): ("tier", "model"),
    ("POST", "findings/<uuid:finding_id>/conclude"): ("lesson", "reason"),
    ("POST", "datasets"): ("filter", "include", "kind"),
    ("POST", "datasets/<slug:slug>/versions"): ("as_of",),
    ("POST", "models/<str:name>/versions"): ("parent",),
    ("POST", "evaluations/<uuid:evaluation_id>/predictions"): ("confidence",),
    ("POST", "gates"): (*PLAN, "model"),
    ("PUT", "gates/<slug:slug>"): PLAN,
}  # fmt: skip
