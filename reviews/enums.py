"""The words that reviews store; they are the API's own."""

from django.db.models import TextChoices


class Disposition(TextChoices):
    AUTO_APPROVED = "auto_approved", "Approved by rule"
    IN_REVIEW = "in_review", "Sent to people"


class Sampled(TextChoices):
    RANDOM_SLICE = "random_slice", "Random slice"
    MONITOR = "monitor", "Monitor sample"


class ItemStatus(TextChoices):
    PENDING = "pending", "Waiting"
    IN_REVIEW = "in_review", "In review"
    AWAITING_OTHERS = "awaiting_others", "Waiting for other reviewers"
    AWAITING_ADJUDICATION = "awaiting_adjudication", "Waiting for adjudication"
    ESCALATED = "escalated", "Escalated"
    RESOLVED = "resolved", "Resolved"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class AssignmentState(TextChoices):
    CLAIMED = "claimed", "Claimed"
    DECIDED = "decided", "Decided"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Lease expired"
    UNDONE = "undone", "Undone"


class Verdict(TextChoices):
    ACCEPT = "accept", "Accept"
    CORRECT = "correct", "Correct"
    REJECT = "reject", "Reject"
    ESCALATE = "escalate", "Escalate"
    DEFER = "defer", "Cannot decide"


class ResolutionKind(TextChoices):
    AUTO = "auto", "Approved by rule"
    SINGLE = "single", "One decision"
    AGREEMENT = "agreement", "Reviewers agreed"
    ADJUDICATED = "adjudicated", "Adjudicated"
    OVERTURNED = "overturned", "Overturned"


class ChallengeState(TextChoices):
    """What becomes of a challenge: the outcome stands, another does, or neither is to be judged."""

    OPEN = "open", "Open"
    UPHELD = "upheld", "The outcome stands"
    OVERTURNED = "overturned", "Overturned"
    MOOT = "moot", "Nothing left to judge"


class ClockKind(TextChoices):
    CLAIM = "claim", "Until somebody takes it"
    DECIDE = "decide", "Until it is settled"
    ADJUDICATE = "adjudicate", "Until the disagreement is settled"
    SIGNOFF = "signoff", "Until it is signed or refused"


class ClockStatus(TextChoices):
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    STOPPED = "stopped", "Stopped"
    CANCELLED = "cancelled", "Cancelled"


class ClockOutcome(TextChoices):
    MET = "met", "Met"
    MISSED = "missed", "Missed"


class ClockEventKind(TextChoices):
    START = "start", "Started"
    PAUSE = "pause", "Paused"
    RESUME = "resume", "Resumed"
    STOP = "stop", "Stopped"
    VOID_STOP = "void_stop", "Stop taken back"
    RETARGET = "retarget", "Target changed"
    CANCEL = "cancel", "Cancelled"
    WARN = "warn", "At risk"
    BREACH = "breach", "Breached"
    ESCALATE = "escalate", "Escalated"
    ACK = "ack", "Taken up"


class EscalationOutcome(TextChoices):
    FIRED = "fired", "Told"
    NO_TARGET = "no_target", "Nobody could be told"
    FINAL = "final", "End of the ladder"


class PauseReason(TextChoices):
    """The only reasons for which a clock may stand still."""

    AWAITING_SUBMITTER = "awaiting_submitter", "Waiting for the submitter"
    AWAITING_POLICY_RULING = "awaiting_policy_ruling", "Waiting for a ruling on policy"
    LEGAL_HOLD = "legal_hold", "Legal hold"
    DEPENDENCY_OUTAGE = "dependency_outage", "Something it depends on is down"


class NotificationKind(TextChoices):
    AT_RISK = "at_risk", "At risk"
    BREACHED = "breached", "Breached"
    ESCALATED = "escalated", "Escalated"
    RESUMED = "resumed", "Pause ended by itself"
    ASSIGNED = "assigned", "Assigned to you"
    EXPIRED = "expired", "Expired unreviewed"
    CHALLENGE = "challenge", "Challenged"
    JUDGED = "judged", "Challenge judged"
    LESSON = "lesson", "Lesson to look at again"
    WEBHOOK = "webhook", "Not acknowledged"
    DIGEST = "digest", "Several at once"


class RemedyKind(TextChoices):
    """What is done about what was decided under a change that was rolled back."""

    RE_REVIEW = "re_review", "People look again"
    NOTIFY = "notify", "Those concerned were told"
    ACCEPT = "accept", "It stands"


class ItemAction(TextChoices):
    """What the ledger of an item tells: every act on it, and what time alone did to it."""

    CLAIMED = "item.claimed", "Claimed"
    EXTENDED = "assignment.extended", "Claim extended"
    TAKEN_OVER = "assignment.resumed", "Claim taken over in another place"
    RELEASED = "assignment.released", "Given back"
    DECLINED = "assignment.declined", "Declined"
    LAPSED = "assignment.expired", "Claim lapsed"
    REASSIGNED = "item.reassigned", "Moved to another person, queue or tier"
    DECIDED = "decision.made", "Decided"
    UNDONE = "decision.undone", "Decision taken back"
    REVISED = "decision.revised", "Answered again with the prediction in sight"
    ESCALATED = "item.escalated", "Escalated by a person"
    ADJUDICATED = "item.adjudicated", "Adjudicated"
    REOPENED = "item.reopened", "Reopened"
    CHALLENGED = "challenge.opened", "Its outcome challenged"
    UPHELD = "challenge.upheld", "Challenge judged: the outcome stands"
    OVERTURNED = "challenge.overturned", "Challenge judged: another outcome stands"
    OVERRIDDEN = "resolution.overridden", "Its outcome overridden"
    NAMED = "challenge.named", "Compliance read who challenged it"
    WITHDRAWN = "prediction.withdrawn", "Withdrawn by the pipeline"
    NOTED = "note.added", "Note added"
    PAUSED = "item.paused", "Paused"
    RESUMED = "item.resumed", "Resumed"
    TAKEN_UP = "escalation.acknowledged", "Escalation taken up"
    AT_RISK = "sla.at_risk", "Close to its target"
    BREACHED = "sla.breached", "Target used up"
    LEVEL = "sla.escalated", "Level of the ladder reached"
    STOOD_STILL = "sla.paused", "Stood still for maintenance"
    PAUSE_ENDED = "sla.resumed", "Pause ended by itself"
    EXPIRED = "sla.expired", "Expired unreviewed"
    RETARGETED = "sla.retargeted", "Target or hours of its clocks changed"
    RECOMPUTED = "sla.recomputed", "Times put right by its events"


class Evidence(TextChoices):
    """What a reviewer may open beside an item before deciding."""

    INPUT = "input", "More of the input"
    GUIDELINE = "guideline", "The guideline"
    GLOSSARY = "glossary", "The glossary"
    TRACE = "trace", "Why it is here"
    CLOCKS = "clocks", "Clocks and escalations"
