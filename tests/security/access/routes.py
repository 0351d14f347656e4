"""What each route of the API is called with, and what the right caller is answered.

A route that is not here fails the tests: whoever adds one says who may call it.
"""

from tests.security.access.calls import (
    ACCEPTS,
    CERTIFIES,
    CONFIG,
    CONSENTS,
    DATASETS,
    EVERY,
    GOVERNED,
    HOOKS_READ,
    LINEAGE,
    LOOKS,
    MEASURES,
    PREDICTIONS,
    PRIVACY,
    RECORDS,
    SOURCES,
    Call,
    a_consent,
    a_dataset,
    a_hold,
    a_move,
    a_note,
    a_pack,
    a_password,
    a_pause,
    a_period,
    a_pick,
    a_prediction,
    a_promise,
    a_proposal,
    a_question,
    a_signature,
    a_source,
    an_adjudication,
    an_assessment,
    an_edition,
    an_erasure,
    an_incident,
    an_outcome,
    at,
    document,
    nothing,
    reason,
    said,
    same_checkpoint,
    token,
)
from tests.security.access.model_routes import MODEL_CALLS

CALLS: dict[tuple[str, str], Call] = {
    ("POST", "apply"): Call(("config:write", "admin"), at("/apply"), body=document),
    ("GET", "pipelines/<slug:slug>/config"): Call(CONFIG, at("/pipelines/intents/config")),
    ("PUT", "pipelines/<slug:slug>/config"): Call(
        ("config:write",), at("/pipelines/intents/config"), body=document, headers={"if_match": "*"}
    ),
    ("GET", "pipelines/<slug:slug>/config/versions"): Call(
        CONFIG, at("/pipelines/intents/config/versions")
    ),
    ("GET", "pipelines/<slug:slug>/config/versions/<int:number>"): Call(
        CONFIG, at("/pipelines/intents/config/versions/1")
    ),
    ("POST", "calendars/<slug:slug>/preview"): Call(
        EVERY, at("/calendars/always/preview"), body=a_question, elsewhere=200
    ),
    ("GET", "jobs/<uuid:job_id>"): Call(EVERY, at("/jobs/{job}"), who="bot"),
    ("GET", "predictions"): Call(PREDICTIONS, at("/predictions"), elsewhere=200),
    ("POST", "predictions"): Call(
        ("predictions:write",), at("/predictions"), 201, body=a_prediction
    ),
    ("GET", "predictions/<uuid:prediction_id>"): Call(PREDICTIONS, at("/predictions/{prediction}")),
    ("GET", "predictions/<uuid:prediction_id>/trace"): Call(
        ("audit:read",), at("/predictions/{prediction}/trace")
    ),
    ("GET", "predictions/<uuid:prediction_id>/case-file"): Call(
        ("audit:read",), at("/predictions/{prediction}/case-file")
    ),
    ("GET", "audit/events"): Call(
        ("audit:read",), at("/audit/events?stream=pipeline:intents"), elsewhere=200
    ),
    ("GET", "audit/checkpoints"): Call(
        ("audit:read",), at("/audit/checkpoints"), elsewhere=200, shared=True
    ),
    ("GET", "audit/checkpoints/<int:old>/consistency/<int:new>"): Call(
        ("audit:read",),
        same_checkpoint,
        elsewhere=200,
    ),
    ("POST", "predictions/<uuid:prediction_id>/withdraw"): Call(
        ("predictions:write",), at("/predictions/{approved}/withdraw"), body=reason
    ),
    ("POST", "predictions/<uuid:prediction_id>/outcome"): Call(
        ("predictions:write",), at("/predictions/{prediction}/outcome"), 201,
        body=an_outcome,
    ),
    ("POST", "claim"): Call(("review",), at("/claim"), 201, body=nothing, elsewhere=204),
    ("POST", "assignments/<uuid:assignment_id>/extend"): Call(
        ("review",), at("/assignments/{assignment}/extend"), body=token()
    ),
    ("POST", "assignments/<uuid:assignment_id>/release"): Call(
        ("review",), at("/assignments/{assignment}/release"), body=token()
    ),
    ("POST", "assignments/<uuid:assignment_id>/decline"): Call(
        ("review",), at("/assignments/{assignment}/decline"), body=token(reason="x")
    ),
    ("POST", "assignments/<uuid:assignment_id>/decision"): Call(
        ("review",), at("/assignments/{assignment}/decision"), 201, body=token(**ACCEPTS)
    ),
    ("GET", "decisions"): Call(RECORDS, at("/decisions"), elsewhere=200),
    # What it says is in the dataset of the world already, which ends the time for taking it back.
    ("POST", "decisions/<uuid:decision_id>/undo"): Call(
        ("review",), at("/decisions/{decision}/undo"), 409, body=nothing
    ),
    # It was not answered blind first.
    ("POST", "decisions/<uuid:decision_id>/revise"): Call(
        ("review",), at("/decisions/{decision}/revise"), 409, body=nothing
    ),
    ("GET", "resolutions"): Call(RECORDS, at("/resolutions"), elsewhere=200),
    # It is challenged already.
    ("POST", "resolutions/<uuid:resolution_id>/challenge"): Call(
        ("review",), at("/resolutions/{resolution}/challenge"), 409, body=reason
    ),
    ("GET", "challenges"): Call(RECORDS, at("/challenges"), elsewhere=200),
    ("GET", "challenges/<uuid:challenge_id>"): Call(RECORDS, at("/challenges/{dispute}")),
    ("POST", "challenges/<uuid:challenge_id>/uphold"): Call(
        ("review",), at("/challenges/{dispute}/uphold"), body=said(rationale="x"), who="judge"
    ),
    ("POST", "challenges/<uuid:challenge_id>/overturn"): Call(
        ("review",), at("/challenges/{dispute}/overturn"), body=said(rationale="x"), who="judge"
    ),
    # Who challenged is read by compliance alone.
    ("POST", "challenges/<uuid:challenge_id>/challenger"): Call(
        ("audit:read",), at("/challenges/{dispute}/challenger"), 403, body=nothing
    ),
    ("GET", "items"): Call(RECORDS, at("/items"), elsewhere=200),
    ("GET", "items/<uuid:item_id>"): Call(RECORDS, at("/items/{item}")),
    # The item is settled, which its adjudicator is told; nobody else is told even that.
    ("POST", "items/<uuid:item_id>/adjudicate"): Call(
        ("review",), at("/items/{item}/adjudicate"), 409,
        body=an_adjudication,
    ),
    ("POST", "items/<uuid:item_id>/notes"): Call(
        ("review",), at("/items/{item}/notes"), 201, body=a_note
    ),
    ("POST", "items/<uuid:item_id>/escalate"): Call(
        ("review",), at("/items/{open_item}/escalate"), body=reason
    ),
    ("GET", "items/<uuid:item_id>/clocks"): Call(RECORDS, at("/items/{item}/clocks")),
    ("POST", "items/<uuid:item_id>/pause"): Call(
        ("review",), at("/items/{open_item}/pause"), body=a_pause
    ),
    ("POST", "items/<uuid:item_id>/resume"): Call(
        ("review",), at("/items/{open_item}/resume"), body=nothing
    ),
    ("POST", "items/<uuid:item_id>/reassign"): Call(
        ("review",), at("/items/{open_item}/reassign"), body=a_move
    ),
    ("POST", "items/<uuid:item_id>/reopen"): Call(
        ("review",), at("/items/{item}/reopen"), body=reason
    ),
    # It counts what the caller reaches: of another pipeline, nothing of this one.
    ("GET", "operations"): Call(RECORDS, at("/operations?pipeline=intents")),
    ("GET", "escalations"): Call(RECORDS, at("/escalations"), elsewhere=200),
    ("POST", "escalations/<uuid:escalation_id>/ack"): Call(
        ("review",), at("/escalations/{escalation}/ack"), body=nothing
    ),
    ("GET", "lineage"): Call(LINEAGE, at("/lineage?from=decision:{decision}")),
    ("GET", "pipelines/<slug:slug>/reviewers"): Call(
        ("review", "audit:read", "govern"), at("/pipelines/intents/reviewers")
    ),
    **{
        ("GET", f"pipelines/<slug:slug>/{name}"): Call(MEASURES, at(f"/pipelines/intents/{name}"))
        for name in ("quality", "agreement", "impact")
    },
    ("POST", "pipelines/<slug:slug>/thresholds"): Call(
        CERTIFIES, at("/pipelines/intents/thresholds"), 202, body=a_promise
    ),
    ("GET", "figure-disputes"): Call(
        ("review", "audit:read", "govern"), at("/figure-disputes"), elsewhere=200
    ),
    ("POST", "figure-disputes"): Call(
        ("review",), at("/figure-disputes"), 201,
        body=said(pipeline="intents", figure="miss_rate", reason="For a test"),
    ),
    ("POST", "figure-disputes/<uuid:dispute_id>/answer"): Call(
        ("review",), at("/figure-disputes/{figure_dispute}/answer"),
        body=said(outcome="stands", text="For a test"), who="judge",
    ),
    ("GET", "pipelines/<slug:slug>/about"): Call(LOOKS, at("/pipelines/intents/about")),
    ("POST", "pipelines/<slug:slug>/about"): Call(
        ("govern",), at("/pipelines/intents/about"), 201, body=an_edition, who="approver"
    ),
    ("GET", "retrospectives"): Call(LOOKS, at("/retrospectives"), elsewhere=200),
    ("POST", "retrospectives"): Call(
        ("govern",), at("/retrospectives"), 201, body=a_period, who="judge"
    ),
    ("GET", "retrospectives/<uuid:retrospective_id>"): Call(
        LOOKS, at("/retrospectives/{held_look}")
    ),
    ("GET", "retrospectives/<uuid:retrospective_id>/suggestions"): Call(
        LOOKS, at("/retrospectives/{open_look}/suggestions")
    ),
    ("POST", "retrospectives/<uuid:retrospective_id>/items"): Call(
        ("govern",), at("/retrospectives/{held_look}/items"), 201, body=a_pick, who="judge"
    ),
    ("POST", "retrospectives/<uuid:retrospective_id>/hold"): Call(
        ("govern",), at("/retrospectives/{open_look}/hold"), body=nothing, who="judge"
    ),
    ("POST", "retrospectives/<uuid:retrospective_id>/findings"): Call(
        ("govern",), at("/retrospectives/{held_look}/findings"), 201,
        body=said(text="For a test"), who="judge",
    ),
    ("POST", "findings/<uuid:finding_id>/conclude"): Call(
        ("govern",), at("/findings/{finding}/conclude"), body=reason, who="judge"
    ),
    ("POST", "retrospectives/<uuid:retrospective_id>/close"): Call(
        ("govern",), at("/retrospectives/{done_look}/close"), body=nothing, who="judge"
    ),
    ("GET", "signals"): Call(LINEAGE, at("/signals"), elsewhere=200),
    ("POST", "data-sources"): Call(
        ("config:write",), at("/data-sources"), 201, body=a_source
    ),
    ("GET", "data-sources"): Call(SOURCES, at("/data-sources"), elsewhere=200),
    ("POST", "consents"): Call(CONSENTS, at("/consents"), 201, body=a_consent),
    ("GET", "consents"): Call(PRIVACY, at("/consents?subject=c-2"), elsewhere=200),
    ("POST", "consents/<uuid:consent_id>/withdraw"): Call(
        CONSENTS, at("/consents/{consent}/withdraw"), body=nothing
    ),
    # Who holds, lifts, executes and rejects has the permission to approve as well.
    ("POST", "holds"): Call(("govern",), at("/holds"), 403, body=a_hold),
    ("GET", "holds"): Call(PRIVACY, at("/holds"), elsewhere=200),
    ("POST", "holds/<uuid:hold_id>/lift"): Call(
        ("govern",), at("/holds/{hold}/lift"), 403, body=reason
    ),
    ("POST", "audit/packs"): Call(("audit:read",), at("/audit/packs"), 202, body=a_pack),
    ("GET", "audit/packs"): Call(("audit:read",), at("/audit/packs"), elsewhere=200),
    ("GET", "audit/packs/<uuid:pack_id>"): Call(("audit:read",), at("/audit/packs/{pack}")),
    ("GET", "audit/packs/<uuid:pack_id>/download"): Call(
        ("audit:read",), at("/audit/packs/{pack}/download")
    ),
    ("POST", "erasures"): Call(("govern",), at("/erasures"), 201, body=an_erasure),
    ("GET", "erasures"): Call(PRIVACY, at("/erasures"), elsewhere=200),
    ("GET", "erasures/<uuid:erasure_id>"): Call(PRIVACY, at("/erasures/{erasure}")),
    ("POST", "erasures/<uuid:erasure_id>/execute"): Call(
        ("govern",), at("/erasures/{erasure}/execute"), 403, body=nothing
    ),
    ("POST", "erasures/<uuid:erasure_id>/reject"): Call(
        ("govern",), at("/erasures/{erasure}/reject"), 403, body=reason
    ),
    ("GET", "datasets"): Call(DATASETS, at("/datasets"), elsewhere=200),
    ("POST", "datasets"): Call(
        ("datasets:write",), at("/datasets"), 201,
        body=a_dataset,
    ),
    ("GET", "datasets/<slug:slug>"): Call(DATASETS, at("/datasets/answers")),
    ("GET", "datasets/<slug:slug>/versions"): Call(DATASETS, at("/datasets/answers/versions")),
    ("POST", "datasets/<slug:slug>/versions"): Call(
        ("datasets:write",), at("/datasets/answers/versions"), 202, body=nothing
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:number>"): Call(
        DATASETS, at("/datasets/answers/versions/1")
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:number>/download"): Call(
        DATASETS, at("/datasets/answers/versions/1/download?format=jsonl")
    ),
    ("GET", "datasets/<slug:slug>/versions/<int:before>/diff/<int:after>"): Call(
        DATASETS, at("/datasets/answers/versions/1/diff/1")
    ),
    ("GET", "adjustments"): Call(GOVERNED, at("/adjustments"), elsewhere=200),
    ("POST", "adjustments"): Call(("govern",), at("/adjustments"), 201, body=a_proposal),
    ("GET", "adjustments/<uuid:adjustment_id>"): Call(GOVERNED, at("/adjustments/{draft}")),
    ("PATCH", "adjustments/<uuid:adjustment_id>"): Call(
        ("govern",), at("/adjustments/{draft}"), headers={"if_match": "*"},
        body=said(summary="Another"),
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/submit"): Call(
        ("govern",), at("/adjustments/{draft}/submit"), body=nothing, who="bot"
    ),
    ("GET", "pipelines/<slug:slug>/impact-assessments"): Call(
        GOVERNED, at("/pipelines/intents/impact-assessments")
    ),
    ("POST", "pipelines/<slug:slug>/impact-assessments"): Call(
        ("govern",), at("/pipelines/intents/impact-assessments"), 201, body=an_assessment,
        who="approver",
    ),
    ("POST", "impact-assessments/<uuid:assessment_id>/sign"): Call(
        ("govern",), at("/impact-assessments/{assessment}/sign"), body=a_password, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/sign"): Call(
        ("govern",), at("/adjustments/{submitted}/sign"), body=a_signature, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/activate"): Call(
        ("govern",), at("/adjustments/{approved_change}/activate"), body=nothing, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/roll-back"): Call(
        ("govern",), at("/adjustments/{active}/roll-back"), body=reason, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/withdraw"): Call(
        ("govern",), at("/adjustments/{draft}/withdraw"), body=reason, who="bot"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/reject"): Call(
        ("govern",), at("/adjustments/{submitted}/reject"), body=reason, who="approver"
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/challenges"): Call(
        ("govern",), at("/adjustments/{submitted}/challenges"), 201,
        body=said(objection="x"),
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/challenges/<uuid:challenge_id>/answer"): Call(
        ("govern",), at("/adjustments/{challenged}/challenges/{challenge}/answer"),
        body=said(response="x"), who="approver",
    ),
    ("GET", "adjustments/<uuid:adjustment_id>/affected"): Call(
        GOVERNED, at("/adjustments/{rolled_back}/affected")
    ),
    ("POST", "adjustments/<uuid:adjustment_id>/dispositions"): Call(
        ("govern",), at("/adjustments/{rolled_back}/dispositions"), who="approver",
        body=said(disposition="accept", reason="x"),
    ),
    ("GET", "pipelines/<slug:slug>/effective"): Call(
        (*GOVERNED, "config:write"), at("/pipelines/intents/effective")
    ),
    ("GET", "pipelines/<slug:slug>/stops"): Call(GOVERNED, at("/pipelines/intents/stops")),
    ("POST", "pipelines/<slug:slug>/stops"): Call(
        ("govern",), at("/pipelines/intents/stops"), 201, body=reason
    ),
    ("GET", "stops/<uuid:stop_id>"): Call(GOVERNED, at("/stops/{stop}")),
    ("POST", "stops/<uuid:stop_id>/resume"): Call(
        ("govern",), at("/stops/{stop}/resume"), body=reason, who="approver"
    ),
    ("POST", "predictions/<uuid:prediction_id>/override"): Call(
        ("review",), at("/predictions/{approved}/override"), who="judge",
        body=said(rationale="x", reason_code="model_error", answer={"label": "balance"}),
    ),
    ("GET", "webhooks"): Call(HOOKS_READ, at("/webhooks"), elsewhere=200),
    ("POST", "webhooks"): Call(
        ("config:write",), at("/webhooks"), 201, who="reviewer", elsewhere=400,
        body=said(url="https://example.org/hooks", pipeline="intents"),
    ),
    ("GET", "webhooks/<uuid:webhook_id>"): Call(HOOKS_READ, at("/webhooks/{webhook}")),
    ("PATCH", "webhooks/<uuid:webhook_id>"): Call(
        ("config:write",), at("/webhooks/{webhook}"), body=said(description="x"),
        headers={"If-Match": "*"},
    ),
    ("DELETE", "webhooks/<uuid:webhook_id>"): Call(
        ("config:write",), at("/webhooks/{webhook}"), 204
    ),
    ("POST", "webhooks/<uuid:webhook_id>/test"): Call(
        ("config:write",), at("/webhooks/{webhook}/test"), 202, body=nothing
    ),
    ("GET", "webhooks/<uuid:webhook_id>/deliveries"): Call(
        HOOKS_READ, at("/webhooks/{webhook}/deliveries")
    ),
    ("POST", "webhooks/<uuid:webhook_id>/replay"): Call(
        ("config:write",), at("/webhooks/{webhook}/replay"), 202,
        body=said(since="2026-01-01T00:00:00Z"),
    ),
    ("POST", "webhooks/<uuid:webhook_id>/rotate"): Call(
        ("config:write",), at("/webhooks/{webhook}/rotate"), body=nothing
    ),
    ("POST", "webhooks/<uuid:webhook_id>/acknowledge"): Call(
        ("config:write", "predictions:write"), at("/webhooks/{webhook}/acknowledge"),
        body=lambda world: {"message": world.told.message},
    ),
    ("GET", "incidents"): Call(GOVERNED, at("/incidents"), elsewhere=200),
    ("POST", "incidents"): Call(("govern",), at("/incidents"), 201, body=an_incident),
    ("GET", "incidents/<uuid:incident_id>"): Call(GOVERNED, at("/incidents/{incident}")),
    ("POST", "incidents/<uuid:incident_id>/steps"): Call(
        ("govern",), at("/incidents/{incident}/steps"), 201, body=said(kind="note", text="x")
    ),
    **MODEL_CALLS,
}  # fmt: skip
OPEN = {("GET", "openapi.json"), ("GET", "docs")}
