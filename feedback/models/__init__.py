"""What reviews taught: signals, lessons, and the answers as versions."""

from feedback.models.datasets import (
    Dataset,
    DatasetEdition,
    DatasetEntry,
    DatasetErasure,
    DatasetFile,
    DatasetFilePart,
    DatasetVersion,
)
from feedback.models.lessons import Lesson, LessonSource
from feedback.models.signals import FeedbackSignal

__all__ = [
    "Dataset",
    "DatasetEdition",
    "DatasetEntry",
    "DatasetErasure",
    "DatasetFile",
    "DatasetFilePart",
    "DatasetVersion",
    "FeedbackSignal",
    "Lesson",
    "LessonSource",
]
