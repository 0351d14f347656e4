"""Make a token for a user."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance.exceptions import DomainError
from governance.models import User
from governance.services import tokens


class Command(BaseCommand):
    """`token create USERNAME --scope S [--pipeline SLUG] [--days N]` prints the token, last."""

    help = "Make a token for a user; it is printed once, alone, as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the words of the command line."""
        acts = parser.add_subparsers(dest="act", required=True)
        create = acts.add_parser("create", help="make a token")
        create.add_argument("username")
        create.add_argument("--scope", action="append", required=True, dest="scopes")
        create.add_argument("--pipeline", action="append", default=[], dest="pipelines")
        create.add_argument("--days", type=int, default=90)
        create.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the token and print it."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.", returncode=2)
        try:
            row, token = tokens.create(
                user=user,
                scopes=options["scopes"],
                pipelines=options["pipelines"],
                days=options["days"],
                name=options["name"],
                actor=None,
                now=timezone.now(),
            )
        except DomainError as error:
            raise CommandError(error.detail, returncode=2) from None
        self.stderr.write(f"For {user.username}, until {row.expires_at:%Y-%m-%d}; shown once:")
        self.stdout.write(token)
