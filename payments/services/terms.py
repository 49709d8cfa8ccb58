"""What is asked for a charge, in versions: as we made it, and as its gateway asks for it since."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q

from config import clock
from connections.gateways.base import GatewayPayment, Method, PaymentStatus, Terms
from payments import parcels
from payments.deriving import WAITING
from payments.models import (
    ChangeKind,
    ChangeState,
    Charge,
    ChargeChange,
    ChargeStatus,
    ChargeTerms,
    TermsOrigin,
    TimelineEntry,
    TimelineKind,
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The content of a version. Amounts in hundredths of the currency."""

    amount_cents: int
    due_date: date
    discount_cents: int = 0
    discount_until: date | None = None
    fine_cents: int = 0
    interest_bp: int = 0


def keep_first(charge: Charge, asked: Terms) -> ChargeTerms:
    """Store what a new charge asks for as its first version; belongs in the transaction that stores it."""
    content = _with_terms(Asked(amount_cents=charge.amount_cents, due_date=charge.due_date), asked)
    return ChargeTerms.objects.create(
        charge=charge,
        since=charge.created_at,
        origin=TermsOrigin.OURS,
        is_agreed=True,
        agreed_by=charge.created_by,
        **asdict(content),
    )


def keep_ours(charge: Charge, *, amount_cents: int, due_date: date, actor: User | None) -> None:
    """Store what the charge asks for from now on, as we made it; the terms stay as they were agreed."""
    if not charge.terms.exists():
        keep_first(charge, Terms())
    before = _newest(charge, None, only_agreed=True)
    ChargeTerms.objects.create(
        charge=charge,
        since=clock.now(),
        origin=TermsOrigin.OURS,
        is_agreed=True,
        agreed_by=actor,
        **asdict(replace(before, amount_cents=amount_cents, due_date=due_date)),
    )


def asked(charge: Charge) -> Terms:
    """What the newest agreed version grants and charges; plain where the charge has no versions."""
    newest = charge.terms.filter(is_agreed=True, parcel=None).last()
    if newest is None:
        return Terms()
    return Terms(
        discount_cents=newest.discount_cents,
        discount_until=newest.discount_until,
        fine_cents=newest.fine_cents,
        interest_bp=newest.interest_bp,
    )


def follow(charge: Charge, fetched: GatewayPayment, *, source: str) -> None:
    """Keep what the gateway asks for now, where that is not what it asked for before.

    Belongs in the transaction that stores the payment, after it was written and before
    ``transitions.apply``. Another due date alone is agreed with, and so is the amount a person is having
    changed; anything else waits for a person, and is over when the gateway asks for the agreed terms again.
    Of several payments the newest that waits speaks, or one that was paid over that amount.
    """
    if not is_news(charge, fetched):
        return
    own = Charge.objects.select_for_update(of=("self",), no_key=True).select_related("connection")
    _keep(own.get(pk=charge.pk), fetched, _parcel(charge, fetched), source=source)


def is_news(charge: Charge, fetched: GatewayPayment) -> bool:
    """Whether this payment, as the gateway shows it, asks for something else than was asked for last."""
    parcel = _parcel(charge, fetched)
    if not _speaks(charge, fetched, parcel):
        return False
    newest = _newest(charge, parcel)
    return _seen(newest, fetched) != newest


def _parcel(charge: Charge, fetched: GatewayPayment) -> int | None:
    return fetched.parcel if parcels.are_ours(charge) else None


def _speaks(charge: Charge, fetched: GatewayPayment, parcel: int | None) -> bool:
    """Whether this payment tells what is asked for; a parcel of a page that its payer chose does not."""
    if fetched.status not in WAITING:
        return fetched.status == PaymentStatus.PAID and _wanted(charge, fetched) is not None
    if fetched.parcel:
        return parcel is not None and parcel <= charge.instalments
    return _newest_waiting(charge) == fetched.gateway_id


def _keep(own: Charge, fetched: GatewayPayment, parcel: int | None, *, source: str) -> None:
    before = _newest(own, parcel)
    after = _seen(before, fetched)
    if after == before:
        return
    if not own.terms.exists():
        keep_first(own, Terms())
    change = _wanted(own, fetched)
    agreed = _newest(own, parcel, only_agreed=True)
    if change or _is_agreed_for_turns(own, after.amount_cents):
        agreed = replace(agreed, amount_cents=after.amount_cents)
    is_agreed = _is_agreed(after, agreed)
    ChargeTerms.objects.create(
        charge=own,
        since=clock.now(),
        origin=TermsOrigin.OURS if change else TermsOrigin.GATEWAY,
        is_agreed=is_agreed,
        parcel=parcel,
        agreed_by=change.requested_by if change and is_agreed else None,
        **asdict(after),
    )
    if is_agreed:
        _ask_for(own, before, after, parcel)
    if not (change and is_agreed):  # that tells its own story
        _note(own, before, after, is_agreed=is_agreed, source=source, parcel=parcel)


def agree(charge: Charge, version: ChargeTerms, *, actor: User) -> None:
    """A person takes what the gateway asks for, as it was shown: the charge asks for that from now on."""
    before = _newest(charge, version.parcel, only_agreed=True)
    ChargeTerms.objects.filter(pk=version.pk).update(is_agreed=True, agreed_by=actor)
    _ask_for(charge, before, _content(version), version.parcel)


def newest_due_date(charge: Charge) -> date:
    """By what was asked for last, whether or not somebody agreed to it."""
    return _newest(charge).due_date


def have_code_fetched(charge: Charge) -> None:
    """Let a worker fetch the code that is missing; a charge still being made gets its own anyway."""
    empty = {Method.PIX: Q(pix_text=""), Method.BOLETO: Q(boleto_line="")}
    lacks_one = reduce(or_, (empty[method] for method in charge.codes), Q(pk__in=()))
    if parcels.are_ours(charge):  # a worker looks which parcel is next
        lacks_one = Q()
    waits = Charge.objects.filter(pk=charge.pk, status__in=(ChargeStatus.PENDING, ChargeStatus.OVERDUE))
    without = waits.filter(lacks_one, creation_due_at=None)
    without.update(creation_due_at=clock.now(), creation_tries=0)


def _wanted(charge: Charge, fetched: GatewayPayment) -> ChargeChange | None:
    """The change of amount that was asked for and shows in this payment."""
    if fetched.parcel or fetched.amount_cents == charge.amount_cents:
        return None
    asked_for = charge.changes.filter(kind=ChangeKind.AMOUNT, state=ChangeState.OPEN, sent_at__isnull=False)
    return asked_for.filter(amount_cents=fetched.amount_cents).first()


def _is_agreed_for_turns(charge: Charge, cents: int) -> bool:
    """Whether every turn of its subscription may cost that: what was issued before follows (asaas.md 4.2)."""
    subscription = charge.subscription
    return bool(subscription and subscription.amounts.filter(is_agreed=True, amount_cents=cents).exists())


def _newest_waiting(charge: Charge) -> str:
    waiting = charge.payments.filter(status__in=WAITING).order_by("-pk")
    return waiting.values_list("gateway_id", flat=True).first() or ""


def _newest(charge: Charge, parcel: int | None = None, *, only_agreed: bool = False) -> Asked:
    """What was asked for last; a charge from before there were versions asked for its amount alone.

    A parcel of which nothing changed asks for its part of all.
    """
    versions = charge.terms.filter(is_agreed=True) if only_agreed else charge.terms.all()
    if parcel and (own := versions.filter(parcel=parcel).last()):
        return _content(own)
    whole = versions.filter(parcel=None).last()
    plain = Asked(amount_cents=charge.amount_cents, due_date=charge.due_date)
    asked = _content(whole) if whole else plain
    return Asked(**asdict(parcels.first_terms(asked, parcel, charge.instalments))) if parcel else asked


def _content(version: ChargeTerms) -> Asked:
    return Asked(
        amount_cents=version.amount_cents,
        due_date=version.due_date,
        discount_cents=version.discount_cents,
        discount_until=version.discount_until,
        fine_cents=version.fine_cents,
        interest_bp=version.interest_bp,
    )


def _seen(before: Asked, fetched: GatewayPayment) -> Asked:
    """What the fetched payment asks for; what it does not tell is as before."""
    after = replace(before, amount_cents=fetched.amount_cents, due_date=fetched.due_date or before.due_date)
    return _with_terms(after, fetched.terms) if fetched.terms else after


def _with_terms(content: Asked, terms: Terms) -> Asked:
    return replace(
        content,
        discount_cents=terms.discount_cents,
        discount_until=terms.discount_until if terms.discount_cents else None,
        fine_cents=terms.fine_cents,
        interest_bp=terms.interest_bp,
    )


def _is_agreed(after: Asked, agreed: Asked) -> bool:
    """The same for another day: the end of a discount may stay where it was or move with the due date."""
    ends = [agreed.discount_until]
    if agreed.discount_until:
        ends.append(agreed.discount_until + (after.due_date - agreed.due_date))
    return any(after == replace(agreed, due_date=after.due_date, discount_until=end) for end in ends)


def _ask_for(charge: Charge, before: Asked, content: Asked, parcel: int | None) -> None:
    """The gateway makes another code for other terms (asaas.md 3.4): ours is no longer good.

    A parcel's own code went with its payment's row; the charge asks for the sum.
    """
    if parcel:
        _ask_for_parcel(charge, before, content, parcel)
        return
    Charge.objects.filter(pk=charge.pk).update(
        amount_cents=content.amount_cents,
        due_date=content.due_date,
        pix_text="",
        pix_expires_at=None,
        boleto_line="",
        boleto_barcode="",
        updated_at=clock.now(),
    )
    have_code_fetched(charge)


def _ask_for_parcel(charge: Charge, before: Asked, content: Asked, parcel: int) -> None:
    values: dict[str, Any] = {"amount_cents": F("amount_cents") + content.amount_cents - before.amount_cents}
    if parcel == 1:
        values["due_date"] = content.due_date
    Charge.objects.filter(pk=charge.pk).update(**values, updated_at=clock.now())


def _note(
    charge: Charge, before: Asked, after: Asked, *, is_agreed: bool, source: str, parcel: int | None
) -> None:
    data: dict[str, Any] = {"is_agreed": is_agreed, "currency": charge.currency}
    if parcel:
        data["parcel"] = parcel
    TimelineEntry.objects.create(
        charge=charge,
        at=clock.now(),
        kind=TimelineKind.CHANGE,
        code="terms",
        source=source,
        data={**data, "before": _written(before), "after": _written(after)},
    )


def _written(content: Asked) -> dict[str, Any]:
    until = content.discount_until
    return {
        **asdict(content),
        "due_date": content.due_date.isoformat(),
        "discount_until": until.isoformat() if until else None,
    }
