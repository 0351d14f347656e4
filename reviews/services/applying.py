"""Applying an SLA policy to running clocks: the act, and the work of its jobs."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.domain.principal import Principal
from governance.enums import Permission, PolicyKind
from governance.exceptions import Conflict, InvalidInput, NotFound, NotPermitted
from governance.models import Job, Pipeline, PolicyVersion, SLAPolicy, User
from governance.services import jobs, ledger
from reviews.services import retargeting
from reviews.services.forecasts import Laws, Preview, following, others, preview
from reviews.services.retargeting import Book, Cause, Changed

__all__ = ["KIND", "TASK", "Applied", "Preview", "apply_to_running", "carry_out", "preview"]

KIND = "sla.apply"
TASK = "reviews.apply_policy"
SHOWN = 20


@dataclass(frozen=True)
class Applied:
    """What was promised: a job for each pipeline concerned."""

    preview: Preview
    jobs: tuple[Job, ...]


@transaction.atomic
def apply_to_running(
    *, principal: Principal, actor: User, slug: str, reason: str, now: datetime
) -> Applied:
    """Let the running clocks that follow other versions of a policy follow its current one.

    Jobs do it, one for each pipeline concerned; clocks that have stopped are never touched.
    Conflict when all running clocks follow it already, or are about to.
    """
    row = SLAPolicy.objects.select_for_update(of=("self",)).filter(slug=slug).first()
    if row is None:
        raise NotFound(f"There is no SLA policy {slug!r}.")
    if not principal.may(Permission.APPROVE):
        raise NotPermitted("Applying a policy needs a role with the permission approve.")
    if not reason.strip():
        raise InvalidInput.at("/reason", "Say why: an act without a reason is refused.")
    seen = preview(slug=slug, now=now)
    if not all(principal.sees(part.pipeline.pk) for part in seen.parts):
        raise NotPermitted("It is followed in pipelines that you are not a member of, too.")
    if under_way(seen.version):
        raise Conflict("It is being applied already.")
    if not seen.parts:
        raise Conflict(f"All running clocks follow version {seen.version.number} already.")
    started = tuple(_start(seen, pipeline, actor, reason, now) for pipeline in _concerned(seen))
    ledger.append(
        stream=f"{PolicyKind.SLA_POLICY}:{slug}",
        action="sla_policy.applied",
        actor=actor,
        now=now,
        reason=reason,
        detail={
            "version": str(seen.version.pk),
            "number": seen.version.number,
            "retargeted": seen.retargeted,
            "newly_breached": seen.newly_breached,
            "parts": [
                {
                    "pipeline": part.pipeline.slug, "kind": part.kind,
                    "retargeted": part.retargeted, "newly_breached": part.newly_breached,
                }
                for part in seen.parts
            ],
            "jobs": [str(job.pk) for job in started],
        },
    )  # fmt: skip
    return Applied(seen, started)


def under_way(version: PolicyVersion) -> bool:
    """Return whether jobs that apply a version are not at their end."""
    return Job.objects.filter(
        kind=KIND, finished_at=None, arguments__version=str(version.pk)
    ).exists()


def latest(slug: str, *, within: Collection[int] | None = None) -> list[Job]:
    """Return the latest jobs that applied a policy, the newest first."""
    rows = Job.objects.filter(kind=KIND, arguments__policy=slug)
    if within is not None:
        rows = rows.filter(pipeline__in=within)
    return list(rows.select_related("user", "pipeline").order_by("-pk")[:SHOWN])


def _concerned(seen: Preview) -> list[Pipeline]:
    return list({part.pipeline.pk: part.pipeline for part in seen.parts}.values())


def _start(seen: Preview, pipeline: Pipeline, actor: User, reason: str, now: datetime) -> Job:
    mine = [part.retargeted for part in seen.parts if part.pipeline.pk == pipeline.pk]
    return jobs.start(
        kind=KIND,
        task=TASK,
        arguments={
            "policy": seen.version.slug,
            "version": str(seen.version.pk),
            # What is published after this act is none of its business.
            "others": [str(pk) for pk in others(seen.version)],
            "expected": sum(mine),
            "reason": reason,
        },
        user=actor,
        pipeline=pipeline,
        now=now,
    )


class _JobBook(Book):
    """Counts the work of a job in the transactions that do it: its runs take turns."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def begin(self) -> bool:
        """Return whether the job is still to be done."""
        held = jobs.hold(self._job)
        self._job = held or self._job
        return held is not None

    def note(self, done: Changed) -> None:
        """Count what a batch did."""
        counts = {"retargeted": done.retargeted, "newly_breached": done.newly_breached}
        before = (self._job.result or {}).get("retargeted", 0)
        expected = max(self._job.arguments["expected"], 1)
        jobs.note(self._job, counts, share=(before + done.retargeted) / expected)


def carry_out(*, job: Job, now: Callable[[], datetime]) -> dict[str, Any]:
    """Do the work of one job; returns how many clocks it changed, by all of its runs together."""
    said = job.arguments
    cause = Cause(
        job.user,
        said["reason"],
        {"policy": said["policy"], "version": said["version"], "job": str(job.pk)},
    )
    found = following(said["others"]).filter(pipeline=job.pipeline_id)
    laws = Laws(uuid.UUID(said["version"]))
    done = retargeting.change_all(found, laws.change, cause=cause, now=now, book=_JobBook(job))
    job.refresh_from_db(fields=["result"])
    nothing = {"retargeted": 0, "newly_breached": 0}
    return nothing | (job.result or {}) | {"failed": done.failed}
