"""Anchors: copies of checkpoints where nobody who rules this database can change them.

Without one, whoever holds the database and the key could write all of the ledger anew.
"""

import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from governance.enums import AnchorKind
from governance.models import Anchor, Checkpoint, LedgerKey
from governance.selectors import proving
from governance.services import dispatch

READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
DAY = timedelta(days=1)
MAIL = "governance.mail_anchor"
LETTER = """\
Keep this letter. Should the ledger ever be written anew, it will not fit what stands here:
save the lines below as a file and check the ledger against it with

    manage.py verify_ledger --checkpoint FILE
"""


def in_folder(*, folder: Path, now: datetime) -> Anchor | None:
    """Write the latest checkpoint into `folder`, in a file of its own that is never written again.

    None where it lies there already, or nothing has been sealed. OSError when it cannot be written.
    """
    with transaction.atomic():
        checkpoint = _latest()
        if checkpoint is None or _known(checkpoint, AnchorKind.FOLDER, str(folder)):
            return None
        write_once(folder / file_name(checkpoint.size), checkpoint.note)
        return _anchored(checkpoint, AnchorKind.FOLDER, str(folder), now)


def promise_mail(*, address: str, now: datetime) -> Anchor | None:
    """Promise a letter with the latest checkpoint to `address`, if a day has passed since one."""
    with transaction.atomic():
        checkpoint = _latest()
        if checkpoint is None:
            return None
        last = Anchor.objects.filter(kind=AnchorKind.MAIL, place=address).order_by("-at").first()
        if last is not None and (last.at > now - DAY or last.checkpoint_id == checkpoint.pk):
            return None
        dispatch.enqueue(MAIL, now=now, address=address, size=checkpoint.size)
        return _anchored(checkpoint, AnchorKind.MAIL, address, now)


def mail(*, address: str, size: int) -> None:
    """Send a checkpoint to whoever keeps it elsewhere."""
    checkpoint = Checkpoint.objects.get(size=size)
    EmailMessage(
        subject=f"The ledger has {size} events",
        body=f"{LETTER}\n{checkpoint.note}",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
    ).send()


def file_name(size: int) -> str:
    """Return the name of the file of a checkpoint; names sort as sizes do."""
    return f"{size:015}.checkpoint"


def write_once(path: Path, text: str) -> None:
    """Write a file that does not exist; what exists already must say the same."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY)
    except FileExistsError:
        # A run that died after the file was there and before the row was.
        if path.read_text(encoding="utf-8") != text:
            raise
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _latest() -> Checkpoint | None:
    """Return the latest checkpoint; whoever else would copy one waits until this one is done."""
    # Every checkpoint needs its key; sealing, which only refers to it, goes on.
    key = LedgerKey.objects.select_for_update(no_key=True).order_by("first_used_at", "pk").first()
    return proving.latest() if key else None


def _known(checkpoint: Checkpoint, kind: AnchorKind, place: str) -> bool:
    return Anchor.objects.filter(checkpoint=checkpoint, kind=kind, place=place).exists()


def _anchored(checkpoint: Checkpoint, kind: AnchorKind, place: str, now: datetime) -> Anchor:
    anchor = Anchor(checkpoint=checkpoint, kind=kind, place=place, at=now)
    anchor.save()
    return anchor
