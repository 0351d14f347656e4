"""Which natural person an account belongs to: duties are separated by it."""

from governance.models import User


def person_of(user: User) -> str:
    """Return what tells the person of an account: their e-mail address, else the account itself.

    Two accounts with one address are one person, however they write it.
    """
    address = user.email.strip().casefold()
    return address or f"account:{user.pk}"


def printed_name(user: User) -> str:
    """Return the name of a signer as it is printed beside a signature."""
    return user.get_full_name().strip() or user.get_username()
