"""A pack verifies anywhere with nothing but Python, and nothing in it can be changed."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.feedback.packs.conftest import Office, bytes_of, files_of, verified, zip_of


@pytest.fixture
def files(office: Office) -> dict[str, bytes]:
    return files_of(bytes_of(office.ask()))


def test_the_same_scope_makes_the_same_bytes_whatever_happened_since(office: Office) -> None:
    first = office.ask()
    raw = bytes_of(first)
    office.fill_more()
    again = office.ask(checkpoint=first.scope["checkpoint"])
    assert bytes_of(again) == raw
    assert again.root == first.root
    assert bytes_of(office.ask()) != raw


def test_the_program_in_the_pack_verifies_it_in_an_empty_python(
    office: Office, tmp_path: Path
) -> None:
    raw = bytes_of(office.ask())
    path = tmp_path / "pack.zip"
    path.write_bytes(raw)
    program = files_of(raw)["verify.py"]
    done = verified(program, path, "--key", str(settings.LEDGER_SIGNER.verifier))
    assert done.returncode == 0, done.stderr
    assert "none is missing" in done.stdout
    assert "texts are those that were committed to" in done.stdout
    assert verified(program, path).stdout.startswith("The keys are those that the pack names")


def test_an_unpacked_pack_verifies_too(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert verified(files["verify.py"], folder).returncode == 0
    (folder / "more.txt").write_text("more")
    done = verified(files["verify.py"], folder)
    assert done.returncode == 1
    assert "more.txt does not belong to the pack" in done.stderr


def test_a_file_that_is_removed_is_named(files: dict[str, bytes], tmp_path: Path) -> None:
    for name in files:
        rest = {other: data for other, data in files.items() if other != name}
        done = verified(files["verify.py"], zip_of(rest, tmp_path / "pack.zip"))
        assert done.returncode == 1
        assert name in done.stderr


def test_a_file_that_is_added_is_named(files: dict[str, bytes], tmp_path: Path) -> None:
    path = zip_of(files | {"extra.jsonl": b"{}\n"}, tmp_path / "pack.zip")
    done = verified(files["verify.py"], path)
    assert done.returncode == 1
    assert "extra.jsonl does not belong to the pack" in done.stderr


def test_a_file_that_is_changed_is_named(files: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in files.items():
        changed = data.replace(b"a", b"b", 1) if b"a" in data else data + b"\n"
        path = zip_of(files | {name: changed}, tmp_path / "pack.zip")
        done = verified(files["verify.py"], path)
        assert done.returncode == 1
        assert name in done.stderr


def test_a_pack_that_somebody_else_signed_is_not_believed(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    path = zip_of(files, tmp_path / "pack.zip")
    other = "elsewhere.example+1dcbbbbc+AZ/BdY5L1d7mqB3YPjz2H9M7cGxwUqJcfYSgD6uYxQf0"
    done = verified(files["verify.py"], path, "--key", other)
    assert done.returncode == 1
    assert "is no key" in done.stderr or "is not known" in done.stderr


def test_what_is_no_pack_is_said_to_be_none(files: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_text("no zip")
    assert verified(files["verify.py"], path).returncode == 1
    assert verified(files["verify.py"], tmp_path / "nothing").returncode == 2
