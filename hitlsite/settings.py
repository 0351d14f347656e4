"""Settings of the site. What differs between installations comes from hitlsite.environment."""

import ipaddress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from governance.domain.signed_notes import Signer
from hitlsite import broker, databases, environment, keys, logs

BASE_DIR = environment.ROOT
ENV = environment.load()
DATA_DIR = ENV.data_dir
PRODUCTION = ENV.production
DEBUG = ENV.debug

try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in ("static", "logs", "exports", "metrics"):
        (DATA_DIR / folder).mkdir(exist_ok=True)
    SECRET_KEY = ENV.secret_key or keys.kept(DATA_DIR / "keys", "secret_key")
    SAMPLING_KEY = bytes.fromhex(ENV.sampling_key or keys.kept(DATA_DIR / "keys", "sampling_key"))
    LEDGER_SIGNER = Signer(
        ENV.ledger_name or urlsplit(ENV.base_url).hostname or "countersign",
        bytes.fromhex(ENV.ledger_key or keys.kept(DATA_DIR / "keys", "ledger_key")),
    )
    ANCHOR_DIR = ENV.anchor_dir or DATA_DIR / "anchors"
    ANCHOR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    PRIVACY_KEY = bytes.fromhex(ENV.privacy_key or keys.kept(DATA_DIR / "keys", "privacy_key"))
except (OSError, ValueError) as error:
    environment.refuse(f"DATA_DIR: {DATA_DIR} cannot be used: {error}")
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
PRIVACY_KEYS = [PRIVACY_KEY, *map(bytes.fromhex, ENV.privacy_key_fallbacks)]

# -- Who is served ----------------------------------------------------------------------------

BASE_URL = ENV.base_url
ALLOWED_HOSTS = ENV.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENV.csrf_trusted_origins
TRUSTED_PROXIES = ENV.trusted_proxies
WEBHOOK_NETWORKS = [ipaddress.ip_network(each) for each in ENV.webhook_networks]
METRICS_TOKEN = ENV.metrics_token
HEARTBEAT_URL = ENV.heartbeat_url

# -- What it is made of -----------------------------------------------------------------------

INSTALLED_APPS = [
    "hitlsite.apps.CountersignAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "hitlsite.static_files.StaticFilesConfig",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "django_htmx",
    "axes",
    "csp",
    "governance",
    "reviews",
    "feedback",
    "hitlsite",
]

MIDDLEWARE = [
    "hitlsite.middleware.RequestIdMiddleware",
    "hitlsite.middleware.TrustedProxyMiddleware",
    "hitlsite.middleware.MetricsMiddleware",
    "hitlsite.middleware.ApiSlashMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hitlsite.middleware.ResponseHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "hitlsite.middleware.RepeatMiddleware",
]

# What the API needs of it: it knows no cookie, form or language (hitlsite.wsgi).
API_MIDDLEWARE = [
    "hitlsite.middleware.RequestIdMiddleware",
    "hitlsite.middleware.TrustedProxyMiddleware",
    "hitlsite.middleware.MetricsMiddleware",
    "hitlsite.middleware.ApiSlashMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "hitlsite.middleware.ResponseHeadersMiddleware",
    "hitlsite.middleware.ApiHeadersMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "hitlsite.urls"
WSGI_APPLICATION = "hitlsite.wsgi.application"
APPEND_SLASH = False

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.web.context.page",
                "reviews.web.inbox.unread",
                "reviews.web.banner.maintenance",
                "reviews.web.stopping.banner",
            ],
        },
    },
]

# -- Where it is kept -------------------------------------------------------------------------

DATABASES = {"default": databases.settings(ENV.database_url, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EXPORTS_DIR = DATA_DIR / "exports"
ANCHOR_EMAIL = ENV.anchor_email
TIMESTAMP_URL, TIMESTAMP_ROOTS = ENV.timestamp_url, ENV.timestamp_ca
METRICS_DIR = DATA_DIR / "metrics"

# Nothing that matters is cached: the web answers while the broker is lost, and the counters that
# must be shared between processes are rows.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "hitlsite.static_files.Storage"},
}
MEDIA_ROOT = DATA_DIR / "media"

# -- Background work: the database is the truth, the broker only a hint -----------------------

BROKER = broker.plan(ENV.broker_url, DATA_DIR)
CELERY_BROKER_URL = BROKER.celery_url
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER.transport_options
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ACKS_LATE = True
# With it on, a task that kills its process comes back for ever; attempts are counted in the outbox.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = broker.TASK_TIME_LIMIT
CELERY_TASK_SOFT_TIME_LIMIT = broker.TASK_TIME_LIMIT - 5
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = ENV.worker_concurrency
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"

# -- Reviewing --------------------------------------------------------------------------------

LEASE = timedelta(minutes=ENV.lease_minutes)

# -- Who people are ---------------------------------------------------------------------------

AUTH_USER_MODEL = "governance.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}  # type: ignore[assignment]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "governance.web.signing_in.locked_out"
AXES_CLIENT_IP_CALLABLE = "hitlsite.middleware.client_address"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# What a configuration row was is read, never put back: that would be a change without a check.
SIMPLE_HISTORY_REVERT_DISABLED = True
# A reason is as long as the act's own in the ledger.
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True

# -- What browsers are told -------------------------------------------------------------------

SECURE_SSL_REDIRECT = ENV.ssl_redirect
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = ENV.hsts_seconds
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.hsts_seconds > 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.trusted_proxies else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Browsers take a __Host- cookie only over HTTPS; the port keeps two local copies apart.
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else f"session-{ENV.port}"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else f"csrf-{ENV.port}"

CSRF_FAILURE_VIEW = "hitlsite.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

# -- The API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["governance.rest.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["governance.rest.permissions.ScopePermission"],
    "DEFAULT_PARSER_CLASSES": ["governance.rest.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["governance.rest.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "governance.rest.renderers.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "governance.rest.schema.AutoSchema",
    "EXCEPTION_HANDLER": "governance.rest.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Countersign",
    "DESCRIPTION": "The review desk and the governance record of automated pipelines.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AdjustmentKind": "governance.enums.AdjustmentKind",
        "AdjustmentState": "governance.enums.AdjustmentState",
        "CaseKind": "feedback.enums.CaseKind",
        "CheckKind": ["improve", "keep", "critical", "slice", "calibration"],
        "ClockKind": "reviews.enums.ClockKind",
        "DatasetKind": "feedback.enums.DatasetKind",
        "Disposition": "reviews.enums.Disposition",
        "DisputeOutcome": "feedback.enums.DisputeOutcome",
        "EvaluationState": ["open", "finished"],
        "FigureName": "feedback.enums.FigureName",
        "GateVerdict": "feedback.enums.GateVerdict",
        "IncidentStepKind": "governance.enums.IncidentStepKind",
        "ItemStatus": "reviews.enums.ItemStatus",
        "JobState": "governance.enums.JobState",
        "LineStatus": ["accepted", "duplicate", "rejected"],
        "Publicity": "feedback.enums.Publicity",
        "RemedyKind": "reviews.enums.RemedyKind",
        "ResolutionKind": "reviews.enums.ResolutionKind",
        "Risk": "governance.enums.Risk",
        "Severity": "governance.enums.Severity",
        "Verdict": "reviews.enums.Verdict",
        "StandingVerdict": ["accept", "correct", "reject"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "governance.rest.schema.add_problem",
    ],
}

# -- Words and times --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["hitlsite.formats"]

# -- Messages out -----------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.default_from_email
SENDS_MAIL = bool(ENV.email_url)
EMAIL_TIMEOUT = 10
if ENV.email_url:
    EMAIL_BACKEND = ENV.email_url.get(
        "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend"
    )
    EMAIL_HOST = ENV.email_url["EMAIL_HOST"]
    EMAIL_PORT = ENV.email_url["EMAIL_PORT"] or 25
    EMAIL_HOST_USER = ENV.email_url["EMAIL_HOST_USER"] or ""
    EMAIL_HOST_PASSWORD = ENV.email_url["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS = ENV.email_url["EMAIL_USE_TLS"]
    EMAIL_USE_SSL = ENV.email_url["EMAIL_USE_SSL"]
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

LOGGING = logs.settings(level=ENV.log_level, as_json=PRODUCTION)
