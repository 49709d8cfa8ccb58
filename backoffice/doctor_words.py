"""How the doctor finds things, for people."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
# What is looked at, for a page that has nothing to complain of.
CHECKS: dict[str, tuple[str | Promise, ...]] = {
    "house": (
        _("public address: https, answering, ours"),
        _("proxy: host, scheme and request id handed on"),
        _("workers and the clock of the periodic work alive"),
        _("Redis and the tables of the database"),
        _("this server's clock"),
    ),
    # Of a gateway that tells how its webhook stands, and of one that does not.
    "telling": (
        _("key: valid, of this account and this environment, opens here"),
        _("account: approved, with a PIX key"),
        _("webhook: address, events, version, token, not stopped"),
        _("notifications: arriving, none given up"),
    ),
    "silent": (
        _("key: valid, of this account and this environment, opens here"),
        _("webhook: its secret is stored and opens here"),
        _("notifications: arriving, none given up"),
    ),
}
