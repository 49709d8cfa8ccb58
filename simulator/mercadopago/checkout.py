"""What a buyer does with a preference: opens it, pays in one of the ways it offers (mercadopago.md 2)."""

from typing import Any

from simulator import clock, numbering
from simulator.cards import Card
from simulator.mercadopago import boletos, cards, effects, instalments, notify, tickets
from simulator.mercadopago.account import is_active
from simulator.mercadopago.errors import MpError
from simulator.mercadopago.sites import SITES, Way, is_code, way_of
from simulator.mercadopago.topics import MERCHANT_ORDER
from simulator.models import MpOrder, MpPayment, MpPreference, write

BY_OWN_FORM = ("pix", boletos.METHOD, "pec")
"""PIX and boletos have pages of their own; what a lottery shop takes is not simulated."""


def open_order(preference: MpPreference) -> MpOrder:
    """The merchant order of a preference, made when its page is first opened (mercadopago.md 2.5)."""
    with write():
        existing = MpOrder.objects.filter(preference=preference).first()
        if existing:
            return existing
        order = MpOrder.objects.create(
            number=numbering.scattered("mp-orders", 38_000_000_000),
            account=preference.account,
            preference=preference,
            created_at=clock.now(),
            updated_at=clock.now(),
        )
        reference = preference.external_reference
        notify.tell(preference.account, MERCHANT_ORDER, "create", str(order.number), reference=reference)
        return order


def is_open(preference: MpPreference) -> bool:
    """Usable only inside its window when `expires` is true (mercadopago.md 2.1); payment closes nothing."""
    data = preference.data
    if not data["expires"]:
        return True
    start, end = (effects.moment_of(data[key]) for key in ("expiration_date_from", "expiration_date_to"))
    now = clock.now()
    return (start is None or start <= now) and (end is None or now < end)


def offers(preference: MpPreference, method: str) -> bool:
    """Whether neither the method nor its type is excluded, and the account can take it."""
    options, terms = preference.account.options, preference.data["payment_methods"]
    way = way_of(options["site"], method)
    if way is None or not is_active(way, options):
        return False
    is_excluded = method in _ids(terms["excluded_payment_methods"])
    return not is_excluded and way.kind not in _ids(terms["excluded_payment_types"])


def _ids(excluded: list[Any]) -> set[str]:
    return {str(one.get("id")) for one in excluded if isinstance(one, dict)}


def offers_cards(preference: MpPreference) -> bool:
    return any(offers(preference, method) for method in cards.METHODS)


def code_ways(preference: MpPreference) -> list[Way]:
    """The shops, machines and banks of the country that take this amount on this page."""
    ways = SITES[preference.account.options["site"]].ways
    whole = preference.total_cents / 100
    return [
        way
        for way in ways
        if is_code(way)
        and way.id not in BY_OWN_FORM
        and offers(preference, way.id)
        and way.least <= whole <= way.most
    ]


def ticket(preference: MpPreference, method: str) -> MpPayment:
    """The buyer chose a shop, a machine or a bank: its code waits to be paid."""
    way = next((one for one in code_ways(preference) if one.id == method), None)
    if way is None or not is_open(preference):
        raise _refusal(f"payment method not offered by the preference: {method}", "invalid_payment_methods")
    with write():
        return tickets.create(
            preference.account,
            way,
            amount_cents=preference.total_cents,
            expires_at=effects.moment_of(preference.data["date_of_expiration"]),
            order=open_order(preference),
            columns=_columns(preference),
            data=_data(preference),
        )


def pix(preference: MpPreference) -> MpPayment:
    """The buyer chose PIX: its code waits to be paid."""
    _admit(preference, "pix")
    with write():
        return effects.create_pix(
            preference.account,
            amount_cents=preference.total_cents,
            expires_at=effects.moment_of(preference.data["date_of_expiration"]),
            order=open_order(preference),
            columns=_columns(preference),
            data=_data(preference),
        )


def boleto(preference: MpPreference) -> MpPayment:
    """The buyer chose a boleto, due when the preference says (mercadopago.md 2.1)."""
    _admit(preference, boletos.METHOD)
    with write():
        return boletos.create(
            preference.account,
            amount_cents=preference.total_cents,
            expires_at=effects.moment_of(preference.data["date_of_expiration"]),
            order=open_order(preference),
            columns=_columns(preference),
            data=_data(preference),
        )


def card(
    preference: MpPreference, typed: Card, *, amount_cents: int | None = None, count: int = 1
) -> MpPayment:
    """Every attempt is a payment of its own; the holder's name decides it (mercadopago.md 8.3)."""
    method = cards.method_of(typed)
    _admit(preference, method)
    amount = preference.total_cents if amount_cents is None else amount_cents
    asked = instalments.chosen(preference, amount, count, is_debit=method == cards.DEBIT)
    with write():
        payment = MpPayment(
            account=preference.account,
            order=open_order(preference),
            method=method,
            amount_cents=amount,
            data=_data(preference),
            **_columns(preference),
        )
        return cards.create(payment, typed, asked)


def _admit(preference: MpPreference, method: str) -> None:
    if not is_open(preference):
        raise _refusal("preference expired", "expired")
    if not offers(preference, method):
        raise _refusal(f"payment method not offered by the preference: {method}", "invalid_payment_methods")


def _refusal(text: str, error: str) -> MpError:
    return MpError(400, {"message": text, "error": error, "status": 400, "cause": []})


def _columns(preference: MpPreference) -> dict[str, Any]:
    return {
        "external_reference": preference.data["external_reference"],
        "notification_url": preference.data["notification_url"] or "",
    }


def _data(preference: MpPreference) -> dict[str, Any]:
    data = preference.data
    return {
        "description": data["items"][0]["title"],
        "payer_email": data["payer"]["email"] or None,
        "metadata": data["metadata"],
        "statement_descriptor": data["statement_descriptor"],
        "binary_mode": data["binary_mode"],
    }
