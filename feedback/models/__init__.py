"""What reviews taught, as versions."""

from feedback.models.datasets import (
    Dataset,
    DatasetEntry,
    DatasetFile,
    DatasetFilePart,
    DatasetVersion,
)

__all__ = ["Dataset", "DatasetEntry", "DatasetFile", "DatasetFilePart", "DatasetVersion"]
