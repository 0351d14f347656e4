"""The site: puts the apps together, and is imported by none of them."""

from hitlsite.celery import app as celery_app

__all__ = ["celery_app"]
