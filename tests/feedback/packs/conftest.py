"""A pipeline with decisions, a signed change, a stop, a hold and a dataset; and packs of it."""

import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from feedback.models import AuditPack
from feedback.selectors import packs
from feedback.services import audit_packs, datasets
from feedback.services import sealing as dataset_sealing
from feedback.services.audit_packs import Wanted
from governance.models import User
from governance.selectors import principals
from governance.services import access_reviews, holds, incidents, sealing
from tests import factories, governed


class Office:
    """What there is to be audited, and an auditor."""

    def __init__(self) -> None:
        self.pipeline = factories.a_pipeline()
        self.bot = factories.a_service()
        self.auditor = factories.a_person("auditor", roles=("auditor",), skills=())
        self.root = factories.an_administrator()
        self.began = timezone.now() - timedelta(minutes=5)

    def fill(self) -> None:
        """Let people decide, sign, stop, hold and seal."""
        now = timezone.now()
        first, second, third = governed.approvers(3)
        for tier, label in (("mid", "card_arrival"), ("mid", "balance")):
            reviewer = factories.a_person()
            factories.an_item(self.bot, tier, now=now)
            factories.decide(reviewer, held(reviewer, now), label, now=now)
        governed.in_force(governed.of_model(first, "4"), second, third)
        governed.resume(governed.stop(first), second, third)
        holds.place(
            principal=principals.of_person(first), actor=first, pipeline="intents",
            reason="A lawsuit", now=now,
        )  # fmt: skip
        officer = {"principal": principals.of_person(first), "actor": first, "now": now}
        incidents.begin(
            pipeline="intents", severity="other", title="Cards were lost", text="Forty of them.",
            aware_at=now, **officer,
        )  # fmt: skip
        access_reviews.begin(
            pipeline="intents", due_at=now + timedelta(days=7), reason="Half-yearly", **officer
        )
        bot = principals.of_person(self.bot)
        datasets.create(
            principal=bot, actor=self.bot, slug="answers", pipeline="intents", wanted=None,
            include=None, now=now,
        )  # fmt: skip
        later = timezone.now() + timedelta(seconds=5)
        job = datasets.request_version(
            principal=bot, actor=self.bot, slug="answers", as_of=None, now=later
        )
        dataset_sealing.seal(job=job, now=later)
        self.seal(later + timedelta(seconds=1))

    def fill_more(self) -> None:
        """Let more happen, which is sealed as well."""
        now = timezone.now() + timedelta(minutes=1)
        reviewer = factories.a_person()
        factories.an_item(self.bot, now=now)
        factories.decide(reviewer, held(reviewer, now), now=now)
        first, *others = governed.approvers(3)
        governed.in_force(governed.of_model(first, "5"), *others, now=now)
        governed.resume(governed.stop(first), *others)
        self.seal(now + timedelta(minutes=1))

    def seal(self, now: datetime | None = None) -> None:
        sealing.seal_all(now=now or timezone.now() + timedelta(seconds=10))

    def ask(self, by: User | None = None, **wanted: Any) -> AuditPack:
        """Ask for a pack and let the job make it."""
        by = by or self.auditor
        job = audit_packs.request(
            principal=principals.of_person(by), actor=by, now=timezone.now(),
            wanted=Wanted(**({"purpose": "audit", "texts": True} | wanted)),
        )  # fmt: skip
        told = audit_packs.make(job=job, now=timezone.now())
        return AuditPack.objects.get(pk=told["pack"])


def held(person: User, now: datetime) -> Any:
    claimed = factories.claim(person, now=now)
    assert claimed is not None
    return claimed


def bytes_of(pack: AuditPack) -> bytes:
    return b"".join(packs.stream(pack))


def files_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def lines_of(raw: bytes, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files_of(raw)[name].splitlines()]


def zip_of(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return path


def verified(program: bytes, path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program of a pack in an empty folder, in a Python without packages."""
    alone = path.parent / "alone"
    alone.mkdir(exist_ok=True)
    (alone / "verify.py").write_bytes(program)
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", str(path), *arguments], cwd=alone, check=False,
        capture_output=True, text=True, env={},
    )  # fmt: skip


@pytest.fixture
def office(db: None) -> Office:
    there = Office()
    there.fill()
    return there
