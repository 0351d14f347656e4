"""Addresses of the feedback API."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
