"""The form of a person's preferences, to and from what they want."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance.domain.faults import Fault
from governance.exceptions import InvalidInput
from reviews.domain.wishes import AT_ONCE, CHANNELS, EMAIL, INBOX, KINDS, URGENT, Wishes
from reviews.services.preferences import Wanted

# Browsers send no seconds where there are none.
TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


@dataclass(frozen=True)
class Form:
    """What the form holds: times as they were typed, so that a mistake stays to be seen."""

    channels: Mapping[str, tuple[str, ...]]
    digest: str
    quiet_from: str
    quiet_until: str


@dataclass(frozen=True)
class Row:
    """One kind in the form; what cannot be changed is `fixed`."""

    kind: str
    label: str
    inbox: bool
    email: bool
    fixed: bool


def of_wishes(wishes: Wishes) -> Form:
    """Return the form that shows what a person wants."""
    channels = {
        str(kind): tuple(channel for channel in CHANNELS if wishes.wants(kind, channel))
        for kind in KINDS
    }
    begins, ends = wishes.quiet or ("", "")
    return Form(channels, wishes.digest, _shown(begins), _shown(ends))


def _shown(at: time | str) -> str:
    return at if isinstance(at, str) else at.strftime("%H:%M")


def of_form(sent: QueryDict) -> Form:
    """Return what was sent, as it is."""
    channels = {
        str(kind): tuple(channel for channel in CHANNELS if sent.get(f"{kind}.{channel}") == "on")
        for kind in KINDS
    }
    typed = [sent.get(name, "").strip()[:20] for name in ("quiet_from", "quiet_until")]
    return Form(channels, sent.get("digest", AT_ONCE), *typed)


def wanted(form: Form) -> Wanted:
    """Return what the form asks for; InvalidInput names each time that is none."""
    times, faults = {}, []
    for name, text in (("quiet_from", form.quiet_from), ("quiet_until", form.quiet_until)):
        try:
            times[name] = _time(text)
        except ValueError:
            faults.append(name)
    if faults:
        detail = _("Give a time of day as in 22:00, or nothing.")
        at = tuple(Fault(f"/{name}", "time", detail) for name in faults)
        raise InvalidInput(detail, faults=at)
    return Wanted(dict(form.channels), form.digest, times["quiet_from"], times["quiet_until"])


def _time(text: str) -> time | None:
    if text and not TIME.fullmatch(text):
        raise ValueError("not a time of day")
    return time.fromisoformat(text) if text else None


def rows(form: Form) -> list[Row]:
    """Return the kinds of the form."""
    return [
        Row(
            str(kind), str(kind.label), INBOX in form.channels[kind] or kind in URGENT,
            EMAIL in form.channels[kind], kind in URGENT,
        )
        for kind in KINDS
    ]  # fmt: skip
