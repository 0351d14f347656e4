"""Addresses of the pages of feedback."""

from django.urls import path

from feedback.web import lessons, lineage

urlpatterns = [
    path("lessons", lessons.listed, name="lessons"),
    path("lessons/new", lessons.new, name="lesson-new"),
    path("lessons/<uuid:lesson_id>", lessons.one, name="lesson"),
    path("lineage", lineage.index, name="lineage-index"),
    path("lineage/<path:ref>", lineage.page, name="lineage"),
]
