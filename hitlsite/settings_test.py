"""Settings of the test suite: everything in a folder of its own that is gone afterwards."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before the settings are read: a suite must never touch the data of an installation.
os.environ["ENVIRONMENT"] = "local"
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="countersign-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from hitlsite.settings import *  # noqa: E402, F403
from hitlsite.settings import DATABASES, STORAGES  # noqa: E402

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
SENDS_MAIL = True
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SECURE_SSL_REDIRECT = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False

CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
AXES_ENABLED = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, so that threads meet the same locks as in service; it need not survive a power cut.
    options = DATABASES["default"]["OPTIONS"]
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["DATA_DIR"]) / "tests.sqlite3")}
# A connection that outlives its test would hold the test database when it is dropped.
DATABASES["default"]["CONN_MAX_AGE"] = 0
