"""How a charge is shown to people: words, icons, the message to send, what a customer may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote

import segno
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from config import clock
from connections.gateways.base import Method, PaymentStatus, SandboxGuide
from connections.gateways.registry import gateway_class
from payments import boletos, gate, parcels
from payments.languages import language_for
from payments.models import Charge, ChargeStatus, ChargeTerms, Payment, ReviewReason
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
    }


def live_mark(charge: Charge) -> str:
    """Changes whenever a page about the charge would look different."""
    code = "expired" if has_expired_code(charge) else int(bool(charge.pix_text or charge.link))
    code = f"boleto{bool(live_pix_text(charge)):d}" if charge.boleto_line else code
    known = charge.payments.order_by("pk").values_list("gateway_id", "gateway_status")
    terms = charge.terms.order_by("pk").values_list("pk", "is_agreed")
    refunds = charge.refunds.values_list("pk", "state", "is_for_person", "payer_link", "gateway_status")
    changes = charge.changes.values_list("pk", "state")
    disputes = charge.disputes.values_list("pk", "state", "deadline", "link")
    shown = (*known, *terms, *refunds, *changes, *disputes, charge.failure)
    return f"{charge.status}-{charge.revision}-{code}-{digest('payments.live', shown)}"


def digest(salt: str, shown: object) -> str:
    """Sixteen characters that change with what is shown and tell nothing of it."""
    return salted_hmac(salt, repr(shown), algorithm="sha256").hexdigest()[:16]


def has_expired_code(charge: Charge) -> bool:
    """Whether a bank would refuse the PIX code by now, or the page to pay is over before its charge is.

    Where the customer chooses, a code that is over takes nothing from the other ways.
    """
    link = charge.link_expires_at
    is_code_over = bool(charge.pix_text and not live_pix_text(charge) and charge.method != Method.ANY)
    return is_code_over or bool(link and link <= clock.now())


def live_pix_text(charge: Charge) -> str:
    """The PIX code while a bank takes it."""
    end = charge.pix_expires_at
    return "" if end and end <= clock.now() else charge.pix_text


@dataclass(frozen=True, kw_only=True)
class BoletoInWords:
    """A boleto as it is shown: the line as printed and as typed, the bars, the file."""

    line: str
    digits: str
    barcode: str
    url: str

    @cached_property
    def bars_svg(self) -> str:
        return boletos.bars_svg(self.barcode)


def boleto(charge: Charge) -> BoletoInWords | None:
    """The boleto of a charge, while a bank would take it; of parcels, that of the next."""
    if parcels.are_ours(charge):
        return _next_boleto(charge)
    if not charge.boleto_line or is_boleto_over(charge):
        return None
    return BoletoInWords(
        line=boletos.grouped(charge.boleto_line),
        digits=charge.boleto_line,
        barcode=charge.boleto_barcode,
        url=charge.boleto_url,
    )


def _next_boleto(charge: Charge) -> BoletoInWords | None:
    following = parcels.next_to_pay(list(charge.payments.all()))
    if following is None or not following.boleto_line:
        return None
    return BoletoInWords(
        line=boletos.grouped(following.boleto_line),
        digits=following.boleto_line,
        barcode=following.boleto_barcode,
        url=following.boleto_url,
    )


def is_boleto_over(charge: Charge) -> bool:
    """Whether its due date has passed at a gateway whose boletos are not paid late."""
    if not charge.boleto_line or charge.connection.capabilities.reports_overdue:
        return False
    return clock.today(charge.connection.time_zone) > charge.due_date


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What an operator sends in the conversation."""

    link: str
    pix_text: str
    boleto: BoletoInWords | None
    message: str
    whatsapp_url: str

    @cached_property
    def qr_svg(self) -> str:
        return qr_svg(self.pix_text)


def code_state(charge: Charge, *, may_renew: bool) -> str:
    """``first`` or ``new`` where a press makes a PIX code, ``expired`` where the one there was is dead."""
    waits = charge.status in (ChargeStatus.PENDING, ChargeStatus.OVERDUE)
    if charge.review_reason or not (waits or charge.status == ChargeStatus.EXPIRED):
        return ""
    had_one = has_expired_code(charge) or not waits
    if may_renew and (had_one or not (charge.pix_text or charge.link)):
        return "new" if had_one else "first"
    return "expired" if waits and had_one else ""


def sending(charge: Charge, *, code: str) -> Sending | None:
    """Link, code and message, once a customer can pay there, or get a code (``code_state``) to pay."""
    is_gettable = code in ("first", "new")
    paper = boleto(charge)
    has_something = paper or ((charge.pix_text or charge.link) and not is_boleto_over(charge))
    is_ready = charge.is_payable and has_something and not has_expired_code(charge)
    if not (is_ready or is_gettable):
        return None
    text = _message(charge)
    return Sending(
        link=charge.pay_url,
        pix_text="" if is_gettable else live_pix_text(charge),
        boleto=paper,
        message=text,
        whatsapp_url=f"https://wa.me/{charge.customer.home.international(charge.customer.phone)}?text={quote(text)}",
    )


def _message(charge: Charge) -> str:
    """In the customer's language, whoever sends it."""
    with translation.override(language_for(charge.connection, charge.customer)):
        return _(
            "Hello, %(name)s! Here is your charge of %(amount)s (%(description)s), due on %(due)s: %(link)s"
        ) % {
            "name": charge.customer.name.split()[0],
            "amount": _amount_in_message(charge),
            "description": charge.description,
            "due": date_format(charge.due_date, "SHORT_DATE_FORMAT"),
            "link": charge.pay_url,
        }


def _amount_in_message(charge: Charge) -> str:
    amount = format_cents(charge.amount_cents, charge.currency)
    if not parcels.are_ours(charge):
        return amount
    return _("%(amount)s in %(count)s parcels") % {"amount": amount, "count": charge.instalments}


def qr_svg(text: str) -> str:
    """The QR code of a PIX text as inline SVG, without scripts or styles; empty for no text."""
    if not text:
        return ""
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=4, omitsize=True, dark="#000", light="#fff")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One payment at the gateway, with its word explained where we know it."""

    payment: Payment
    reason: str


def attempts(charge: Charge) -> list[Attempt]:
    """The payments of a charge, oldest first."""
    reasons = gateway_class(charge.connection.gateway).status_reasons
    found = [
        (payment, reasons.get(payment.gateway_status.rpartition("/")[2], ""))
        for payment in charge.payments.order_by("pk")
    ]
    return [Attempt(payment=payment, reason=_(reason) if reason else "") for payment, reason in found]


def newest_refusal(attempts: Sequence[Attempt]) -> Attempt | None:
    """The newest attempt, when it was refused and no other one is on its way."""
    waiting = (PaymentStatus.PENDING, PaymentStatus.AUTHORIZED, PaymentStatus.OVERDUE)
    if not attempts or any(attempt.payment.status in waiting for attempt in attempts):
        return None
    return attempts[-1] if attempts[-1].payment.status == PaymentStatus.FAILED else None


@dataclass(frozen=True, kw_only=True)
class TermsInWords:
    """Discount, fine and interest as people read them; empty where there is none."""

    version: int = 0
    discount: str = ""
    is_discount_over: bool = False
    after_due: str = ""

    @property
    def now(self) -> tuple[str, ...]:
        """What still matters to who is about to pay."""
        said = ("" if self.is_discount_over else self.discount, self.after_due)
        return tuple(filter(None, said))


def newest_terms(charge: Charge) -> ChargeTerms | None:
    """The newest that were agreed with the gateway."""
    return charge.terms.filter(is_agreed=True, parcel=None).last()


def terms_in_words(charge: Charge) -> TermsInWords:
    terms = newest_terms(charge)
    if terms is None:
        return TermsInWords()
    asked: gate.Terms = terms
    if parcels.are_ours(charge):
        following = parcels.next_to_pay(list(charge.payments.all()))
        number = following.parcel if following and following.parcel else 1
        asked = parcels.first_terms(terms, min(number, charge.instalments), charge.instalments)
    until = asked.discount_until
    return TermsInWords(
        version=terms.pk,
        discount=_discount_in_words(asked, charge.currency),
        is_discount_over=bool(until and until < clock.today(charge.connection.time_zone)),
        after_due=_after_due_in_words(asked, charge.currency),
    )


def terms_to_come(terms: gate.Terms, currency: str) -> tuple[str, ...]:
    """What a charge would grant and ask for, before it is made."""
    return tuple(filter(None, (_discount_in_words(terms, currency), _after_due_in_words(terms, currency))))


def _discount_in_words(terms: gate.Terms, currency: str) -> str:
    if not terms.discount_cents or not terms.discount_until:
        return ""
    return _("%(left)s until %(day)s, with %(discount)s off.") % {
        "left": format_cents(terms.amount_cents - terms.discount_cents, currency),
        "discount": format_cents(terms.discount_cents, currency),
        "day": date_format(terms.discount_until, "SHORT_DATE_FORMAT"),
    }


def _after_due_in_words(terms: gate.Terms, currency: str) -> str:
    fine = format_cents(terms.fine_cents, currency)
    interest = percent(terms.interest_bp)
    if terms.fine_cents and terms.interest_bp:
        text = _("After the due date: a fine of %(fine)s, and interest of %(interest)s a month.")
        return text % {"fine": fine, "interest": interest}
    if terms.fine_cents:
        return _("After the due date: a fine of %(fine)s.") % {"fine": fine}
    if terms.interest_bp:
        return _("After the due date: interest of %(interest)s a month.") % {"interest": interest}
    return ""


def percent(hundredths: int) -> str:
    """``1%``, ``2,5%``: as many decimals as there are."""
    whole, rest = divmod(hundredths, 100)
    places = 0 if not rest else (1 if rest % 10 == 0 else 2)
    return f"{number_format(Decimal(hundredths) / 100, decimal_pos=places)}%" if rest else f"{whole}%"


def sandbox_guide(charge: Charge) -> SandboxGuide | None:
    """How a charge of the sandbox can be paid; None for real money and once nothing waits."""
    if not charge.connection.is_sandbox or not charge.is_payable:
        return None
    return gateway_class(charge.connection.gateway).sandbox_guide


def simulations(charge: Charge) -> frozenset[str]:
    """What the sandbox can be asked to do for the payer of this charge now."""
    if not charge.connection.is_sandbox or not charge.is_payable:
        return frozenset()
    is_late = charge.status == ChargeStatus.OVERDUE
    return charge.connection.capabilities.sandbox_actions - ({"simulate_overdue"} if is_late else set())
