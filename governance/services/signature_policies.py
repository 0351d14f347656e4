"""Which signatures changes take: policy, by pipeline and risk."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from governance.exceptions import InvalidInput
from governance.models import Pipeline, Role, SignaturePolicy, User
from governance.services import ledger

LEAST = 2


@transaction.atomic
def set_policy(
    *,
    pipeline: Pipeline,
    risk: str,
    approvals: int,
    validations: int,
    roles: Sequence[str],
    actor: User | None,
    reason: str,
    now: datetime,
    assessed: bool = False,
) -> SignaturePolicy:
    """Say which signatures the changes of a risk take that are submitted from now on.

    What is submitted already keeps those it was submitted under.
    """
    held = Pipeline.objects.select_for_update(of=("self",)).get(pk=pipeline.pk)
    if approvals < LEAST:
        raise InvalidInput.at("/approvals", f"{LEAST} people approve at least.")
    unknown = sorted(set(roles) - set(Role.objects.values_list("slug", flat=True)))
    if unknown:
        raise InvalidInput.at("/roles", f"There is no role {unknown[0]!r}.", code="unknown")
    found = SignaturePolicy.objects.filter(pipeline=held, risk=risk).first()
    row = found or SignaturePolicy(pipeline=held, risk=risk)
    row.approvals, row.validations, row.roles = approvals, validations, sorted(set(roles))
    row.assessed = assessed
    row.because(actor, reason).save()
    ledger.append(
        stream=f"pipeline:{held.slug}",
        action="signatures.changed",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "risk": str(risk), "approvals": approvals, "validations": validations,
            "roles": row.roles, "assessed": assessed,
        },
    )  # fmt: skip
    return row
