"""What needs attention: what compliance sees first in the admin, and where to go for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.enums import LessonState
from feedback.models import Lesson
from feedback.selectors import disputes, monitoring, retrospectives, stakeholders
from governance.domain.principal import Principal
from governance.enums import ErasureState
from governance.models import ApiToken, ErasureRequest, OutboxMessage, Skill, User
from governance.selectors import (
    access,
    adjustments,
    assessments,
    audit,
    clock,
    incidents,
    proving,
    stops,
    webhooks,
)
from reviews.selectors import attentiveness, auditing, challenges

UNSEALED = timedelta(seconds=60)
UNCOPIED = timedelta(days=1)
FAILING = timedelta(hours=1)
SOON = timedelta(days=30)
URGENT = timedelta(days=2)
CONCLUDED = timedelta(days=14)


@dataclass(frozen=True)
class Matter:
    """One thing in words, the page that helps, and whether it cannot wait."""

    words: str
    address: str
    urgent: bool = False


def matters(principal: Principal, user: User) -> list[Matter]:
    """Return what needs attention of what this reader may see; what cannot wait comes first."""
    found = [matter for look in LOOKS for matter in look(principal, user)]
    return sorted(found, key=lambda matter: not matter.urgent)


def _changes(principal: Principal, user: User) -> Iterator[Matter]:
    waiting = adjustments.awaiting(principal, user).count()
    if waiting:
        words = ngettext(
            "%(n)d change awaits your signature or act",
            "%(n)d changes await your signature or act",
            waiting,
        )
        yield Matter(words % {"n": waiting}, reverse("changes"))


def _stops(principal: Principal, user: User) -> Iterator[Matter]:
    standing = len(stops.within(principal, 100))
    if standing:
        words = ngettext("%(n)d stop is in force", "%(n)d stops are in force", standing)
        yield Matter(
            words % {"n": standing}, reverse("admin:governance_stop_changelist"), urgent=True
        )


def _ledger(principal: Principal, user: User) -> Iterator[Matter]:
    state, now = proving.state(), clock.now()
    address = reverse("admin:governance_checkpoint_changelist")
    if state.oldest_unsealed and now - state.oldest_unsealed > UNSEALED:
        words = _("%(n)d acts wait to be sealed: the sealer does not run")
        yield Matter(words % {"n": state.unsealed}, address, urgent=True)
    if state.size and (state.anchored_at is None or now - state.anchored_at > UNCOPIED):
        yield Matter(_("No copy of the ledger went outside for a day"), address)


def _clocks(principal: Principal, user: User) -> Iterator[Matter]:
    for finding in auditing.findings(clock.now(), principal.pipelines):
        yield Matter(str(finding), reverse("admin:reviews_slaclock_audit"), urgent=True)


def _outbox(principal: Principal, user: User) -> Iterator[Matter]:
    dead = OutboxMessage.objects.filter(dead_at__isnull=False, discarded_at=None).count()
    if dead:
        words = ngettext(
            "%(n)d promise failed five times and waits for somebody",
            "%(n)d promises failed five times and wait for somebody",
            dead,
        )
        address = reverse("admin:governance_outboxmessage_changelist")
        yield Matter(words % {"n": dead}, f"{address}?state=dead", urgent=True)


def _webhooks(principal: Principal, user: User) -> Iterator[Matter]:
    now = clock.now()
    silent = webhooks.unacknowledged(principal, now=now).count()
    if silent:
        words = ngettext(
            "%(n)d change of policy was not acknowledged by who acts on it",
            "%(n)d changes of policy were not acknowledged by who acts on them",
            silent,
        )
        address = reverse("admin:governance_webhookmessage_changelist")
        yield Matter(words % {"n": silent}, f"{address}?kind=policy.changed", urgent=True)
    failing = webhooks.failing(principal, since=now - FAILING).count()
    if failing:
        words = ngettext(
            "%(n)d webhook has failed for an hour",
            "%(n)d webhooks have failed for an hour",
            failing,
        )
        yield Matter(words % {"n": failing}, reverse("admin:governance_webhookendpoint_changelist"))


def _monitoring(principal: Principal, user: User) -> Iterator[Matter]:
    silent = len(monitoring.silent(principal, now=clock.now()))
    if silent:
        words = ngettext(
            "%(n)d plan of monitoring gets no audits", "%(n)d plans of monitoring get no audits",
            silent,
        )  # fmt: skip
        yield Matter(words % {"n": silent}, reverse("admin:feedback_monitoringplan_changelist"))


def _told(principal: Principal, user: User) -> Iterator[Matter]:
    stale = len(stakeholders.outdated(principal, clock.now()))
    if stale:
        words = ngettext(
            "What stakeholders are told of %(n)d pipeline is no longer true",
            "What stakeholders are told of %(n)d pipelines is no longer true",
            stale,
        )
        yield Matter(words % {"n": stale}, reverse("told-index"))


def _retrospectives(principal: Principal, user: User) -> Iterator[Matter]:
    open_ended = retrospectives.unconcluded(principal, clock.now() - CONCLUDED).count()
    if open_ended:
        words = ngettext(
            "%(n)d retrospective was held, and what it found came to nothing yet",
            "%(n)d retrospectives were held, and what they found came to nothing yet",
            open_ended,
        )
        yield Matter(words % {"n": open_ended}, reverse("retrospectives"))


def _erasures(principal: Principal, user: User) -> Iterator[Matter]:
    rows = ErasureRequest.objects.filter(state=ErasureState.REQUESTED)
    if principal.pipelines is not None:
        rows = rows.filter(pipeline__in=principal.pipelines)
    if asked := rows.count():
        words = ngettext(
            "%(n)d erasure waits for a second person", "%(n)d erasures wait for a second person",
            asked,
        )  # fmt: skip
        address = reverse("admin:governance_erasurerequest_changelist")
        yield Matter(words % {"n": asked}, f"{address}?state__exact=requested")


def _expiring(principal: Principal, user: User) -> Iterator[Matter]:
    now = clock.now()
    tokens = audit.tokens(principal, ApiToken.objects.filter(revoked_at=None))
    ending = tokens.filter(expires_at__gt=now, expires_at__lte=now + SOON).count()
    if ending:
        words = ngettext(
            "%(n)d token expires within 30 days", "%(n)d tokens expire within 30 days", ending
        )
        yield Matter(words % {"n": ending}, reverse("admin:governance_apitoken_changelist"))
    people = audit.people(principal, User.objects.filter(is_active=True)).values("pk")
    day = now.date()
    skills = Skill.objects.filter(user__in=people).aggregate(
        over=Count("pk", filter=Q(expires__lt=day)),
        soon=Count("pk", filter=Q(expires__gte=day, expires__lte=day + SOON)),
    )
    address = reverse("admin:governance_user_changelist")
    if skills["over"]:
        words = ngettext("%(n)d skill has expired", "%(n)d skills have expired", skills["over"])
        yield Matter(words % {"n": skills["over"]}, address)
    if skills["soon"]:
        words = ngettext(
            "%(n)d skill expires within 30 days", "%(n)d skills expire within 30 days",
            skills["soon"],
        )  # fmt: skip
        yield Matter(words % {"n": skills["soon"]}, address)


def _formalities(principal: Principal, user: User) -> Iterator[Matter]:
    for risk in attentiveness.at_risk(principal):
        words = _(
            "Reviews may be a formality in %(pipeline)s, tier %(tier)s: %(agreed)d of %(n)d "
            "agreed, half of them within %(seconds).1f s; evidence lay open in %(looked)d"
        )
        seen = risk.attention
        said = {"pipeline": risk.pipeline, "tier": risk.tier, "agreed": seen.agreed, "n": seen.n,
                "seconds": seen.median_seconds, "looked": seen.looked}  # fmt: skip
        yield Matter(words % said, reverse("admin:reviews_decision_changelist"))


def _incidents(principal: Principal, user: User) -> Iterator[Matter]:
    now, rows = clock.now(), incidents.visible(principal)
    for row in incidents.unreported(rows).order_by("due_at"):
        words = _("The incident “%(title)s” is to be reported by %(day)s")
        assert row.due_at is not None
        said = {"title": row.title, "day": f"{row.due_at:%Y-%m-%d %H:%M} UTC"}
        address = reverse("admin:governance_incident_change", args=[row.pk])
        yield Matter(words % said, address, urgent=row.due_at < now + URGENT)
    if others := incidents.open_ones(rows).count():
        words = ngettext("%(n)d incident is open", "%(n)d incidents are open", others)
        yield Matter(words % {"n": others}, reverse("admin:governance_incident_changelist"))


def _access(principal: Principal, user: User) -> Iterator[Matter]:
    now = clock.now()
    for review in access.reviews(principal).filter(closing=None).order_by("due_at"):
        left = access.left(review).count()
        words = ngettext(
            "%(n)d grant of access waits for a look by %(day)s",
            "%(n)d grants of access wait for a look by %(day)s",
            left,
        ) if left else _("An access review waits for its signature")  # fmt: skip
        address = reverse("admin:governance_accessreview_change", args=[review.pk])
        yield Matter(
            words % {"n": left, "day": f"{review.due_at:%Y-%m-%d}"} if left else words, address,
            urgent=review.due_at <= now,
        )  # fmt: skip


def _assessments(principal: Principal, user: User) -> Iterator[Matter]:
    for row in assessments.awaiting(principal, clock.now().date()):
        waits = _("The impact assessment of %(pipeline)s waits for a signature")
        due = _("The impact assessment of %(pipeline)s is to be looked at again")
        words = due if hasattr(row, "signature") else waits
        address = reverse("admin:governance_impactassessment_change", args=[row.pk])
        yield Matter(words % {"pipeline": row.pipeline.slug}, address)


def _challenges(principal: Principal, user: User) -> Iterator[Matter]:
    waiting, now = dict(challenges.awaiting(principal).values_list("pk", "opened_at")), clock.now()
    if not waiting:
        return
    days = (now - min(waiting.values())).days
    words = ngettext(
        "%(n)d challenge awaits a judge, for %(days)d days at most",
        "%(n)d challenges await a judge, for %(days)d days at most",
        count := len(waiting),
    )
    late = any(due < now for due in challenges.deadlines(waiting).values())
    yield Matter(words % {"n": count, "days": days}, reverse("challenges"), urgent=late)


def _disputes(principal: Principal, user: User) -> Iterator[Matter]:
    waiting = disputes.waiting(principal).exclude(person=user).count()
    if waiting:
        words = ngettext(
            "%(n)d figure is disputed and waits for an answer",
            "%(n)d figures are disputed and wait for an answer",
            waiting,
        )
        yield Matter(words % {"n": waiting}, reverse("figures"))


def _lessons(principal: Principal, user: User) -> Iterator[Matter]:
    due = audit.within(
        Lesson.objects.filter(state=LessonState.ADOPTED, revalidate_on__lte=clock.now().date()),
        principal, "pipeline",
    ).count()  # fmt: skip
    if due:
        words = ngettext(
            "%(n)d lesson is to be looked at again", "%(n)d lessons are to be looked at again", due
        )
        yield Matter(words % {"n": due}, reverse("lessons"))


LOOKS: tuple[Callable[[Principal, User], Iterator[Matter]], ...] = (
    _stops, _incidents, _ledger, _clocks, _outbox, _webhooks, _monitoring, _changes,
    _erasures, _expiring, _access, _assessments, _lessons, _retrospectives, _told,
    _challenges, _disputes, _formalities,
)  # fmt: skip
