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
from feedback.models.disputes import FigureDispute, FigureDisputeAnswer
from feedback.models.lessons import Lesson, LessonDue, LessonSource
from feedback.models.monitoring import (
    MonitoredAudit,
    MonitoringAlarm,
    MonitoringPlan,
    MonitoringWindow,
)
from feedback.models.packs import AuditPack, AuditPackPart
from feedback.models.retrospectives import (
    Retrospective,
    RetrospectiveConclusion,
    RetrospectiveFinding,
    RetrospectiveItem,
)
from feedback.models.signals import FeedbackSignal

__all__ = [
    "AuditPack",
    "AuditPackPart",
    "Dataset",
    "DatasetEdition",
    "DatasetEntry",
    "DatasetErasure",
    "DatasetFile",
    "DatasetFilePart",
    "DatasetVersion",
    "FeedbackSignal",
    "FigureDispute",
    "FigureDisputeAnswer",
    "Lesson",
    "LessonDue",
    "LessonSource",
    "MonitoredAudit",
    "MonitoringAlarm",
    "MonitoringPlan",
    "MonitoringWindow",
    "Retrospective",
    "RetrospectiveConclusion",
    "RetrospectiveFinding",
    "RetrospectiveItem",
]
