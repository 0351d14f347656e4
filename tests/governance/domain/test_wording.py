"""Which words of a text are marked as changed."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from governance.domain.documents.wording import PAIRS, marked

TEXTS = st.text(alphabet="ab \n.é", max_size=40)


def changed(old: str, new: str) -> tuple[list[str], list[str]]:
    before, after = marked(old, new)
    return [s.text for s in before if s.changed], [s.text for s in after if s.changed]


@given(TEXTS, TEXTS)
def test_the_pieces_of_each_side_are_its_text(old: str, new: str) -> None:
    before, after = marked(old, new)
    assert "".join(span.text for span in before) == old
    assert "".join(span.text for span in after) == new
    kept = ["".join(s.text for s in side if not s.changed) for side in (before, after)]
    assert kept[0] == kept[1]
    for side in (before, after):
        assert all(one.changed != other.changed for one, other in itertools.pairwise(side))


@given(TEXTS)
def test_nothing_is_marked_where_nothing_changed(text: str) -> None:
    assert changed(text, text) == ([], [])


def test_one_word_of_a_long_text_is_marked_alone() -> None:
    long = "Read the text.\nChoose the intent that fits it best.\nAsk when unsure.\n"
    assert changed(long, long.replace("best", "most")) == (["best"], ["most"])
    assert changed(long, long + "Take a break.\n") == ([], ["Take a break.\n"])


def test_another_text_is_marked_whole() -> None:
    assert changed("balance", "card_arrival") == (["balance"], ["card_arrival"])
    assert changed("", "new") == ([], ["new"])


def test_a_block_too_large_to_compare_is_marked_whole_and_soon() -> None:
    words = int(PAIRS**0.5) + 10
    started = time.perf_counter()
    old, new = "a " * words, "b " * words
    assert changed(old, new) == ([old], [new])
    assert time.perf_counter() - started < 5
