"""Addresses of the pages of feedback."""

from django.urls import path

from feedback.web import lineage

urlpatterns = [
    path("lineage", lineage.index, name="lineage-index"),
    path("lineage/<path:ref>", lineage.page, name="lineage"),
]
