"""How a charge is shown to people: words, icons, the message to send, what a customer may know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import segno
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy

from config import clock
from payments.models import Charge, ChargeStatus, ReviewReason
from payments.models.charges import ChargeQuerySet
from payments.money import format_cents

ICONS = {
    ChargeStatus.DRAFT: "○",
    ChargeStatus.CONFIRMING: "…",
    ChargeStatus.PENDING: "○",
    ChargeStatus.AUTHORIZED: "◐",
    ChargeStatus.PAID: "✓",
    ChargeStatus.OVERDUE: "!",
    ChargeStatus.EXPIRED: "⌛",
    ChargeStatus.CANCELLED: "–",
    ChargeStatus.FAILED: "✕",
    ChargeStatus.PARTIALLY_REFUNDED: "◑",
    ChargeStatus.REFUNDED: "↩",
    ChargeStatus.DISPUTED: "⚑",
    ChargeStatus.CHARGED_BACK: "⚑",
}


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A saved view of the list."""

    name: str
    label: str | Promise
    statuses: tuple[ChargeStatus, ...] = ()
    only_review: bool = False


TABS = (
    Tab(name="", label=pgettext_lazy("charges", "All")),
    Tab(
        name="waiting",
        label=pgettext_lazy("charges", "Waiting"),
        statuses=(
            ChargeStatus.DRAFT,
            ChargeStatus.CONFIRMING,
            ChargeStatus.PENDING,
            ChargeStatus.AUTHORIZED,
        ),
    ),
    Tab(name="paid", label=pgettext_lazy("charges", "Paid"), statuses=(ChargeStatus.PAID,)),
    Tab(name="overdue", label=pgettext_lazy("charges", "Overdue"), statuses=(ChargeStatus.OVERDUE,)),
    Tab(name="review", label=pgettext_lazy("charges", "To review"), only_review=True),
)


def tab_named(name: str) -> Tab:
    return next((tab for tab in TABS if tab.name == name), TABS[0])


def narrowed(listed: ChargeQuerySet, *, tab: Tab, text: str) -> ChargeQuerySet:
    """The charges of a tab that match a text: name, reference, document or gateway id."""
    if tab.statuses:
        listed = listed.filter(status__in=tab.statuses)
    if tab.only_review:
        listed = listed.exclude(review_reason="")
    if not text:
        return listed
    found = Q(customer__name__icontains=text) | Q(reference__iexact=text) | Q(payments__gateway_id=text)
    if document := re.sub(r"[^0-9A-Za-z]", "", text).upper():
        found |= Q(customer__document=document)
    return listed.filter(found).distinct()


def row(charge: Charge) -> dict[str, Any]:
    """A charge as lists and heads show it."""
    return {
        "charge": charge,
        "amount": format_cents(charge.amount_cents, charge.currency),
        "received": format_cents(charge.received_cents, charge.currency),
        "fee": None if charge.fee_cents is None else format_cents(charge.fee_cents, charge.currency),
        "net": None if charge.net_cents is None else format_cents(charge.net_cents, charge.currency),
        "icon": ICONS[ChargeStatus(charge.status)],
        "status": charge.get_status_display(),
        "review": ReviewReason(charge.review_reason).label if charge.review_reason else "",
        "code_expired": charge.is_payable and has_expired_code(charge),
        "live": live_mark(charge),
    }


def live_mark(charge: Charge) -> str:
    """Changes whenever a page about the charge would look different."""
    code = "expired" if has_expired_code(charge) else int(bool(charge.pix_text or charge.link))
    return f"{charge.status}-{charge.revision}-{code}"


def has_expired_code(charge: Charge) -> bool:
    """Whether a bank would refuse the PIX code by now."""
    return bool(charge.pix_text and charge.pix_expires_at and charge.pix_expires_at <= clock.now())


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What an operator sends in the conversation."""

    link: str
    pix_text: str
    message: str
    whatsapp_url: str

    @cached_property
    def qr_svg(self) -> str:
        return qr_svg(self.pix_text)


def sending(charge: Charge) -> Sending | None:
    """Link, code and message, once there is something a customer can pay."""
    if not charge.is_payable or not (charge.pix_text or charge.link) or has_expired_code(charge):
        return None
    text = _(
        "Hello, %(name)s! Here is your charge of %(amount)s (%(description)s), due on %(due)s: %(link)s"
    ) % {
        "name": charge.customer.name.split()[0],
        "amount": format_cents(charge.amount_cents, charge.currency),
        "description": charge.description,
        "due": date_format(charge.due_date, "SHORT_DATE_FORMAT"),
        "link": charge.pay_url,
    }
    return Sending(
        link=charge.pay_url,
        pix_text=charge.pix_text,
        message=text,
        whatsapp_url=f"https://wa.me/{_international(charge.customer.phone)}?text={quote(text)}",
    )


def _international(phone: str) -> str:
    return f"55{phone}" if phone else ""


def qr_svg(text: str) -> str:
    """The QR code of a PIX text as inline SVG, without scripts or styles; empty for no text."""
    if not text:
        return ""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=4, omitsize=True, dark="#000", light="#fff")


_PUBLIC = {
    ChargeStatus.DRAFT: ("preparing", gettext_noop("This charge is being prepared.")),
    ChargeStatus.CONFIRMING: ("preparing", gettext_noop("This charge is being prepared.")),
    ChargeStatus.PENDING: ("waiting", gettext_noop("Waiting for your payment.")),
    ChargeStatus.OVERDUE: ("waiting", gettext_noop("The due date has passed. You can still pay.")),
    ChargeStatus.AUTHORIZED: ("checking", gettext_noop("Your payment is being checked.")),
    ChargeStatus.PAID: ("paid", gettext_noop("Payment received. Thank you!")),
    ChargeStatus.PARTIALLY_REFUNDED: ("paid", gettext_noop("Paid. A part was given back to you.")),
    ChargeStatus.REFUNDED: ("refunded", gettext_noop("Your payment was given back.")),
    ChargeStatus.DISPUTED: ("checking", gettext_noop("This payment is being looked into.")),
    ChargeStatus.CHARGED_BACK: ("closed", gettext_noop("This charge is closed.")),
    ChargeStatus.EXPIRED: ("closed", gettext_noop("The time to pay has run out. Ask for a new link.")),
    ChargeStatus.CANCELLED: ("closed", gettext_noop("This charge was cancelled. There is nothing to pay.")),
    ChargeStatus.FAILED: ("closed", gettext_noop("This charge is not valid. Ask for a new link.")),
}
_CHECKING_MONEY = gettext_noop("Your payment was received and is being checked.")
_CHECKING = gettext_noop("This charge is being checked. You do not have to pay anything now.")
_CODE_EXPIRED = gettext_noop("The code has expired. Ask for a new link.")
_TONES = {
    "preparing": "confirming",
    "waiting": "pending",
    "checking": "authorized",
    "paid": "paid",
    "refunded": "refunded",
    "closed": "cancelled",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a customer may know: nothing here names our own status, account or reason.

    ``shape`` is the page's shape in one word, ``tone`` its colour and icon; ``mark`` changes whenever the
    page would look different.
    """

    shape: str
    tone: str
    sentence: str
    payee: str
    pix_text: str
    checkout_link: str
    is_live: bool
    mark: str

    @cached_property
    def qr_svg(self) -> str:
        return qr_svg(self.pix_text)


def look(charge: Charge) -> Look:
    """The customer's page about a charge, as it is now."""
    shape, sentence = _shape(charge)
    is_late = shape == "waiting" and charge.status == ChargeStatus.OVERDUE
    pix_text = charge.pix_text if shape == "waiting" else ""
    link = charge.link if shape == "waiting" and not pix_text else ""
    return Look(
        shape=shape,
        tone="overdue" if is_late else _TONES[shape],
        sentence=_(sentence),
        payee=charge.connection.account_name or _("the business that sent you this link"),
        pix_text=pix_text,
        checkout_link=link,
        is_live=shape in ("preparing", "waiting", "checking") or charge.is_open,
        mark=_public_mark(charge, shape, sentence, pix_text, link),
    )


def _shape(charge: Charge) -> tuple[str, str]:
    """The word for the page's shape and its sentence, not yet translated."""
    if charge.review_reason and charge.review_reason != ReviewReason.PIX_CODE:
        return "checking", _CHECKING_MONEY if charge.received_cents else _CHECKING
    shape, sentence = _PUBLIC[ChargeStatus(charge.status)]
    if shape == "waiting" and has_expired_code(charge):
        return "closed", _CODE_EXPIRED
    return shape, sentence


def _public_mark(charge: Charge, *shown: str) -> str:
    amounts = (charge.amount_cents, charge.received_cents, charge.refunded_cents, charge.paid_at)
    return salted_hmac("payments.look", repr((*shown, *amounts)), algorithm="sha256").hexdigest()[:16]
