"""The yardsticks of single posts: endpoints of REST framework that check a body and insert a row.

`bare` is the least that can be written: no middleware, no authentication. `usual` is what
`startproject` and the tutorial give: Django's default middleware, TokenAuthentication and a
CreateAPIView with a ModelSerializer. `python -m benchmarks.minimal` makes the tables and prints a
token.
"""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from hitlsite import databases, environment

USUAL = os.environ.get("MINIMAL") == "usual"
ENV = environment.load()
APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
settings.configure(
    SECRET_KEY="for a benchmark",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[*APPS, "rest_framework", "rest_framework.authtoken"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    if USUAL
    else [],
    DATABASES={"default": databases.settings(ENV.database_url, Path(os.environ["DATA_DIR"]))},
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework.authentication.TokenAuthentication",
        ]
        if USUAL
        else [],
        "DEFAULT_PERMISSION_CLASSES": [
            f"rest_framework.permissions.{'IsAuthenticated' if USUAL else 'AllowAny'}",
        ],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)

import django  # noqa: E402

django.setup()

from django.contrib.auth.models import User  # noqa: E402, TID251 - the yardstick's own
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, serializers  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Row(models.Model):
    """One row."""

    external_id = models.CharField(max_length=200, unique=True)
    confidence = models.FloatField()
    input = models.JSONField()
    output = models.JSONField()

    class Meta:
        app_label = "minimal"
        db_table = "minimal_row"

    def __str__(self) -> str:
        return self.external_id


class Body(serializers.Serializer[Any]):
    """What is sent to the bare endpoint."""

    external_id = serializers.CharField(max_length=200)
    confidence = serializers.FloatField(min_value=0, max_value=1)
    input = serializers.DictField()
    output = serializers.DictField()


class Bare(APIView):
    """Inserts one row."""

    def post(self, request: Request) -> Response:
        """Check, insert, answer."""
        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        row = Row.objects.create(**body.validated_data)
        return Response({"id": row.pk, "external_id": row.external_id}, status=201)


class RowSerializer(serializers.ModelSerializer[Row]):
    """A row, by its model."""

    class Meta:
        model = Row
        fields = "__all__"


class Usual(generics.CreateAPIView[Row]):
    """Inserts one row, as the tutorial does."""

    queryset = Row.objects.all()
    serializer_class = RowSerializer


def alive(request: HttpRequest) -> HttpResponse:
    """Answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("api/v1/predictions", (Usual if USUAL else Bare).as_view()),
    path("healthz", alive),
]
application = get_wsgi_application()


def make() -> str:
    """Make the tables and return a token."""
    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Row)
    return str(Token.objects.create(user=User.objects.create_user("bench")).key)


if __name__ == "__main__":
    print(make())
