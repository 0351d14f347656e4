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
from feedback.models.evaluations import Evaluation, EvaluationFinish, EvaluationPrediction
from feedback.models.gates import Gate, GatePlan, GateRun, GateRunEvaluation
from feedback.models.lessons import Lesson, LessonDue, LessonSource
from feedback.models.monitoring import (
    MonitoredAudit,
    MonitoringAlarm,
    MonitoringPlan,
    MonitoringWindow,
)
from feedback.models.packs import AuditPack, AuditPackPart
from feedback.models.registry import ModelTraining, ModelVersion
from feedback.models.retrospectives import (
    Retrospective,
    RetrospectiveConclusion,
    RetrospectiveFinding,
    RetrospectiveItem,
)
from feedback.models.signals import FeedbackSignal
from feedback.models.stakeholders import StakeholderEdition

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
    "Evaluation",
    "EvaluationFinish",
    "EvaluationPrediction",
    "FeedbackSignal",
    "FigureDispute",
    "FigureDisputeAnswer",
    "Gate",
    "GatePlan",
    "GateRun",
    "GateRunEvaluation",
    "Lesson",
    "LessonDue",
    "LessonSource",
    "ModelTraining",
    "ModelVersion",
    "MonitoredAudit",
    "MonitoringAlarm",
    "MonitoringPlan",
    "MonitoringWindow",
    "Retrospective",
    "RetrospectiveConclusion",
    "RetrospectiveFinding",
    "RetrospectiveItem",
    "StakeholderEdition",
]
