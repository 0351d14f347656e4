"""The admin pages of the floor."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group

from governance.admin import (
    access,
    adjustments,
    assessments,
    clocks,
    delegations,
    incidents,
    notices,
    outbox,
    people,
    pipelines,
    privacy,
    records,
    sealing,
    sla_policies,
    tokens,
    webhooks,
)

__all__ = [
    "access",
    "adjustments",
    "assessments",
    "clocks",
    "delegations",
    "incidents",
    "notices",
    "outbox",
    "people",
    "pipelines",
    "privacy",
    "records",
    "sealing",
    "sla_policies",
    "tokens",
    "webhooks",
]

# A group is the inner side of a role, and is changed with it. What failed sign-ins sent is nobody's
# reading.
admin.site.unregister([Group, AccessAttempt, AccessFailureLog, AccessLog])
