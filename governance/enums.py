"""The words that governance stores."""

from django.db.models import TextChoices


class Permission(TextChoices):
    """What a role lets a person do."""

    REVIEW = "review", "Review items"
    ADJUDICATE = "adjudicate", "Settle disagreements"
    APPROVE = "approve", "Sign, activate and roll back changes"
    AUDIT = "audit", "Read all that is on record"


class Scope(TextChoices):
    """What a token lets a service do."""

    PREDICTIONS_WRITE = "predictions:write", "Send predictions"
    REVIEW = "review", "Claim and decide"
    CONFIG_WRITE = "config:write", "Change configuration"
    DATASETS_READ = "datasets:read", "Read datasets"
    DATASETS_WRITE = "datasets:write", "Make datasets"
    MODELS_WRITE = "models:write", "Register models"
    GOVERN = "govern", "Propose and sign changes"
    AUDIT_READ = "audit:read", "Read all that is on record"
    ADMIN = "admin", "Manage people and roles"


class UserKind(TextChoices):
    HUMAN = "human", "Person"
    SERVICE = "service", "Service"


class PolicyKind(TextChoices):
    PIPELINE = "pipeline", "Pipeline"
    CALENDAR = "calendar", "Calendar"
    SLA_POLICY = "sla_policy", "SLA policy"


class PolicyMode(TextChoices):
    """How a version of a pipeline's policy takes part in routing."""

    DRAFT = "draft", "Draft: stored, not evaluated"
    SHADOW = "shadow", "Shadow: evaluated and logged, changes nothing"
    LIVE = "live", "Live: decides"


class RationaleRule(TextChoices):
    NEVER = "never", "Never asked for"
    ON_CHANGE = "on_change", "When the prediction is not accepted"
    ALWAYS = "always", "Always"


class JobState(TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class ClockStart(TextChoices):
    """From when on an SLA policy counts."""

    RECEIPT = "receipt", "When the prediction was received"
    OCCURRED_AT = "occurred_at", "When the prediction was made"


class ReopenRule(TextChoices):
    """How much time a reopened item has."""

    FRESH = "fresh", "All of it again"
    RESUME = "resume", "What was left"


class AnchorKind(TextChoices):
    """Where a copy of a checkpoint lies."""

    FOLDER = "folder", "A file that is written once"
    MAIL = "mail", "A letter"
    TIMESTAMP = "timestamp", "A time stamp of an authority"


class LawfulBasis(TextChoices):
    """On what the processing of personal data rests (GDPR, Article 6(1))."""

    CONSENT = "consent", "Consent"
    CONTRACT = "contract", "Contract"
    LEGAL_OBLIGATION = "legal_obligation", "Legal obligation"
    VITAL_INTERESTS = "vital_interests", "Vital interests"
    PUBLIC_TASK = "public_task", "Public task"
    LEGITIMATE_INTERESTS = "legitimate_interests", "Legitimate interests"


class RecordClass(TextChoices):
    """What is kept for a time of its own."""

    PREDICTIONS = "predictions", "Predictions: what they say of people"
    DECISIONS = "decisions", "Decisions: answers and free text"
    ROUTING = "routing", "Shadow routes"
    NOTIFICATIONS = "notifications", "Notices in inboxes"


class ErasureState(TextChoices):
    REQUESTED = "requested", "Requested"
    EXECUTED = "executed", "Executed"
    REJECTED = "rejected", "Rejected"


class RedactionCause(TextChoices):
    ERASURE = "erasure", "Erasure"
    RETENTION = "retention", "Retention"


class AdjustmentKind(TextChoices):
    """What an adjustment changes."""

    MODEL_VERSION = "model_version", "The model in force"
    CONFIG = "config", "The whole configuration"
    OVERRIDE = "override", "Some values of the configuration"


class AdjustmentState(TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    APPROVED = "approved", "Approved"
    ACTIVE = "active", "Active"
    ROLLED_BACK = "rolled_back", "Rolled back"
    REJECTED = "rejected", "Rejected"
    WITHDRAWN = "withdrawn", "Withdrawn"
    SUPERSEDED = "superseded", "Superseded"
    STALE = "stale", "Stale"


class Risk(TextChoices):
    """How much a change can do; which signatures it takes is policy by this."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class Meaning(TextChoices):
    """What a signature says (21 CFR 11.50)."""

    REVIEW = "review", "Review"
    APPROVAL = "approval", "Approval"
    VALIDATION = "validation", "Validation"
    RELEASE = "release", "Release"


class Substantial(TextChoices):
    """Whether a change is a substantial modification (AI Act, 3(23) and 43(4))."""

    YES = "yes", "Yes"
    NO = "no", "No"
    PREDETERMINED = "predetermined", "Predetermined: foreseen in the first assessment"


class SignedThing(TextChoices):
    """What of an adjustment was signed."""

    CHANGE = "change", "The change"
    ROLL_BACK = "roll_back", "Its roll-back"


class ActivationAct(TextChoices):
    ACTIVATE = "activate", "Activated"
    ROLL_BACK = "roll_back", "Rolled back"


class AccessVerdictKind(TextChoices):
    """What became of a grant in a review."""

    KEPT = "kept", "Kept"
    REVOKED = "revoked", "Revoked"
    SUSPENDED = "suspended", "Suspended: nobody looked at it in time"


class WebhookState(TextChoices):
    """Whether an endpoint is sent what it listens to; for one that is paused it is kept."""

    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    REMOVED = "removed", "Removed"


class Severity(TextChoices):
    """How bad an incident is; the law gives days to all but the last (domain/incidents.py)."""

    SERIOUS = "serious", "Serious"
    DEATH = "death", "A person may have died of it"
    WIDESPREAD = "widespread", "Widespread, or critical infrastructure"
    OTHER = "other", "Other: no law asks for a report"


class IncidentStepKind(TextChoices):
    """What is done about an incident."""

    NOTE = "note", "Note"
    REPORTED = "reported", "Reported"
    THAWED = "thawed", "Freeze ended"
    CLOSED = "closed", "Closed"
