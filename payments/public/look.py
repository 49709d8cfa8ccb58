"""What the customer's page shows of a charge, in words that name nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from config import clock
from connections.branding import Brand, brand_of
from connections.gateways.base import Method
from payments.models import ChangeKind, Charge, ChargeStatus, ReviewReason
from payments.parcel_words import ParcelLine, lines, next_line
from payments.parcels import are_ours
from payments.presentation import (
    BoletoInWords,
    TermsInWords,
    attempts,
    boleto,
    code_state,
    digest,
    has_expired_code,
    is_boleto_over,
    live_pix_text,
    newest_refusal,
    qr_svg,
    terms_in_words,
)
from payments.services import changeable, renewing

_STATES = {
    ChargeStatus.DRAFT: ("preparing", gettext_noop("This charge is being prepared.")),
    ChargeStatus.CONFIRMING: ("preparing", gettext_noop("This charge is being prepared.")),
    ChargeStatus.PENDING: ("waiting", gettext_noop("Waiting for your payment.")),
    ChargeStatus.OVERDUE: ("waiting", gettext_noop("The due date has passed. You can still pay.")),
    ChargeStatus.AUTHORIZED: ("checking", gettext_noop("Your payment is being checked.")),
    ChargeStatus.PAID: ("paid", gettext_noop("Payment received. Thank you!")),
    ChargeStatus.PARTIALLY_REFUNDED: ("paid", gettext_noop("Paid. A part was given back to you.")),
    ChargeStatus.REFUNDED: ("refunded", gettext_noop("Your payment was given back.")),
    ChargeStatus.DISPUTED: (
        "checking",
        gettext_noop("This payment was contested and is being looked into. You do not have to pay again."),
    ),
    ChargeStatus.CHARGED_BACK: ("closed", gettext_noop("This charge is closed.")),
    ChargeStatus.EXPIRED: ("closed", gettext_noop("The time to pay has run out. Ask for a new link.")),
    ChargeStatus.CANCELLED: ("closed", gettext_noop("This charge was cancelled. There is nothing to pay.")),
    ChargeStatus.FAILED: ("closed", gettext_noop("This charge is not valid. Ask for a new link.")),
}
_CHECKING_MONEY = gettext_noop("Your payment was received and is being checked.")
_CHECKING = gettext_noop("This charge is being checked. You do not have to pay anything now.")
_CLOSING = gettext_noop("This charge is being cancelled. Please do not pay it any more.")
_CHANGING = gettext_noop("This charge is being changed. Please wait a moment before you pay.")
_CODE_EXPIRED = gettext_noop("The code has expired. Ask for a new link.")
_BOLETO_OVER = gettext_noop(
    "The last day of this boleto has passed. Paid in time, it shows here within three business days; if not, "
    "ask for a new link."
)
_GETTING = {
    "first": gettext_noop("Get your PIX code when you are ready to pay."),
    "new": gettext_noop("The code has expired. Get a new one."),
}
_GETTING_PAGE = gettext_noop("Open the page to pay when you are ready.")
_TONES = {
    "preparing": "confirming",
    "waiting": "pending",
    "renewable": "expired",
    "checking": "authorized",
    "paid": "paid",
    "refunded": "refunded",
    "closed": "cancelled",
}


# A code that lives on for weeks needs no hurry, and one that ends within the day is counted down.
_NEAR, _TICKING = timedelta(days=7), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a customer may know: nothing here names our own status, account or reason.

    ``shape`` is the page's shape in one word, ``tone`` its colour and icon; ``mark`` changes whenever the
    page would look different. ``most_parcels``: so many may be chosen on the gateway's page. ``code`` is
    what ``code_state`` says of the PIX code. ``ends_at``: when the code or the page to pay ends, if that is
    near.
    """

    shape: str
    tone: str
    sentence: str
    payee: str
    brand: Brand | None
    ends_at: datetime | None
    pix_text: str
    boleto: BoletoInWords | None
    checkout_link: str
    terms: tuple[str, ...]
    is_card: bool
    was_refused: bool
    code: str
    could_not_renew: bool
    parcels: tuple[ParcelLine, ...]
    most_parcels: int
    is_live: bool
    mark: str

    @property
    def next_parcel(self) -> ParcelLine | None:
        return next_line(self.parcels) if self.shape == "waiting" else None

    @cached_property
    def qr_svg(self) -> str:
        return qr_svg(self.pix_text)

    @property
    def ways(self) -> tuple[str, ...]:
        """What stands ready to be paid by, in the order of the tabs."""
        ready = {"pix": self.pix_text, "boleto": self.boleto, "page": self.checkout_link}
        return tuple(way for way, there in ready.items() if there)

    @property
    def seconds_left(self) -> int | None:
        """For the countdown; None where there is nothing to count."""
        left = self.ends_at - clock.now() if self.ends_at else None
        return max(0, int(left.total_seconds())) if left is not None and left <= _TICKING else None


def look(charge: Charge) -> Look:
    """The customer's page about a charge, as it is now."""
    code = code_state(charge, may_renew=renewing.may_have_new_code(charge))
    shape, sentence = _shape(charge, code)
    brand = brand_of(charge.connection)
    pix_text = live_pix_text(charge) if shape == "waiting" else ""
    paper = boleto(charge) if shape == "waiting" else None
    own = tuple(lines(charge)) if shape in ("waiting", "paid", "refunded") else ()
    following = next_line(own) if are_ours(charge) else None
    link = following.payment.link if following else charge.link
    is_chosen_there = charge.method == Method.ANY
    link = link if shape == "waiting" and (is_chosen_there or not (pix_text or paper)) else ""
    ends_at = _end(charge, pix_text, link)
    words = terms_in_words(charge) if shape in ("waiting", "renewable") else TermsInWords()
    was_refused = bool(link and newest_refusal(attempts(charge)))
    could_not_renew = bool(charge.failure) and shape == "renewable"
    return Look(
        shape=shape,
        tone=_tone(charge, shape, code),
        sentence=_(sentence),
        payee=_payee(charge, brand),
        brand=brand,
        ends_at=ends_at,
        pix_text=pix_text,
        boleto=paper,
        checkout_link=link,
        terms=words.now,
        is_card=charge.method == Method.CARD,
        was_refused=was_refused,
        code=code,
        could_not_renew=could_not_renew,
        parcels=own,
        most_parcels=1 if are_ours(charge) else charge.instalments,
        is_live=shape in ("preparing", "waiting", "checking", "renewable") or charge.is_open,
        mark=_mark(
            charge,
            (shape, sentence, pix_text, link, charge.boleto_line if paper else "", ends_at),
            (was_refused, could_not_renew, words.version, len(words.now)),
            [(one.number, one.tone, one.amount, one.due, one.digits) for one in own],
        ),
    )


def _payee(charge: Charge, brand: Brand | None) -> str:
    named = brand.name if brand else ""
    return named or charge.connection.account_name or _("the business that sent you this link")


def _end(charge: Charge, pix_text: str, link: str) -> datetime | None:
    """When what is shown to pay by ends, unless that is far away."""
    end = charge.pix_expires_at if pix_text else charge.link_expires_at if link else None
    return end if end and end - clock.now() <= _NEAR else None


def _shape(charge: Charge, code: str) -> tuple[str, str]:
    """The word for the page's shape and its sentence, not yet translated."""
    if charge.review_reason and charge.review_reason != ReviewReason.PIX_CODE:
        return "checking", _CHECKING_MONEY if charge.received_cents else _CHECKING
    if charge.is_open and changeable.is_open(charge, ChangeKind.CANCEL):
        return "closed", _CLOSING
    if charge.is_open and changeable.is_withheld(charge):
        return "preparing", _CHANGING
    if code in _GETTING:
        return "renewable", _GETTING_PAGE if charge.link_expires_at else _GETTING[code]
    shape, sentence = _STATES[ChargeStatus(charge.status)]
    if shape == "waiting" and has_expired_code(charge):
        return "closed", _CODE_EXPIRED
    if shape == "waiting" and is_boleto_over(charge):
        return "closed", _BOLETO_OVER
    return shape, sentence


def _tone(charge: Charge, shape: str, code: str) -> str:
    if charge.status == ChargeStatus.OVERDUE and (shape == "waiting" or code == "first"):
        return "overdue"
    if shape == "renewable" and charge.link_expires_at:
        return "overdue" if charge.status == ChargeStatus.OVERDUE else "pending"
    return "pending" if code == "first" else _TONES[shape]


def _mark(charge: Charge, *shown: object) -> str:
    """The same in every language: the open page asks in whichever the browser sends."""
    amounts = (charge.amount_cents, charge.received_cents, charge.refunded_cents, charge.paid_at)
    return digest("payments.look", (*shown, *amounts, charge.due_date, charge.description))
