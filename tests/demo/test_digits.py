"""The model of the example is small, and honest about it."""

import io
import struct
import zlib

import pytest

from hitlsite.demo.digits import Digit, predicted
from hitlsite.demo.payloads import payload
from hitlsite.demo.png import png
from hitlsite.demo.progress import Progress
from reviews.domain import intake


@pytest.fixture(scope="module")
def images() -> tuple[Digit, ...]:
    return predicted()


def confidence(image: Digit) -> float:
    return float(image.scores.max())


def test_confidence_is_about_how_often_it_is_right(images):
    for low in (0.3, 0.5, 0.7, 0.9):
        band = [image for image in images if low <= confidence(image) < low + 0.2]
        right = sum(image.truth == image.order[0] for image in band) / len(band)
        mean = sum(map(confidence, band)) / len(band)
        assert len(band) > 100
        assert abs(right - mean) < 0.15


def test_scores_of_the_ten_labels_add_up_to_one(images):
    assert all(abs(image.scores.sum() - 1) < 1e-6 for image in images)


def test_the_hard_four_or_nine_are_mostly_fours_and_nines(images):
    hard = [
        image
        for image in images
        if set(image.order[:2]) == {4, 9} and image.characteristics()["margin"] < 0.4
    ]
    assert len(hard) >= 30
    assert sum(image.truth in (4, 9) for image in hard) / len(hard) > 0.8


def test_training_twice_gives_the_same_predictions(images):
    again = [payload(image, "toy") for image in predicted.__wrapped__()]
    assert again == [payload(image, "toy") for image in images]


def test_a_payload_is_a_prediction_that_intake_takes(images):
    taken = intake.candidate(payload(images[0], "toy"), "digest")
    assert taken.external_id.startswith("digit-")


def test_a_picture_holds_its_shades():
    image = png([[0, 128], [255, 7]])
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", image[16:24])
    start = image.index(b"IDAT") + 4
    (size,) = struct.unpack(">I", image[start - 8 : start - 4])
    assert (width, height) == (2, 2)
    assert zlib.decompress(image[start : start + size]) == b"\x00\x00\x80\x00\xff\x07"


class Terminal(io.StringIO):
    """Takes lines as Django's output wrapper does."""

    def write(self, msg: str = "", style_func: object = None, ending: str | None = None) -> None:
        super().write(msg + ("\n" if ending is None else ending))


def test_progress_is_plain_lines_where_nothing_moves():
    out = Terminal()
    progress = Progress(out, moving=False)
    progress.step("Sending", 50)
    for done in range(101):
        progress.at(done, 100)
    progress.step("Deciding", 100)
    lines = out.getvalue().splitlines()
    assert lines[0] == "  0 %  Sending"
    assert lines[-2] == " 50 %  Sending 100 of 100"
    assert lines[-1] == " 50 %  Deciding"
    assert len(lines) == 6


def test_progress_on_a_terminal_is_one_line_that_moves():
    out = Terminal()
    progress = Progress(out, moving=True)
    progress.step("Sending", 50)
    progress.at(1, 2)
    progress.done()
    assert "\n" not in out.getvalue()
    assert "#" in out.getvalue()
