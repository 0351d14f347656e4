"""What requests about datasets hold, and what a row is, for the checks and for OpenAPI."""

from rest_framework import serializers

from feedback.enums import DatasetKind, Split
from governance.domain import purposes
from governance.domain.documents.fields import SLUG
from governance.domain.purposes import TRAINING
from governance.rest.serializers import StrictCharField, StrictSerializer
from reviews.enums import ResolutionKind, Verdict

FILTER = """Which rows are taken; all that people resolved without it. Every member must hold of
the row as it is downloaded. One value or a list of them: `scenario_type`, `tier`, `model_name`,
`model_version`, `resolution_kind`, `verdict`, `reason_code` (a row that has one of them), `split`,
`provenance` of the label (`blind`, `assisted`, `prelabel_accepted`, `by_rule`).
Shares from 0 to 1, themselves included: `agreement_min`, `min_confidence`, `max_confidence` (a row
without the figure is left out). Times, themselves left out: `resolved_after`, `resolved_before`."""
INCLUDE = """`{"auto": true}` adds predictions that were approved by rule and meet the filter: their
answer is the prediction, their verdict `accept`, and `decisions`, `agreement` and `weight` are
empty, since nobody looked."""
WRONG_SLUG = "A slug is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit."


class DatasetBody(StrictSerializer):
    """A dataset to be: a name and which rows of which pipeline it takes."""

    slug = StrictCharField()
    pipeline = StrictCharField()
    kind = serializers.ChoiceField(
        DatasetKind.choices,
        default=DatasetKind.TRAINING,
        help_text="`evaluation`: a held-out set. It has no filter: its rows are sent.",
    )
    filter = serializers.JSONField(required=False, help_text=FILTER)
    include = serializers.JSONField(required=False, help_text=INCLUDE)

    def validate_slug(self, value: str) -> str:
        """Refuse what cannot be part of an address."""
        if not SLUG.fullmatch(value):
            raise serializers.ValidationError(WRONG_SLUG)
        return value


class VersionBody(StrictSerializer):
    """A version to be: of what stands now, or of what stood at an instant that has passed."""

    as_of = serializers.DateTimeField(
        required=False,
        help_text="What was resolved, undone or superseded later is as it was then.",
    )


class HeldOutLine(serializers.Serializer[object]):
    """A row to judge models by, as one line; it is kept out of training from then on."""

    external_id = serializers.CharField()
    input = serializers.DictField()
    answer = serializers.JSONField(help_text="An answer to the question of the pipeline.")
    scenario_type = serializers.CharField(required=False, help_text="The slice it is counted in.")
    characteristics = serializers.DictField(required=False)
    subject_ref = serializers.CharField(required=False, help_text="Whom it is about.")


class DatasetFilter(StrictSerializer):
    """The query parameters of the list of datasets."""

    pipeline = StrictCharField(required=False)
    kind = serializers.ChoiceField(DatasetKind.choices, required=False)
    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class Paged(StrictSerializer):
    """The query parameters of the list of versions."""

    cursor = StrictCharField(required=False)
    limit = StrictCharField(required=False)


class DownloadQuery(StrictSerializer):
    """How a version is to be downloaded."""

    format = serializers.ChoiceField(
        ["jsonl", "csv", "parquet"],
        default="jsonl",
        help_text="`jsonl`: a row a line, RFC 8785. `csv`: RFC 4180, objects and lists as JSON. "
        "`parquet`: the same, but `model`, `reason_codes` and `resolved_at` have types of their "
        "own.",
    )
    raw = serializers.BooleanField(
        default=False,
        help_text="CSV only, for programs: without the apostrophe that is put before text which a "
        "spreadsheet could take for a formula.",
    )

    purpose = StrictCharField(
        default=TRAINING,
        help_text="What the rows are for, as a word. The data sources of a pipeline that holds "
        "personal data say which purposes they cover.",
    )

    def validate_purpose(self, value: str) -> str:
        """Refuse what is not written as a purpose."""
        try:
            return purposes.purpose(value)
        except purposes.BadPurpose as error:
            raise serializers.ValidationError(str(error), code="purpose") from None


class ModelName(serializers.Serializer[object]):
    """Which model made a prediction."""

    name = serializers.CharField()
    version = serializers.CharField()


class DecisionInRow(serializers.Serializer[object]):
    """A decision that a resolution rests on."""

    id = serializers.UUIDField()
    reviewer = serializers.CharField(
        help_text="The same for all that one person decided, and not to be traced to them."
    )
    verdict = serializers.ChoiceField(Verdict.choices)
    answer = serializers.JSONField(allow_null=True)
    reason_codes = serializers.ListField(child=serializers.CharField())
    rationale = serializers.CharField(allow_blank=True)
    blind = serializers.BooleanField(help_text="Made without sight of the prediction.")
    certainty = serializers.FloatField(allow_null=True)
    decided_at = serializers.DateTimeField()


class Row(serializers.Serializer[object]):
    """A row of a version.

    The digest of the version is the RFC 9162 root over the lines of JSON, without their line feeds,
    in order of the UTF-8 bytes of external_id.
    """

    external_id = serializers.CharField()
    input = serializers.DictField()
    output = serializers.DictField(help_text="What the model predicted.")
    scores = serializers.DictField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    confidence_band = serializers.CharField(
        allow_null=True, help_text="The tenth, lower edge included: `0.5-0.6`."
    )
    scenario_type = serializers.CharField(allow_null=True)
    characteristics = serializers.DictField()
    model = ModelName()
    tier = serializers.CharField()
    verdict = serializers.ChoiceField(["accept", "correct", "reject"])
    answer = serializers.JSONField(
        allow_null=True, help_text="What stands; null where it was rejected without an answer."
    )
    reason_codes = serializers.ListField(
        child=serializers.CharField(), help_text="Those of all its decisions, sorted."
    )
    rationale = serializers.CharField(
        allow_blank=True,
        help_text="The adjudicator's, else those of the decisions that gave the answer.",
    )
    decisions = DecisionInRow(many=True)
    agreement = serializers.FloatField(
        allow_null=True, help_text="The share of its decisions that gave the answer."
    )
    propensity = serializers.FloatField(
        help_text="With what probability it came to people, known before anybody looked."
    )
    weight = serializers.FloatField(
        allow_null=True,
        help_text="1 / propensity: for how many predictions a reviewed row stands. Null for rows "
        "approved by rule, which inverse-propensity weighting passes over.",
    )
    resolved_at = serializers.DateTimeField()
    resolution_kind = serializers.ChoiceField(ResolutionKind.choices)
    split = serializers.ChoiceField(
        Split.choices,
        help_text="80, 10 and 10 in 100, the same in every version: the first 8 bytes, big-endian, "
        "of SHA-256 of `<length of pipeline>:<pipeline>:split:<external_id>`, modulo 10; "
        "8 is validation, 9 is test, the rest train.",
    )
    guideline_version = serializers.IntegerField()
