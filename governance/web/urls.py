"""Addresses of the pages of governance."""

from django.urls import path

from governance.web import appearance, delegations, notice, signing_in

urlpatterns = [
    path("sign-in", signing_in.sign_in, name="sign-in"),
    path("sign-out", signing_in.sign_out, name="sign-out"),
    path("sign-in/once/<str:token>", signing_in.once, name="sign-in-once"),
    path("me/notice", notice.mine, name="my-notice"),
    path("me/delegations", delegations.mine, name="my-delegations"),
    path("me/delegations/<uuid:delegation_id>/end", delegations.end, name="delegation-end"),
    path("theme", appearance.theme, name="theme"),
]
