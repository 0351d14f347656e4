"""Addresses of the pages of reviews."""

from django.urls import path

from reviews.web import (
    adjudication,
    changes,
    gallery,
    inbox,
    item_clocks,
    items,
    operations,
    queues,
    stopping,
)

urlpatterns = [
    path("", queues.overview, name="home"),
    path("queues", queues.overview, name="queues"),
    path("review/assignment/<uuid:assignment_id>", items.assignment, name="assignment"),
    path("review/assignment/<uuid:assignment_id>/input", items.more, name="input"),
    path("review/assignment/<uuid:assignment_id>/decide", items.decide, name="decide"),
    path("review/assignment/<uuid:assignment_id>/extend", items.extend, name="extend"),
    path("review/assignment/<uuid:assignment_id>/release", items.release, name="release"),
    path("review/assignment/<uuid:assignment_id>/decline", items.decline, name="decline"),
    path("review/assignment/<uuid:assignment_id>/resume", items.resume, name="resume"),
    path("review/decision/<uuid:decision_id>/undo", items.undo, name="undo"),
    path("review/<slug:pipeline>/<slug:queue>", queues.queue, name="queue"),
    path("items/<uuid:item_id>", item_clocks.item, name="item"),
    path("items/<uuid:item_id>/clocks", item_clocks.part, name="item-clocks"),
    path("items/<uuid:item_id>/pause", item_clocks.pause, name="item-pause"),
    path("items/<uuid:item_id>/resume", item_clocks.resume, name="item-resume"),
    path(
        "items/<uuid:item_id>/escalations/<uuid:escalation_id>/ack",
        item_clocks.take_up,
        name="item-take-up",
    ),
    path("changes", changes.waiting, name="changes"),
    path("changes/<uuid:adjustment_id>", changes.change, name="change"),
    path("changes/<uuid:adjustment_id>/<slug:name>", changes.act, name="change-act"),
    path("stops/<uuid:stop_id>/resume", stopping.resume, name="stop-resume"),
    path("pipelines/<slug:pipeline>/stops", stopping.page, name="stops"),
    path("operations", operations.page, name="operations"),
    path("adjudicate", adjudication.waiting, name="adjudicate"),
    path("adjudicate/<uuid:item_id>", adjudication.item, name="adjudicate-item"),
    path("adjudicate/<uuid:item_id>/input", adjudication.more, name="adjudicate-input"),
    path("inbox", inbox.entries, name="inbox"),
    path("inbox/read", inbox.read_all, name="inbox-read-all"),
    path("inbox/<uuid:notification_id>/read", inbox.read, name="inbox-read"),
    path("inbox/<uuid:notification_id>/item", inbox.visit, name="inbox-item"),
    path("preferences", inbox.preferences_page, name="preferences"),
    path("components", gallery.components, name="components"),
]
