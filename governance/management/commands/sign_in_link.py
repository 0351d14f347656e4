"""Make a link that signs a person in once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance.enums import UserKind
from governance.exceptions import DomainError
from governance.models import User
from governance.services import sign_in_links


class Command(BaseCommand):
    """`sign_in_link USERNAME` prints the link, alone, as its last line."""

    help = "Make a link that signs a person in once, within 24 hours; it is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the words of the command line."""
        parser.add_argument("username")

    def handle(self, *, username: str, **options: Any) -> None:
        """Print the link; CommandError when nobody of that name may sign in."""
        user = User.objects.filter(username=username, is_active=True, kind=UserKind.HUMAN).first()
        if user is None:
            detail = f"There is no active user {username!r} who may sign in."
            raise CommandError(detail, returncode=2)
        try:
            path = sign_in_links.issue(user=user, actor=None, now=timezone.now())
        except DomainError as error:
            raise CommandError(error.detail, returncode=2) from None
        self.stdout.write(f"{settings.BASE_URL}{path}")
