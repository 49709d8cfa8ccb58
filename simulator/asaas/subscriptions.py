"""Subscriptions: their life, and the charges the clock makes of them (asaas.md 4.2)."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet

from simulator import clock, known, numbering
from simulator.asaas import cycles, effects, serialise
from simulator.asaas.errors import forbidden_action
from simulator.asaas.notify import emit_subscription
from simulator.asaas.wanted import dated
from simulator.clock import SAO_PAULO
from simulator.models import Account, AsaasCustomer, AsaasPayment, AsaasSubscription, write

ACTIVE, INACTIVE, EXPIRED = "ACTIVE", "INACTIVE", "EXPIRED"
DAYS_AHEAD = (40, 14, 7)
NIGHT = time(3, 0)
"""When later charges are issued, just before the overdue ones are told, is our choice."""
TERMS = ("discount", "fine", "interest")
COPIED = ("description", "callback", "checkoutSession", "postalService")


@dataclass(frozen=True)
class Change:
    """What a request changes: columns, the rest in the API's words, and whether open charges follow."""

    fields: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    status: str | None = None
    reaches_charges: bool = False


def create(customer: AsaasCustomer, fields: dict[str, Any], data: dict[str, Any]) -> AsaasSubscription:
    """With its first charge, however far ahead; the order of the two events is our choice."""
    with write():
        row = AsaasSubscription(
            account=customer.account,
            customer=customer,
            customer_gid=customer.gid,
            gid="sub_" + numbering.lower_alphanumeric(16),
            date_created=clock.today(),
            status=ACTIVE,
            created_at=clock.now(),
            **fields,
        )
        row.data = {**data, "issued": 0, "day": row.next_due_date.day}
        row.save()
        emit_subscription(row, "SUBSCRIPTION_CREATED")
        _issue(row)
        row.due_at = next_moment(row)
        row.save()
    return row


def fresh(subscription: AsaasSubscription) -> AsaasSubscription:
    """The row as it is now, with its present answer remembered as the previous one."""
    row = AsaasSubscription.objects.select_related("customer").get(pk=subscription.pk)
    row.account = row.customer.account = known.by_id(row.account_id)
    row.previous = serialise.subscription(row)
    return row


def charges(subscription: AsaasSubscription) -> QuerySet[AsaasPayment]:
    """All of them, removed ones too, in the order of their due dates."""
    rows = AsaasPayment.objects.filter(
        account_id=subscription.account_id, data__subscription=subscription.gid
    )
    return rows.order_by("due_date", "id")


def open_charges(subscription: AsaasSubscription) -> QuerySet[AsaasPayment]:
    return charges(subscription).filter(deleted=False, status__in=effects.OPEN)


def _issue(row: AsaasSubscription) -> None:
    fields = {
        "billing_type": row.billing_type,
        "value_cents": row.value_cents,
        "due_date": row.next_due_date,
        "external_reference": _reference_for_charges(row),
    }
    terms = {name: row.data[name] for name in TERMS if row.data.get(name)}
    data = {name: row.data[name] for name in COPIED if row.data.get(name) is not None}
    if row.data.get("card"):
        data |= {"creditCard": row.data["card"]["shown"], "keptCard": True}
    effects.create(row.customer, fields, {**data, **dated(terms, row.next_due_date), "subscription": row.gid})
    row.data |= {"issued": row.data["issued"] + 1, "lastDueDate": row.next_due_date.isoformat()}
    row.next_due_date = cycles.following(row.next_due_date, row.cycle, row.data["day"])


def _issue_through(row: AsaasSubscription, day: date) -> None:
    while row.status == ACTIVE and not _is_complete(row) and row.next_due_date <= day:
        _issue(row)


def _reference_for_charges(row: AsaasSubscription) -> str | None:
    """Copied, as asaas.md 4.2 infers, unless the account says otherwise."""
    return row.external_reference if row.account.options.get("copies_subscription_reference", True) else None


def _days_ahead(row: AsaasSubscription) -> timedelta:
    return timedelta(days=row.account.options.get("issues_days_ahead", DAYS_AHEAD[0]))


def _is_complete(row: AsaasSubscription) -> bool:
    """Whether no charge follows."""
    return _has_most(row) or (row.end_date is not None and row.next_due_date > row.end_date)


def _has_most(row: AsaasSubscription) -> bool:
    most = row.data.get("maxPayments")
    return most is not None and row.data["issued"] >= most


def _last_day(row: AsaasSubscription) -> date:
    """Of a complete one: it has expired the day after (our decision: no document says when)."""
    if _has_most(row) or row.end_date is None:
        return date.fromisoformat(row.data["lastDueDate"])
    return row.end_date


def next_moment(row: AsaasSubscription) -> datetime | None:
    """When the clock issues the next charge, or ends the subscription."""
    if row.status != ACTIVE:
        return None
    if _is_complete(row):
        return _night_of(_last_day(row) + timedelta(days=1))
    return max(_night_of(row.next_due_date - _days_ahead(row)), _next_night())


def _night_of(day: date) -> datetime:
    return datetime.combine(day, NIGHT, SAO_PAULO)


def _next_night() -> datetime:
    tonight = _night_of(clock.today())
    return tonight if clock.now() < tonight else tonight + timedelta(days=1)


def go_on(subscription: AsaasSubscription) -> AsaasSubscription:
    """What the clock brings: every charge that is near enough, or the end, which no event tells."""
    with write():
        row = fresh(subscription)
        _issue_through(row, clock.today() + _days_ahead(row))
        if row.status == ACTIVE and _is_complete(row) and clock.today() > _last_day(row):
            row.status = EXPIRED
        row.due_at = next_moment(row)
        row.save()
    return row


def plan_again(account: Account) -> None:
    """After a switch of the account that says how early charges are issued."""
    for row in AsaasSubscription.objects.filter(account=account, status=ACTIVE):
        row.account = account
        row.due_at = next_moment(row)
        row.save(update_fields=["due_at"])


def change(subscription: AsaasSubscription, wanted: Change) -> AsaasSubscription:
    """Charges already issued stay as they are, unless it reaches them: all open ones (our reading)."""
    with write():
        row = fresh(subscription)
        if row.deleted:
            raise forbidden_action("Não é possível alterar uma assinatura removida.")
        was_active = row.status == ACTIVE
        for name, value in wanted.fields.items():
            setattr(row, name, value)
        if "next_due_date" in wanted.fields:
            row.data["day"] = row.next_due_date.day
        row.data |= wanted.data
        if row.billing_type != "CREDIT_CARD":
            row.data.pop("card", None)
        row.status = wanted.status or row.status
        if not was_active and "next_due_date" not in wanted.fields:
            _skip_what_is_past(row)
        _issue_through(row, clock.today())
        row.due_at = next_moment(row)
        row.save()
        if wanted.reaches_charges:
            _change_charges(row, wanted)
        _tell_change(row)
    return row


def _skip_what_is_past(row: AsaasSubscription) -> None:
    """A pause is not made up for: it goes on with the next date that lies ahead (our decision)."""
    if row.status != ACTIVE:
        return
    row.next_due_date = cycles.first_after(clock.today(), row.next_due_date, row.cycle, row.data["day"])


def _change_charges(row: AsaasSubscription, wanted: Change) -> None:
    """Their due dates are their own."""
    names = ("value_cents", "billing_type")
    fields = {name: wanted.fields[name] for name in names if name in wanted.fields}
    if "external_reference" in wanted.fields:
        fields["external_reference"] = _reference_for_charges(row)
    words = {name: wanted.data[name] for name in COPIED if name in wanted.data}
    terms = {name: wanted.data[name] for name in TERMS if name in wanted.data}
    for charge in list(open_charges(row)):
        effects.change(charge, fields, {**words, **dated(terms, charge.due_date)})


def _tell_change(row: AsaasSubscription) -> None:
    """A pause has an event of its own; what changed nothing is not told (our decision)."""
    before, after = row.previous or {}, serialise.subscription(row)
    is_paused = after["status"] == INACTIVE != before["status"]
    if after != (before | {"status": INACTIVE} if is_paused else before):
        emit_subscription(row, "SUBSCRIPTION_UPDATED")
    if is_paused:
        emit_subscription(row, "SUBSCRIPTION_INACTIVATED")


def delete(subscription: AsaasSubscription) -> AsaasSubscription:
    """Its open charges go first, each with its event."""
    with write():
        row = fresh(subscription)
        if row.deleted:
            raise forbidden_action("Esta assinatura já foi removida.")
        for charge in list(open_charges(row)):
            effects.delete(charge)
        row.deleted, row.status, row.due_at = True, INACTIVE, None
        row.save()
        emit_subscription(row, "SUBSCRIPTION_DELETED")
    return row


def issue_until(subscription: AsaasSubscription, day: date) -> AsaasSubscription:
    """The charges of a payment book are forced to exist (asaas.md 4.2)."""
    with write():
        row = fresh(subscription)
        _issue_through(row, day)
        row.due_at = next_moment(row)
        row.save()
    return row


def of_charge(payment: AsaasPayment) -> AsaasSubscription | None:
    gid = payment.data.get("subscription")
    if gid is None:
        return None
    return AsaasSubscription.objects.filter(account_id=payment.account_id, gid=gid).first()


def keep_card(payment: AsaasPayment, shown: dict[str, str]) -> None:
    """The card that paid a charge of a card subscription is charged from then on (our decision)."""
    found = of_charge(payment)
    if found is None or found.billing_type != "CREDIT_CARD" or found.deleted:
        return
    row = fresh(found)
    row.data["card"] = {"shown": shown, "declines": False}
    row.save(update_fields=["data", "previous"])
    for charge in open_charges(row).filter(status="PENDING"):
        charge.data |= {"creditCard": shown, "keptCard": True}
        charge.due_at = effects.next_moment(charge)
        charge.save(update_fields=["data", "due_at"])
