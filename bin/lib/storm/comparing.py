"""Every charge, payment, refund and sum against the books: pure, and by the gateways' documents alone.

Nothing here knows the product's own reading of a gateway: the words are read once more from the documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lib.storm import telling
from lib.storm.looking import Look, cents, given_back, is_asaas, total
from lib.storm.rows import Row

# asaas.md 3.3 and 5.5; a deleted charge and a lost chargeback come first, a whole refund next.
_ASAAS = {
    "PENDING": "pending",
    "OVERDUE": "overdue",
    "CONFIRMED": "paid",
    "RECEIVED": "paid",
    "RECEIVED_IN_CASH": "paid",
    "REFUND_REQUESTED": "paid",
    "REFUND_IN_PROGRESS": "paid",
    "REFUNDED": "refunded",
    "CHARGEBACK_REQUESTED": "disputed",
    "CHARGEBACK_DISPUTE": "disputed",
    "AWAITING_CHARGEBACK_REVERSAL": "disputed",
}
# mercadopago.md 3.3 and 7.
_MERCADO_PAGO = {
    "pending": "pending",
    "in_process": "authorized",
    "authorized": "authorized",
    "approved": "paid",
    "rejected": "failed",
    "cancelled": "cancelled",
    "cancelled/expired": "expired",
    "refunded": "refunded",
    "in_mediation": "disputed",
    "charged_back": "disputed",
    "charged_back/settled": "charged_back",
    "charged_back/reimbursed": "paid",
}
_LOST = ("DISPUTE_LOST", "DONE")
_MONEY = ("paid", "partially_refunded", "refunded", "disputed", "charged_back")
_NO_MONEY = ("pending", "authorized", "overdue", "expired", "cancelled", "failed")
_OPEN = ("pending", "overdue", "authorized")
_BY_CLOCK = {"pending": {"pending", "overdue"}, "overdue": {"overdue"}, "authorized": {"authorized"}}
# Money that came never un-came, but for a receipt in cash that is undone; what is over stays over.
_NEVER_AFTER: dict[str, tuple[str, ...]] = {
    **{before: (*_NO_MONEY, "draft", "confirming") for before in _MONEY},
    **{before: ("draft",) for before in (*_NO_MONEY, "confirming")},
}
_NEVER_AFTER["refunded"] += ("paid", "partially_refunded")
_NEVER_AFTER["charged_back"] += ("paid", "partially_refunded", "refunded")


@dataclass(frozen=True)
class Finding:
    """Something that does not balance: what kind of thing, about which one, in words."""

    kind: str
    about: str
    said: str


def compare(look: Look) -> list[Finding]:
    """Everything that differs; empty when both sides agree to the cent."""
    checks: tuple[Callable[[Look], Iterator[Finding]], ...] = (
        _payments,
        _charges,
        _sums,
        _refunds,
        _disputes,
        _agreements,
        _twins,
        _refunds_made_twice,
        _transitions,
        _events,
        _missed,
    )
    return [finding for check in checks for finding in check(look)]


def status_of(payment: Row) -> str:
    """Our word for what the books say of a payment; empty for a word no document lists."""
    if not is_asaas(payment):
        both = f"{payment['status']}/{payment['status_detail']}"
        return _MERCADO_PAGO.get(both) or _MERCADO_PAGO.get(payment["status"], "")
    if payment["deleted"]:
        return "cancelled"
    chargeback = payment["chargeback"] or {}
    if payment["status"] == "REFUNDED" and chargeback.get("status") in _LOST:
        return "charged_back"
    paid = cents(payment["paid"])
    return "refunded" if 0 < paid <= cents(payment["refunded"]) else _ASAAS.get(payment["status"], "")


def is_counted(payment: Row) -> bool:
    """What only proves a card is no payment."""
    return bool(cents(payment["amount"]))


def _payments(look: Look) -> Iterator[Finding]:
    there = {str(payment["id"]): payment for payment in look.books["payments"] if is_counted(payment)}
    for gateway_id, payment in there.items():
        own = look.ours.get(gateway_id)
        if own is None:
            origin = payment["reference"] or f"checkout {payment.get('checkout')}"
            yield Finding("payment", gateway_id, f"in the books ({origin}), not here")
            continue
        if differing := _differing(payment, own):
            yield Finding("payment", gateway_id, f"of {own['charge']}: {'; '.join(differing)}")
    for gateway_id in look.ours.keys() - there.keys():
        yield Finding("payment", gateway_id, "here, not in the books")


def _differing(payment: Row, own: Row) -> list[str]:
    theirs = {
        "status": status_of(payment),
        "received_cents": cents(payment["paid"]),
        "refunded_cents": cents(payment["refunded"]),
    }
    if cents(payment["paid"]) and payment["status"] != "RECEIVED_IN_CASH":
        theirs |= {"fee_cents": cents(payment["fee"]), "net_cents": cents(payment["net"])}
    return [f"{name} {own[name]}, books {value}" for name, value in theirs.items() if own[name] != value]


def _charges(look: Look) -> Iterator[Finding]:
    for charge in look.charges:
        payments = [one for one in look.of_charge.get(charge["reference"], []) if is_counted(one)]
        told = (charge["received_cents"], charge["refunded_cents"])
        books = (total(payments, "paid"), total(payments, "refunded"))
        if told != books:
            yield Finding("charge", charge["reference"], f"received and given back {told}, books {books}")
        expected = expected_status(payments, charge["instalments"])
        if charge["status"] not in expected:
            said = f"is {charge['status']}, by the books {' or '.join(sorted(expected))}"
            yield Finding("charge", charge["reference"], said)
        if charge["review_reason"]:
            yield Finding("charge", charge["reference"], f"still to review: {charge['review_reason']}")
    for life in look.lives:
        if not life.reference:
            yield Finding("charge", life.submission, f"never made: {'; '.join(life.left_out)}")


def expected_status(payments: list[Row], instalments: int) -> set[str]:
    """What a charge may be called that has these payments in the books."""
    words = [status_of(payment) for payment in payments]
    money = [word for word in words if word in _MONEY]
    for contested in ("charged_back", "disputed"):
        if contested in money:
            return {contested}
    waiting = [word for word in words if word in _OPEN]
    if money and not waiting:
        return {_of_money(payments)}
    if waiting:
        return set().union(*(_BY_CLOCK[word] for word in waiting))
    return {"expired", "cancelled", "failed", "overdue", "pending"} if not payments else _over(words)


def _of_money(payments: list[Row]) -> str:
    paid, refunded = total(payments, "paid"), total(payments, "refunded")
    if not refunded:
        return "paid"
    return "refunded" if refunded >= paid else "partially_refunded"


def _over(words: list[str]) -> set[str]:
    """A refused card leaves its page open; what was cancelled or expired is over."""
    if set(words) == {"failed"}:
        return {"pending", "overdue", "failed", "expired", "cancelled"}
    return {"expired", "cancelled", "failed"}


def _sums(look: Look) -> Iterator[Finding]:
    """Of each account, what its payments come to here and there."""
    pairs = (("received_cents", "paid"), ("refunded_cents", "refunded"))
    by_account: dict[str, Counter[str]] = {}
    for own in look.payments:
        count = by_account.setdefault(own["connection"], Counter())
        for ours, _theirs in pairs:
            count[ours] += own[ours]
    for payment in look.books["payments"]:
        own = look.ours.get(str(payment["id"]))
        name = own["connection"] if own else f"account {payment['account']}"
        count = by_account.setdefault(name, Counter())
        for ours, theirs in pairs:
            count[ours] -= cents(payment[theirs])
    for name, count in by_account.items():
        for ours, _theirs in pairs:
            if count[ours]:
                yield Finding("sum", name, f"{ours} is {count[ours] / 100:+.2f} against the books")


def _refunds(look: Look) -> Iterator[Finding]:
    """Each refund in the books is one of ours, and the other way round."""
    for payment in look.books["payments"]:
        gateway_id = str(payment["id"])
        own = [row for row in look.refunds if row["gateway_id"] == gateway_id]
        done = sorted(row["amount_cents"] for row in own if row["state"] == "done")
        if done != given_back(payment):
            yield Finding("refund", gateway_id, f"given back {done}, books {given_back(payment)}")
    for row in look.refunds:
        if row["state"] in ("reserved", "requested", "unsure") or row["is_for_person"]:
            yield Finding("refund", row["gateway_id"], f"{row['amount_cents']} is still {row['state']}")


def _disputes(look: Look) -> Iterator[Finding]:
    """Those that ended, but for what was contested and won before anybody here heard of it."""
    theirs = Counter(telling.disputes(look.books))
    known = [(row["gateway_id"], row["state"]) for row in look.disputes]
    ours = Counter(one for one in known if one[1] in ("won", "lost"))
    for gateway_id, state in set(theirs - ours) - set(telling.unseen_disputes(look)):
        here = ", ".join(state for known_id, state in known if known_id == gateway_id) or "unknown"
        yield Finding("dispute", gateway_id, f"{state} in the books, {here} here")
    for gateway_id, state in set(ours - theirs):
        yield Finding("dispute", gateway_id, f"{state} here, not in the books")


def _agreements(look: Look) -> Iterator[Finding]:
    states = {row["reference"]: row["state"] for row in look.subscriptions}
    there = Counter(row["reference"] for row in look.books["subscriptions"] if not row.get("deleted"))
    for row in look.books["subscriptions"]:
        expected, state = telling.agreement(row), states.pop(row["reference"], "")
        if state and state not in expected:
            yield Finding("subscription", row["reference"], f"is {state}, books {row['status']}")
    for reference, count in there.items():
        if count > 1:
            yield Finding("twin", reference, f"{count} subscriptions of one form")
    for reference, state in states.items():
        if state != "failed":
            yield Finding("subscription", reference, f"is {state}, not in the books")


def _twins(look: Look) -> Iterator[Finding]:
    """One form, one charge: never two that can be paid or were, at the gateway or here."""
    for said in look.two_from_one:
        yield Finding("twin", "", said)
    for submission, count in Counter(row["submission"] for row in look.charges).items():
        if count > 1:
            yield Finding("twin", submission, f"{count} charges of one form")
    for life in look.lives:
        alive = [one for one in look.of_charge.get(life.reference, []) if status_of(one) in _LIVING]
        most = life.instalments if life.is_asaas else 1
        if not life.is_subscription and len(alive) > most:
            ids = ", ".join(str(one["id"]) for one in alive)
            yield Finding("twin", life.reference, f"{len(alive)} payments instead of {most}: {ids}")


_LIVING = (*_MONEY, *_OPEN)


def _refunds_made_twice(look: Look) -> Iterator[Finding]:
    """Of a charge the gateway gave back no more often than people asked for it, by whatever door."""
    for life in look.lives:
        payments = look.of_charge.get(life.reference, [])
        shown = Counter(amount for payment in payments for amount in given_back(payment))
        asked = Counter(amount for amount, _who in life.refunds)
        for amount, times in (shown - asked).items():
            yield Finding("refund", life.reference, f"{amount} given back {times} times more than asked for")


def _transitions(look: Look) -> Iterator[Finding]:
    last: dict[str, str] = {}
    for move in look.moves:
        reference, before, after = move["reference"], move["before"], move["after"]
        if before != last.get(reference, before):
            said = f"from {before}, though it was {last[reference]}"
            yield Finding("transition", reference, said)
        last[reference] = after
        if after in _NEVER_AFTER.get(before, ()) and not _is_undone(look, reference):
            yield Finding("transition", reference, f"{before} became {after} ({move['source']})")
    for charge in look.charges:
        if last.get(charge["reference"], charge["status"]) != charge["status"]:
            said = f"is {charge['status']}, the last line says {last[charge['reference']]}"
            yield Finding("transition", charge["reference"], said)


def _is_undone(look: Look, reference: str) -> bool:
    """A person said that it was paid in cash, and then that it was not."""
    life = look.lives_by_reference.get(reference)
    return bool(life and life.undid_cash)


def _events(look: Look) -> Iterator[Finding]:
    for event in look.events:
        if event["state"] in ("received", "retry") or (event["state"] == "dead" and not event["cause"]):
            said = f"{event['topic']} of {event['gateway_id']} is {event['state']}: {event['last_error']}"
            yield Finding("event", str(event["id"]), said[:300])
    for said in telling.lost_after_200(look):
        yield Finding("event", "", said)


def _missed(look: Look) -> Iterator[Finding]:
    for miss in telling.missed(look):
        if not miss.is_named:
            yield Finding("missed", miss.gateway_id, f"{miss.event} of {miss.charge} never came, unnamed")
