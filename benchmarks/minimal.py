"""The least that REST framework can do: one endpoint that checks a body and inserts one row."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from hitlsite import databases, environment

ENV = environment.load()
settings.configure(
    SECRET_KEY="for a benchmark",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=[],
    DATABASES={"default": databases.settings(ENV.database_url, Path(os.environ["DATA_DIR"]))},
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)

import django  # noqa: E402

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Row(models.Model):
    """One row."""

    external_id = models.CharField(max_length=200, unique=True)
    body = models.JSONField()

    class Meta:
        app_label = "minimal"
        db_table = "minimal_row"

    def __str__(self) -> str:
        return self.external_id


class Body(serializers.Serializer[Any]):
    """What is sent."""

    external_id = serializers.CharField(max_length=200)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    input = serializers.DictField()
    output = serializers.DictField()


class Insert(APIView):
    """Inserts one row."""

    def post(self, request: Request) -> Response:
        """Check, insert, answer."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        row = Row.objects.create(
            external_id=body.validated_data["external_id"], body=body.validated_data
        )
        return Response({"id": row.pk, "external_id": row.external_id}, status=201)


def alive(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("api/v1/predictions", Insert.as_view()),
    path("healthz", alive),
]
application = get_wsgi_application()
