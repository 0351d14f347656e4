"""The floor's tables: who people are, which policy is in force, what happened."""

from governance.models.access import (
    AccessGrant,
    AccessReview,
    AccessReviewClosing,
    AccessVerdict,
)
from governance.models.adjustments import (
    Adjustment,
    AdjustmentActivation,
    AdjustmentChallenge,
    AdjustmentChallengeAnswer,
    AdjustmentRevision,
    Signature,
    SignaturePolicy,
)
from governance.models.assessments import AssessmentSignature, ImpactAssessment
from governance.models.clocks import Calendar, SLAPolicy
from governance.models.delegations import Delegation, DelegationEnd
from governance.models.identity import ApiToken, Membership, SignInLink, Skill, User
from governance.models.incidents import Incident, IncidentStep
from governance.models.ledger import AuditEvent
from governance.models.notices import NoticeAcknowledgement, ReviewerNotice
from governance.models.pipelines import (
    ChecklistItem,
    GlossaryTerm,
    Pipeline,
    PolicyActivation,
    PolicyVersion,
    Queue,
    ReasonCode,
    RoutingRule,
    Tier,
)
from governance.models.privacy import (
    ConsentRecord,
    DataSource,
    ErasureRequest,
    HoldLift,
    LegalHold,
    Redaction,
    RetentionRule,
    SubjectKey,
)
from governance.models.roles import Role
from governance.models.sealing import (
    Anchor,
    Checkpoint,
    LedgerKey,
    LedgerLeaf,
    LedgerNode,
    UnsealedEvent,
)
from governance.models.stops import Stop, StopResumption
from governance.models.webhooks import (
    WebhookAttempt,
    WebhookCursor,
    WebhookEndpoint,
    WebhookMessage,
)
from governance.models.work import Heartbeat, IdempotencyKey, Job, OutboxMessage

__all__ = [
    "AccessGrant",
    "AccessReview",
    "AccessReviewClosing",
    "AccessVerdict",
    "Adjustment",
    "AdjustmentActivation",
    "AdjustmentChallenge",
    "AdjustmentChallengeAnswer",
    "AdjustmentRevision",
    "Anchor",
    "ApiToken",
    "AssessmentSignature",
    "AuditEvent",
    "Calendar",
    "ChecklistItem",
    "Checkpoint",
    "ConsentRecord",
    "DataSource",
    "Delegation",
    "DelegationEnd",
    "ErasureRequest",
    "GlossaryTerm",
    "Heartbeat",
    "HoldLift",
    "IdempotencyKey",
    "ImpactAssessment",
    "Incident",
    "IncidentStep",
    "Job",
    "LedgerKey",
    "LedgerLeaf",
    "LedgerNode",
    "LegalHold",
    "Membership",
    "NoticeAcknowledgement",
    "OutboxMessage",
    "Pipeline",
    "PolicyActivation",
    "PolicyVersion",
    "Queue",
    "ReasonCode",
    "Redaction",
    "RetentionRule",
    "ReviewerNotice",
    "Role",
    "RoutingRule",
    "SLAPolicy",
    "SignInLink",
    "Signature",
    "SignaturePolicy",
    "Skill",
    "Stop",
    "StopResumption",
    "SubjectKey",
    "Tier",
    "UnsealedEvent",
    "User",
    "WebhookAttempt",
    "WebhookCursor",
    "WebhookEndpoint",
    "WebhookMessage",
]
