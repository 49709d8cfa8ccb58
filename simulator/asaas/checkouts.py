"""How a hosted checkout is paid, and the payments that come of it (asaas.md 3.3, 3.11, 4.1)."""

from datetime import date
from typing import Any

from simulator import clock
from simulator.asaas import customers, effects, instalments, paying, sessions, subscriptions, validate, wanted
from simulator.asaas.errors import AsaasError, forbidden_action
from simulator.cards import Card
from simulator.models import AsaasCheckout, AsaasCustomer, AsaasPayment, write

STRANGER = {"name": "Cliente do checkout", "cpfCnpj": "12345678909"}
"""Who pays by a control when nobody said who it is."""
MOST_OF_BRAND = {"VISA": 21, "MASTERCARD": 21}
MOST_OF_OTHERS = 12


def takes_pix(session: AsaasCheckout) -> bool:
    return "PIX" in session.data["billingTypes"] and "DETACHED" in session.data["chargeTypes"]


def card_counts(session: AsaasCheckout) -> list[int]:
    """DETACHED is one payment, as the first charge of RECURRENT; INSTALLMENT two parcels up to the most
    asked for (our decision).
    """
    if "CREDIT_CARD" not in session.data["billingTypes"]:
        return []
    counts = [1] if {"DETACHED", "RECURRENT"} & set(session.data["chargeTypes"]) else []
    if "INSTALLMENT" in session.data["chargeTypes"]:
        counts += range(2, session.data["installment"]["maxInstallmentCount"] + 1)
    return counts


def by_pix(session: AsaasCheckout, *, amount_cents: int | None = None, force: bool = False) -> AsaasPayment:
    with write():
        return paying.by_pix(pix_code(session, force=force), amount_cents=amount_cents, force=force)


def pix_code(session: AsaasCheckout, *, force: bool = False) -> AsaasPayment:
    """Its charge by PIX, made when the payer asks for the code; asked again it is the same one."""
    with write():
        row = _awaiting(session, force)
        if not takes_pix(row):
            raise forbidden_action("Este checkout não aceita PIX.")
        for one in sessions.payments(row):
            if instalments.is_open(one):
                return one
        return effects.create(_payer(row), _columns(row, "PIX"), _words(row))


def by_card(
    session: AsaasCheckout,
    card: Card,
    *,
    count: int = 1,
    amount_cents: int | None = None,
    force: bool = False,
) -> AsaasPayment:
    """The first of `count` parcels, all born confirmed. A refused card leaves nothing (our decision)."""
    with write():
        row = _awaiting(session, force)
        _check_count(row, card, count)
        if card.number in paying.REFUSED:
            raise Refused(row)
        if session.data.get("subscription"):
            first = _first_of_subscription(row)
        elif count == 1:
            first = effects.create(_payer(row), _columns(row, "CREDIT_CARD"), _words(row))
        else:
            first = instalments.create(row.account, _parcels(row, count))
        return paying.by_card(first, card, amount_cents=amount_cents, force=force)


def _first_of_subscription(session: AsaasCheckout) -> AsaasPayment:
    """Its due date is the one asked for, or today when that has passed; paid at once (our decision).

    Neither it nor its charges carry the checkout's reference (asaas.md 3.11).
    """
    asked = session.data["subscription"]
    fields = {
        "billing_type": "CREDIT_CARD",
        "value_cents": session.total_cents,
        "next_due_date": max(date.fromisoformat(asked["nextDueDate"]), clock.today()),
        "cycle": asked["cycle"],
        "end_date": date.fromisoformat(asked["endDate"]) if asked["endDate"] else None,
        "external_reference": None,
    }
    made = subscriptions.create(_payer(session), fields, _words(session))
    return subscriptions.charges(made)[0]


class Refused(AsaasError):
    """The card was refused; the checkout is as it was."""

    def __init__(self, session: AsaasCheckout) -> None:
        super().__init__(400, "invalid_action", paying.NOT_AUTHORIZED)
        self.session = session


def _awaiting(session: AsaasCheckout, force: bool) -> AsaasCheckout:
    row = sessions.fresh(session)
    if row.status != sessions.ACTIVE and not force:
        raise forbidden_action("Este checkout não está mais ativo.")
    return row


def _check_count(session: AsaasCheckout, card: Card, count: int) -> None:
    """Wording is ours."""
    offered = [one for one in card_counts(session) if one <= MOST_OF_BRAND.get(card.brand, MOST_OF_OTHERS)]
    if count not in offered:
        most = f"até {max(offered)} vezes" if offered else "nenhum cartão"
        raise forbidden_action(f"Este checkout aceita {most}, não {count}.")


def _columns(session: AsaasCheckout, billing_type: str) -> dict[str, Any]:
    """The reference of the checkout is not copied (asaas.md 3.11)."""
    return {
        "billing_type": billing_type,
        "value_cents": session.total_cents,
        "due_date": clock.today(),
        "external_reference": None,
    }


def _words(session: AsaasCheckout) -> dict[str, Any]:
    """What the description says is our choice."""
    names = ", ".join(item["name"] for item in session.data["items"])
    return {
        "checkoutSession": session.gid,
        "description": names[: validate.LONGEST_DESCRIPTION],
        "callback": {key: value for key, value in (session.data["callback"] or {}).items() if value},
    }


def _parcels(session: AsaasCheckout, count: int) -> wanted.Parcels:
    return wanted.Parcels(
        customer=_payer(session),
        billing_type="CREDIT_CARD",
        cents=wanted.parts(session.total_cents, count),
        first_due=clock.today(),
        reference=None,
        terms={},
        loose=_words(session),
    )


def _payer(session: AsaasCheckout) -> AsaasCustomer:
    """The customer named, or a new one of the data given or typed (our decision, as for links in 3.10)."""
    if session.customer is not None:
        session.customer.account = session.account
        return session.customer
    known_of_payer = session.data["customerData"] or session.data.get("typed") or STRANGER
    return customers.make(session.account, known_of_payer)
