"""Versions of models: what was trained, on what, and where its bytes lie."""

from django.db import models
from django.db.models import F, Q

from governance.models.base import AppendOnlyModel, uuid7


class ModelVersion(AppendOnlyModel):
    """A version of a model, as whoever trained it registered it.

    `digest` is that of the artefact, as they state it: the bytes stay where `artifact_uri` says.
    What it was trained on (ModelTraining) is written with it and closed by it. Constraints:
    modelversion_name_uniq, modelversion_named, modelversion_digest_sha256,
    modelversion_not_its_own_parent.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=120)
    artifact_uri = models.CharField(max_length=1000)
    digest = models.CharField(max_length=71, help_text="sha256: and 64 hexadecimal digits.")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children",
        help_text="The version of the same model that it was made from.",
    )  # fmt: skip
    registered_by = models.ForeignKey("governance.User", on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="modelversion_name_uniq"),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(version=""), name="modelversion_named"
            ),
            models.CheckConstraint(
                condition=Q(digest__startswith="sha256:"), name="modelversion_digest_sha256"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="modelversion_not_its_own_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class ModelTraining(AppendOnlyModel):
    """That a version of a model was trained on a version of a dataset.

    Written before the version of the model, which closes it (feedback.db.seals). Constraint:
    modeltraining_once.
    """

    id = models.BigAutoField(primary_key=True)
    model = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="trainings", db_index=False
    )
    dataset_version = models.ForeignKey(
        "feedback.DatasetVersion", on_delete=models.PROTECT, related_name="trainings"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "dataset_version"], name="modeltraining_once")
        ]

    def __str__(self) -> str:
        return f"{self.model_id} of {self.dataset_version_id}"
