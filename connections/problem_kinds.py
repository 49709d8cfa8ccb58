"""Every problem we tell people of: its title, what to do, how serious it is, and when to write about it.

A problem mended by itself is written about only when it lasts. The codes are stable; those of an account
and of a webhook are the ones in the notices of the gateways' adapters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Area(StrEnum):
    """What looks at a problem, and so what clears it."""

    KEY = "key"
    ACCOUNT = "account"
    WEBHOOK = "webhook"
    EXPIRY = "expiry"
    DELIVERY = "delivery"
    INBOX = "inbox"
    HOUSE = "house"
    CLOCK = "clock"


class Severity(StrEnum):
    """*Serious*: money, or the news of it, does not come through. *Warning*: it may not, or not well."""

    SERIOUS = "serious"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of problem. The advice may name ``%(times)s`` and ``%(host)s`` of the problem's data."""

    area: Area
    title: str | Promise
    advice: str | Promise
    severity: Severity = Severity.SERIOUS
    tell_after: timedelta = timedelta()

    @property
    def icon(self) -> str:
        return "failed" if self.severity == Severity.SERIOUS else "review"

    @property
    def level(self) -> str:
        return "error" if self.severity == Severity.SERIOUS else "warning"

    @property
    def severity_in_words(self) -> str:
        return gettext("Serious") if self.severity == Severity.SERIOUS else gettext("Warning")

    def advise(self, data: Mapping[str, Any]) -> str:
        sentences = [str(self.advice) % {"times": data.get("times", ""), "host": data.get("host", "")}]
        if day := data.get("day"):
            written = formats.date_format(date.fromisoformat(day), "SHORT_DATE_FORMAT")
            sentences.append(gettext("The day is %(day)s.") % {"day": written})
        if says := data.get("says"):
            sentences.append(gettext("The gateway says: “%(text)s”") % {"text": gettext(says)})
        return " ".join(filter(None, sentences))


_MENDED_BY_ITSELF = timedelta(minutes=15)
# Found again by the looks that follow: a restart or a deploy is over by then.
_STILL_THERE = timedelta(minutes=3)

KINDS: dict[str, Kind] = {
    "key_refused": Kind(
        area=Area.KEY,
        title=_("The gateway refuses the key"),
        advice=_(
            "Switch the key on again in the gateway's panel, or make a new one there and paste it on the"
            " connection's page. Until then nothing can be charged and no payment is seen."
        ),
    ),
    "key_sealed": Kind(
        area=Area.KEY,
        title=_("The stored key does not open"),
        advice=_(
            "Add the key it was sealed with to CREDENTIALS_KEYS and restart, or paste the gateway's key"
            " again on the connection's page."
        ),
    ),
    "key_of_other_environment": Kind(
        area=Area.KEY,
        title=_("The key belongs to the other environment"),
        advice=_("Paste a key of the environment this connection is for."),
    ),
    "key_of_other_account": Kind(
        area=Area.KEY,
        title=_("The key opens another account"),
        advice=_(
            "Paste a key of the account this connection was made for; make a new connection for the other."
        ),
    ),
    "account_connected_twice": Kind(
        area=Area.KEY,
        title=_("The account is connected twice"),
        advice=_("Disable one of the two connections."),
    ),
    "gateway_away": Kind(
        area=Area.KEY,
        title=_("The gateway has not answered for more than 15 minutes"),
        advice=_(
            "Nothing is lost: charges made meanwhile are finished when it is back, and payments are asked"
            " for. If only this server cannot reach it, look at its network."
        ),
    ),
    "key_expiring": Kind(
        area=Area.EXPIRY,
        severity=Severity.WARNING,
        title=_("A key of the account is about to expire"),
        advice=_(
            "The gateway announced it. If it is the key stored here, make a new one in the gateway's"
            " panel and paste it on the connection's page."
        ),
    ),
    "account_not_approved": Kind(
        area=Area.ACCOUNT,
        title=_("The gateway has not approved the account"),
        advice=_("Finish the registration in the gateway's panel: until then it may refuse charges."),
    ),
    "no_pix_key": Kind(
        area=Area.ACCOUNT,
        severity=Severity.WARNING,
        title=_("The account has no PIX key"),
        advice=_(
            "Register one in the gateway's panel: without it every QR code stops working on the day it is"
            " made."
        ),
    ),
    "identity_unknown": Kind(
        area=Area.ACCOUNT,
        severity=Severity.WARNING,
        title=_("The key may not say whose account it opens"),
        advice=_("Give it the right to read the account's data, so that a key of another one is noticed."),
    ),
    "site_unknown": Kind(
        area=Area.ACCOUNT,
        title=_("The account is in a country we do not know"),
        advice=_("Do not charge on it: the currency of its amounts is not certain."),
    ),
    "webhook_missing": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook is not registered at the gateway"),
        advice=_("It is registered again by itself. If this stays, press “Check now” to see why."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_wrong_url": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook has another address at the gateway"),
        advice=_(
            "What happens is told to that address and not here. Press “Register it here”, unless the"
            " other address is meant."
        ),
    ),
    "webhook_disabled": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook was switched off at the gateway"),
        advice=_(
            "Notifications of this time are never sent. Press “Switch it on again” on the connection's page;"
            " until then payments are found by our own checks, later than usual."
        ),
    ),
    "webhook_interrupted": Kind(
        area=Area.WEBHOOK,
        title=_("The gateway stopped sending notifications"),
        advice=_("It is asked to go on by itself, and then sends what it kept. Nothing is lost for 14 days."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_penalized": Kind(
        area=Area.WEBHOOK,
        severity=Severity.WARNING,
        title=_("The gateway sends notifications more slowly, because some failed"),
        advice=_("It is asked to send at full speed by itself. If this stays, look at the web server's log."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_wrong_version": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook uses an old version"),
        advice=_("It is registered again by itself. If this stays, press “Check now” to see why."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_missing_events": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook does not receive every event"),
        advice=_("It is registered again by itself. If this stays, press “Check now” to see why."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_no_token": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook has lost its token, so its notifications are refused"),
        advice=_("It is registered again by itself. If this stays, press “Check now” to see why."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_duplicate": Kind(
        area=Area.WEBHOOK,
        severity=Severity.WARNING,
        title=_("The gateway has several webhooks with our address"),
        advice=_("Delete all but one in the gateway's panel."),
    ),
    "webhook_refused": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook could not be set up"),
        advice=_("It is tried again by itself. If this stays, press “Check now” to see why."),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_not_allowed": Kind(
        area=Area.WEBHOOK,
        title=_("The key may not manage webhooks"),
        advice=_(
            "Give it the right to read and write webhooks in the gateway's panel, or allow this server's"
            " address there. Until then nobody sees whether notifications flow."
        ),
    ),
    "webhook_secret_missing": Kind(
        area=Area.WEBHOOK,
        title=_("The webhook has no secret yet"),
        advice=_(
            "Copy the secret signature from the gateway's panel and paste it on the connection's page."
            " Without it every notification is refused."
        ),
        tell_after=_MENDED_BY_ITSELF,
    ),
    "webhook_unsteady": Kind(
        area=Area.DELIVERY,
        severity=Severity.WARNING,
        title=_("The gateway's notifications fail again and again"),
        advice=_(
            "Its queue had to be started again %(times)s times within a day. Open the webhook's address from"
            " outside and look at the web server's log: the gateway does not get its answer 200."
        ),
    ),
    "notifications_silent": Kind(
        area=Area.DELIVERY,
        title=_("No notification comes any more"),
        advice=_(
            "Nothing has come for more than a day, though our own checks found changes that should have been"
            " told (%(times)s). Compare the webhook in the gateway's panel with the connection's page:"
            " address, topics and secret."
        ),
    ),
    "notifications_missing": Kind(
        area=Area.DELIVERY,
        title=_("Payments came in, but no notification of them"),
        advice=_(
            "They were found by our own checks. Compare the webhook in the gateway's panel with the"
            " connection's page: address, topics and secret."
        ),
    ),
    "fraud_alert_unnamed": Kind(
        area=Area.INBOX,
        title=_("The gateway warns of fraud, but does not say behind which payment"),
        advice=_(
            "How often: %(times)s. Look in the gateway's panel which payment is meant, and do not hand over"
            " what was sold by it. Then ignore the warning in the list of notifications, with a reason."
        ),
    ),
    "notifications_given_up": Kind(
        area=Area.INBOX,
        title=_("Notifications were given up"),
        advice=_(
            "How many: %(times)s. Each failed six times; its cause stands in the list of notifications. Mend"
            " that, then have them asked again there, or ignore them with a reason."
        ),
    ),
    "webhook_secret_sealed": Kind(
        area=Area.DELIVERY,
        title=_("The stored secret of the webhook does not open"),
        advice=_(
            "Add the key it was sealed with to CREDENTIALS_KEYS and restart. Until then notifications are"
            " answered 503, and the gateway sends them again."
        ),
    ),
    "clock_skewed": Kind(
        area=Area.CLOCK,
        tell_after=_STILL_THERE,
        title=_("A server's clock is wrong"),
        advice=_(
            "Switch on time synchronisation (NTP) on the server %(host)s. Due dates, and the age of signed"
            " notifications, are judged by it."
        ),
    ),
    "public_url_not_https": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The public address is not https"),
        advice=_(
            "Set PUBLIC_URL to the https address customers and gateways use, and restart: gateways notify"
            " https addresses only."
        ),
    ),
    "public_url_unreachable": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("Nobody answers at the public address"),
        advice=_(
            "Open PUBLIC_URL in a browser from outside. Look at the name's DNS record, the certificate, the"
            " firewall and the web server. If it opens from outside, this server alone does not get there"
            " (NAT without hairpin): let it through."
        ),
    ),
    "public_url_of_another": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("Something else answers at the public address"),
        advice=_(
            "PUBLIC_URL leads to another program, or a proxy in between answers by itself (a login page, a"
            " protection against robots). Let requests through to this program as they are, its own too."
        ),
    ),
    "host_refused": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The host of the public address is not allowed"),
        advice=_("Add the host of PUBLIC_URL to ALLOWED_HOSTS and restart: it is answered 400 until then."),
    ),
    "host_altered": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The proxy hands on another host"),
        advice=_(
            "Have the reverse proxy hand on the Host header as it came (nginx: proxy_set_header Host"
            " $http_host)."
        ),
    ),
    "https_not_told": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The proxy does not say that the visitor came by https"),
        advice=_(
            "Have the reverse proxy set X-Forwarded-Proto to the visitor's scheme (nginx: proxy_set_header"
            " X-Forwarded-Proto $scheme). Without it no form can be sent."
        ),
    ),
    "request_id_altered": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The proxy replaces the x-request-id of requests"),
        advice=_(
            "Have the reverse proxy leave a x-request-id that came with the request as it is: Mercado Pago"
            " signs it, so every one of its notifications is refused."
        ),
    ),
    "worker_silent": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("No worker is running"),
        advice=_(
            "Start it: celery -A config worker -P threads. Notifications are stored and answered; charges"
            " keep their status until it runs."
        ),
    ),
    "beat_silent": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        severity=Severity.WARNING,
        title=_("The clock of the periodic work is not running"),
        advice=_("Start it, exactly once: celery -A config beat. Workers look by themselves meanwhile."),
    ),
    "broker_away": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        severity=Severity.WARNING,
        title=_("Redis does not answer"),
        advice=_("Look at the server of REDIS_URL. Nothing is lost: workers find their work seconds later."),
    ),
    "migrations_missing": Kind(
        area=Area.HOUSE,
        tell_after=_STILL_THERE,
        title=_("The database lacks tables of this version"),
        advice=_("Run: python manage.py migrate"),
    ),
}
_OTHER = Kind(
    area=Area.ACCOUNT,
    severity=Severity.WARNING,
    title=_("The gateway reports something about the account"),
    advice="",
)


def kind_of(code: str) -> Kind:
    """What is known of a code; a gateway may bring notices that we have no words for."""
    return KINDS.get(code, _OTHER)
