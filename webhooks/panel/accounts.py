"""Each account's webhook at a glance: its address, what it is told of, how it is doing."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from connections.gateways.registry import gateway_class
from connections.models import Connection
from connections.services import webhook_url
from webhooks.panel import figures
from webhooks.panel.figures import FiguresInWords
from webhooks.panel.views import connections_of, filter_form
from webhooks.services.measuring import Figures, measure, period


@dataclass(frozen=True, kw_only=True)
class Account:
    """One connection; ``address`` has its token only for who may see the connection."""

    connection: Connection
    words: FiguresInWords
    address: str
    is_address_whole: bool
    topics: list[tuple[str, str]]
    is_ticked_by_hand: bool


@require_safe
@login_required
@permission_required("webhooks.view_webhookevent", raise_exception=True)
def accounts(request: HttpRequest) -> HttpResponse:
    """The figures of each connection a person may work with, in the period of the filters."""
    form = filter_form(request)
    filters = period(form.filters())
    listed = connections_of(request)
    if filters.connection:
        listed = listed.filter(public_id=filters.connection)
    measured = measure(listed, filters)
    may_see = request.user.has_perm("connections.view_connection")
    context = {
        "form": form,
        "filters": filters,
        "periods": figures.PERIODS,
        "period": form.period_name or ("" if form.has_days else figures.USUAL_PERIOD),
        "accounts": [
            _account(connection, measured.by_connection.get(connection.pk, Figures()), is_whole=may_see)
            for connection in listed
        ],
    }
    return render(request, "webhooks/accounts.html", context)


def _account(connection: Connection, measured: Figures, *, is_whole: bool) -> Account:
    adapter = gateway_class(connection.gateway)
    words = adapter.topic_words
    told = [
        (_(words.get(topic, "")) if words.get(topic) else topic, topic) for topic in adapter.subscribed_topics
    ]
    return Account(
        connection=connection,
        words=figures.in_words(measured),
        address=address_of(connection, is_whole=is_whole),
        is_address_whole=is_whole,
        topics=told or [(topic, topic) for topic in adapter.panel_topics],
        is_ticked_by_hand=not adapter.subscribed_topics,
    )


def address_of(connection: Connection, *, is_whole: bool) -> str:
    """The address the gateway notifies, its token cut short where it is not for the reader."""
    address = webhook_url(connection)
    return address if is_whole else _cut(address, connection.path_token)


def old_address_of(connection: Connection) -> str:
    """The address that was replaced, its token cut short; empty where there is none any more."""
    token = connection.old_path_token
    return _cut(settings.PUBLIC_URL + connection.old_webhook_path, token) if token else ""


def _cut(address: str, token: str) -> str:
    return address.replace(token, f"{token[:4]}…")
