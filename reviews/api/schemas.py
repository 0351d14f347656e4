"""What the API answers, as its description tells it; representations makes it.

Members that are not required are absent while an item is blind to its reader.
"""

from rest_framework import serializers

from governance.rest.schema import Shown, page_of
from governance.rest.serializers import MoneyField
from reviews.enums import (
    AssignmentState,
    Disposition,
    Evidence,
    ItemStatus,
    ResolutionKind,
    Sampled,
    Verdict,
)

BREACHED = (
    "Open items of which an open clock is past its target, the breach written yet or not, the item "
    "paused or not. One that was settled, however late, is not among them."
)
AT_RISK = (
    "Open items of which a running clock has used up a share that warns, and none is breached."
)


class ModelShown(Shown):
    """Which model made a prediction."""

    name = serializers.CharField()
    version = serializers.CharField()


class RuleStep(Shown):
    """What became of one rule."""

    rule = serializers.CharField()
    result = serializers.ChoiceField(["true", "false", "inapplicable", "error", "not_run"])
    operands = serializers.JSONField(required=False, help_text="Of `&&` and `||`: each, observed.")
    error = serializers.CharField(required=False)
    stop = serializers.UUIDField(required=False, help_text="Of the stop switch: which stop.")


class RouteShown(Shown):
    """How a prediction was routed, and why."""

    rule = serializers.CharField(allow_null=True, help_text="null: no rule held.")
    queue = serializers.CharField(allow_null=True)
    skills = serializers.ListField(child=serializers.CharField())
    priority = serializers.IntegerField()
    sampled = serializers.ChoiceField(Sampled.choices, allow_null=True)
    propensity = serializers.FloatField(help_text="With which probability it came to people.")
    trace = RuleStep(many=True)


class ResolutionShown(Shown):
    """The outcome of a review, or an approval by rule (`kind: auto`)."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ResolutionKind.choices)
    verdict = serializers.ChoiceField(Verdict.choices)
    answer = serializers.JSONField(help_text="null: rejected without a better answer.")
    agreement = serializers.FloatField(allow_null=True)
    decided_on = serializers.ListField(child=serializers.UUIDField())
    rationale = serializers.CharField(required=False)
    resolved_at = serializers.DateTimeField()
    prediction = serializers.UUIDField(required=False)
    item = serializers.UUIDField(required=False, allow_null=True)
    current = serializers.BooleanField(required=False, help_text="Whether it still stands.")


class ItemReference(Shown):
    """The item of a prediction."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(ItemStatus.choices)
    due_at = serializers.DateTimeField(allow_null=True)
    safe_default = serializers.ChoiceField(
        ["hold", "deny"], allow_null=True, help_text="What to do with what expired unreviewed."
    )


class WithdrawalShown(Shown):
    """That a prediction was taken back."""

    reason = serializers.CharField()
    at = serializers.DateTimeField()


class RestrictionShown(Shown):
    """Why a record is restricted; only who reads all on record sees it, or that there is one."""

    erasure = serializers.UUIDField(help_text="The request to erase it.")
    holds = serializers.ListField(
        child=serializers.UUIDField(), help_text="The legal holds that keep it."
    )


class PredictionShown(Shown):
    """A prediction, and what became of it."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    pipeline = serializers.SlugField()
    config_version = serializers.IntegerField()
    tier = serializers.CharField()
    disposition = serializers.ChoiceField(Disposition.choices)
    input = serializers.DictField()
    model = ModelShown()
    occurred_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()
    item = ItemReference(allow_null=True)
    resolution = ResolutionShown(allow_null=True)
    withdrawal = WithdrawalShown(allow_null=True)
    restricted = RestrictionShown(required=False)
    scenario_type = serializers.CharField(allow_blank=True, required=False)
    characteristics = serializers.DictField(required=False)
    output = serializers.DictField(required=False)
    confidence = serializers.FloatField(required=False, allow_null=True)
    scores = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)
    route = RouteShown(required=False)


class OutcomeShown(Shown):
    """What production showed later of a prediction."""

    id = serializers.UUIDField()
    prediction = serializers.UUIDField()
    outcome = serializers.DictField()
    cost = MoneyField(allow_null=True)
    observed_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class EventShown(Shown):
    """One thing that happened to a prediction."""

    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = serializers.CharField(allow_null=True, help_text="null: the system.")
    reason = serializers.CharField(allow_blank=True)
    digest = serializers.CharField(help_text="The leaf hash in the ledger, in hex.")
    detail = serializers.DictField()


class TraceShown(Shown):
    """All that happened to a prediction, in order."""

    events = EventShown(many=True)


class LineResult(Shown):
    """What became of one line; the answer holds one of these on each line."""

    line = serializers.IntegerField(min_value=1)
    external_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["accepted", "duplicate", "rejected"])
    id = serializers.UUIDField(required=False)
    tier = serializers.CharField(required=False)
    disposition = serializers.ChoiceField(Disposition.choices, required=False)
    problem = serializers.DictField(required=False, help_text="As of any error.")


class NoteShown(Shown):
    """What somebody wrote beside an item."""

    id = serializers.UUIDField()
    author = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class ItemShown(Shown):
    """A prediction that people must see."""

    id = serializers.UUIDField()
    prediction = serializers.UUIDField()
    external_id = serializers.CharField()
    pipeline = serializers.SlugField()
    tier = serializers.CharField()
    queue = serializers.CharField()
    status = serializers.ChoiceField(ItemStatus.choices)
    input = serializers.DictField()
    scenario_type = serializers.CharField(allow_blank=True, required=False)
    blind = serializers.BooleanField()
    question = serializers.DictField()
    checklist = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    reason_codes = serializers.ListField(child=serializers.CharField())
    rationale_required = serializers.ChoiceField(["never", "on_change", "always"])
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    paused = serializers.CharField(allow_null=True, help_text="Why nobody can claim it now.")
    cycle = serializers.IntegerField(help_text="One more at each reopening.")
    resolved_at = serializers.DateTimeField(allow_null=True)
    guideline_version = serializers.IntegerField()
    glossary_version = serializers.IntegerField(help_text="0: there was no glossary.")
    config_version = serializers.IntegerField()
    revision = serializers.IntegerField()
    notes = NoteShown(many=True)
    restricted = RestrictionShown(required=False)
    output = serializers.DictField(required=False)
    confidence = serializers.FloatField(required=False, allow_null=True)
    scores = serializers.DictField(child=serializers.FloatField(), required=False, allow_null=True)
    priority = serializers.IntegerField(required=False)
    resolution = ResolutionShown(required=False, allow_null=True)


class AssignmentShown(Shown):
    """A slot of an item, held under a lease; the token acts on it and is shown once."""

    id = serializers.UUIDField()
    claim_token = serializers.CharField()
    lease_expires_at = serializers.DateTimeField()
    slot = serializers.IntegerField(min_value=1)
    item = ItemShown()


class LeaseItem(Shown):
    """The item of an assignment, in short."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(ItemStatus.choices)


class LeaseShown(Shown):
    """An assignment after an act on it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(AssignmentState.choices)
    slot = serializers.IntegerField(min_value=1)
    lease_expires_at = serializers.DateTimeField()
    item = LeaseItem()


class DecisionShown(Shown):
    """A judgement as it was given."""

    id = serializers.UUIDField()
    item = serializers.UUIDField()
    prediction = serializers.UUIDField()
    external_id = serializers.CharField()
    pipeline = serializers.SlugField()
    reviewer = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices)
    answer = serializers.JSONField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    rationale = serializers.CharField(allow_blank=True)
    checklist = serializers.DictField(child=serializers.BooleanField())
    certainty = serializers.FloatField(allow_null=True)
    evidence_opened = serializers.ListField(child=serializers.ChoiceField(Evidence.choices))
    blind = serializers.BooleanField(help_text="Made without sight of the prediction.")
    revises = serializers.UUIDField(
        allow_null=True, help_text="The answer that its reviewer gave before seeing the prediction."
    )
    config_version = serializers.IntegerField()
    guideline_version = serializers.IntegerField()
    glossary_version = serializers.IntegerField(help_text="0: there was no glossary.")
    decided_at = serializers.DateTimeField()
    undone = serializers.BooleanField()


class DecidedShown(Shown):
    """A decision, the item as it then is, and the resolution if it came to one."""

    decision = DecisionShown()
    item = ItemShown()
    resolution = ResolutionShown(allow_null=True)


class UndoneShown(Shown):
    """What an undo left: the slot is the reviewer's again, with a new token."""

    undone = serializers.UUIDField()
    decision = serializers.UUIDField(help_text="The record of the undo.")
    assignment = AssignmentShown()


PREDICTIONS = page_of(PredictionShown)
ITEMS = page_of(ItemShown)
DECISIONS = page_of(DecisionShown)
RESOLUTIONS = page_of(ResolutionShown)
