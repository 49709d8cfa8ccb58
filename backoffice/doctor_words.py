"""How the doctor finds things, for people."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config import clock
from connections.models import Connection
from connections.problem_kinds import Area

FOUND: dict[Area, str | Promise] = {
    Area.KEY: _(
        "The gateway is asked every ten minutes whose key it is, and every five while something is wrong. It"
        " goes away when the key works again."
    ),
    Area.ACCOUNT: _("The gateway says so when it is asked about the account, every ten minutes."),
    Area.WEBHOOK: _(
        "The gateway is asked every ten minutes how the webhook stands. What can be mended without a person"
        " is mended at once."
    ),
    Area.EXPIRY: _("The gateway announced it. It goes away when another key is stored."),
    Area.DELIVERY: _("What came in is compared with what the gateway shows when it is asked."),
    Area.INBOX: _("Counted in the list of notifications. It goes away when none is left."),
    Area.HOUSE: _(
        "Every five minutes a worker knocks at the public address as a gateway would, and looks at the"
        " processes and servers."
    ),
    Area.CLOCK: _("Every answer of a gateway tells its time; it is compared with this server's."),
}
# How one sees that a fault is over.
MENDED: dict[Area, str | Promise] = {
    Area.KEY: _("The fault goes from the doctor's page, and the connection's page says “ready”."),
    Area.ACCOUNT: _("The fault goes as soon as the gateway says otherwise, at the latest after ten minutes."),
    Area.WEBHOOK: _(
        "The doctor's page says that the account is well, and the next notification is in the list of"
        " notifications."
    ),
    Area.EXPIRY: _("The fault goes as soon as another key is stored."),
    Area.DELIVERY: _("The next notification ends it; the doctor's page tells when the last one came."),
    Area.INBOX: _("The list of notifications shows none given up, and the fault goes within a minute."),
    Area.HOUSE: _("“Look again now” finds nothing any more. A worker looks by itself every minute, too."),
    Area.CLOCK: _("The next answer of a gateway ends it, at the latest after ten minutes."),
}
_HTTPS = _("public address: https, reached by this server or by a gateway")
_HTTP = _("public address: reached by this server or by a gateway (http, as in a demo)")
_KEY = _("key: valid, of this account and this environment, opens here")
_HOUSE = (
    _("proxy: host, scheme and request id handed on"),
    _("workers and the clock of the periodic work alive"),
    _("Redis and the tables of the database"),
    _("this server's clock"),
)
# Of a gateway that tells how its webhook stands, and of one that does not.
_TELLING = (
    _KEY,
    _("account: approved, with a PIX key"),
    _("webhook: address, events, version, token, not stopped"),
)
_SILENT = (_KEY, _("webhook: its secret is stored and opens here"))
_LATELY = timedelta(days=1)


def checks_of(connection: Connection | None) -> list[str | Promise]:
    """What was looked at and found well, as it was seen: for who has nothing to complain of."""
    if connection is None:
        is_https = settings.PUBLIC_URL.startswith("https:")
        return [_HTTPS if is_https else _HTTP, *_HOUSE]
    came = connection.last_event_at
    arriving = came is not None and came > clock.now() - _LATELY
    notifications = (
        _("notifications: arriving, none given up")
        if arriving
        else _("notifications: none missing, none given up")
    )
    own = _TELLING if connection.capabilities.registers_webhook else _SILENT
    return [*own, notifications]
