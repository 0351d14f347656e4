"""What the routes of models, evaluations and gates are called with, and answered."""

from tests.security.access.calls import (
    JUDGING,
    MODELS,
    Call,
    a_gate,
    a_line,
    a_model,
    a_plan,
    an_evaluation,
    at,
    nothing,
)

MODEL_CALLS: dict[tuple[str, str], Call] = {
    ("GET", "models"): Call(MODELS, at("/models"), elsewhere=200),
    ("GET", "models/<str:name>/versions"): Call(
        MODELS, at("/models/sorter/versions"), elsewhere=200
    ),
    ("POST", "models/<str:name>/versions"): Call(
        ("models:write",), at("/models/sorter/versions"), 201, body=a_model, elsewhere=400
    ),
    ("GET", "models/<str:name>/versions/<str:version>"): Call(
        MODELS, at("/models/sorter/versions/2")
    ),
    ("GET", "models/<str:name>/versions/<str:version>/card"): Call(
        MODELS, at("/models/sorter/versions/2/card")
    ),
    ("GET", "evaluations"): Call(JUDGING, at("/evaluations"), elsewhere=200),
    ("POST", "evaluations"): Call(
        ("models:write",), at("/evaluations"), 201, body=an_evaluation, elsewhere=400
    ),
    ("GET", "evaluations/<uuid:evaluation_id>"): Call(JUDGING, at("/evaluations/{evaluation}")),
    ("POST", "evaluations/<uuid:evaluation_id>/predictions"): Call(
        ("models:write",), at("/evaluations/{evaluation}/predictions"), 201, body=a_line
    ),
    ("POST", "evaluations/<uuid:evaluation_id>/finish"): Call(
        ("models:write",), at("/evaluations/{filled}/finish"), body=nothing
    ),
    ("GET", "gates"): Call(JUDGING, at("/gates"), elsewhere=200),
    ("POST", "gates"): Call(("models:write", "govern"), at("/gates"), 201, body=a_gate),
    ("GET", "gates/<slug:slug>"): Call(JUDGING, at("/gates/release")),
    ("PUT", "gates/<slug:slug>"): Call(
        ("models:write", "govern"), at("/gates/release"), body=a_plan, headers={"if_match": "*"}
    ),
    ("GET", "gates/<slug:slug>/runs"): Call(JUDGING, at("/gates/release/runs")),
    ("POST", "gates/<slug:slug>/runs"): Call(
        ("models:write", "govern"), at("/gates/release/runs"), 201,
        body=lambda _: {"baseline": "1", "candidate": "2"},
    ),
    ("GET", "gates/<slug:slug>/runs/<uuid:run_id>"): Call(
        JUDGING, at("/gates/release/runs/{run}")
    ),
}  # fmt: skip
