"""Roles: a group of permissions with what is expected of those who hold it."""

from django.contrib.auth.models import Group
from django.db import models

from governance.models.base import TrackedModel


class Role(TrackedModel):
    """A Group with expectations. Its permissions are the group's (governance.enums.Permission)."""

    slug = models.SlugField(max_length=63, unique=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="role")
    permissions = models.JSONField(default=list)
    expectations = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.slug
