"""What reviews taught, as versions."""

from feedback.models.datasets import Dataset, DatasetEntry, DatasetFile, DatasetVersion

__all__ = ["Dataset", "DatasetEntry", "DatasetFile", "DatasetVersion"]
