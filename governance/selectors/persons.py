"""Which natural person an account belongs to: duties are separated by it."""

from datetime import timedelta

from django.db.models.functions import Now

from governance.models import Delegation, User

LINKED = timedelta(days=90)


def person_of(user: User) -> str:
    """Return what tells the person of an account: their e-mail address, else the account itself.

    Two accounts with one address are one person, however they write it.
    """
    address = user.email.strip().casefold()
    return address or f"account:{user.pk}"


def linked(user: User) -> set[str]:
    """Return the persons who count as one with somebody where duties are separated.

    These are they themselves, and whoever lent them a role or was lent one of theirs in the last
    ninety days: what one did by right of the other is not looked at by two.
    """
    me = person_of(user)
    rows = Delegation.objects.filter(until__gt=Now() - LINKED).select_related("giver", "holder")
    pairs = [{person_of(row.giver), person_of(row.holder)} for row in rows]
    return {me}.union(*(pair for pair in pairs if me in pair))


def printed_name(user: User) -> str:
    """Return the name of a signer as it is printed beside a signature."""
    return user.get_full_name().strip() or user.get_username()
