"""Text whose hidden characters are shown."""

import pytest

from reviews.domain.legible import MAX_MARKS, Mark, legible


def codes(text: str) -> list[str]:
    return [piece.code for piece in legible(text).pieces if isinstance(piece, Mark)]


def test_plain_text_is_one_piece():
    text = "Grüße, 世界\n\tline\r\n\u00a0"
    assert legible(text).pieces == (text,)


@pytest.mark.parametrize(
    "character",
    [
        "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\x1b", "\x7f", "\u2028", "\u3164",
        "\U000e0041", "\U000e0100", "\u180e", "\u061c",
    ],
)  # fmt: skip
def test_what_hides_or_reorders_is_marked(character):
    assert codes(f"a{character}b") == [f"U+{ord(character):04X}"]


def test_a_run_is_one_mark_with_its_length():
    assert legible("a" + "\u200b" * 5).pieces == ("a", Mark("U+200B", "Zero width space", 5))


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "👨🏽‍🚀", "می‌خواهم", "क्‍ष", "❤️‍🔥"])
def test_joiners_at_their_proper_work_are_left(text):
    assert codes(text) == []


def test_a_joiner_between_latin_letters_is_marked():
    assert codes("pay\u200dpal") == ["U+200D"]


def test_a_part_says_where_it_ends():
    shown = legible("abcdef", start=1, limit=3)
    assert (shown.pieces, shown.end) == (("bcd",), 4)


def test_the_number_of_marks_is_bounded():
    text = "\u200b\u200c" * MAX_MARKS
    shown = legible(text)

    assert len(shown.pieces) == MAX_MARKS
    assert legible(text, start=shown.end).end == len(text)
