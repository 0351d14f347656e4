"""Write the table of settings that docs/settings.md shows."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hitlsite.environment import ROOT, VARIABLES

PAGE = ROOT / "docs" / "settings.md"
BEGIN, END = "<!-- table: manage.py settings_table --write -->\n", "<!-- end of table -->\n"


class Command(BaseCommand):
    """Prints the table, or with --write puts it into the page."""

    help = "Print the table of settings; --write puts it into docs/settings.md, --check compares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --write and --check."""
        parser.add_argument("--write", action="store_true", help="Renew the page.")
        parser.add_argument("--check", action="store_true", help="Fail when the page is stale.")

    def handle(self, *, write: bool, check: bool, **options: Any) -> None:
        """Print, write or compare."""
        if not write and not check:
            self.stdout.write(table(), ending="")
            return
        shown = PAGE.read_text(encoding="utf-8")
        renewed = with_table(shown)
        if write:
            Path(PAGE).write_text(renewed, encoding="utf-8")
        elif renewed != shown:
            detail = f"{PAGE} is stale: run `manage.py settings_table --write`."
            raise CommandError(detail, returncode=1)


def table() -> str:
    """Return the variables as a Markdown table, in the order in which they are read."""
    rows = [
        f"| `{variable.name}` | {f'`{variable.default}`' if variable.default else ''} "
        f"| {variable.meaning.replace('|', '&#124;')} |\n"
        for variable in VARIABLES
    ]
    return "".join(("| Variable | Default | Meaning |\n", "|---|---|---|\n", *rows))


def with_table(page: str) -> str:
    """Return a page with the table between its two marks renewed."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise CommandError("The page has lost the marks between which the table stands.")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
