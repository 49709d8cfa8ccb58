"""A charge with all that counts for its status. Pure: it holds everything, the moment included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from payments import gate, parcels
from payments.models import Charge, ChargeTerms, Payment


@dataclass(frozen=True, kw_only=True)
class Case:
    """A charge with all that counts for its status, as of one moment.

    ``versions`` are its terms, oldest first; ``accepted`` the marks of what a person decided. ``has_page``:
    several payments may come by one hosted page, where otherwise a second one is a twin. ``is_page_renewed``:
    the page is made anew when it is wanted, so no gateway tells that it is overdue. ``is_remade``: what is
    over was ended to make something else in its place. ``times_paid``: how often money had come in, asked for
    only where it seems to be gone. ``lost_refunds``: those a person must look for, each with the payment it
    is of. ``plan_sizes``: how many parcels a plan has, where known. ``agreed_cents``: where it is a turn of a
    subscription, every amount that was ever agreed for one.
    """

    charge: Charge
    payments: Sequence[Payment]
    now: datetime
    versions: Sequence[ChargeTerms] = ()
    accepted: frozenset[str] = frozenset()
    has_page: bool = False
    is_page_renewed: bool = False
    is_remade: bool = False
    times_paid: int = 0
    lost_refunds: tuple[tuple[str, str], ...] = ()
    plan_sizes: Mapping[str, int] = field(default_factory=dict)
    agreed_cents: tuple[int, ...] = ()

    @property
    def is_page_open(self) -> bool:
        ends = self.charge.expires_at
        return self.has_page and (ends is None or ends > self.now)

    @cached_property
    def received(self) -> list[Payment]:
        return [payment for payment in self.payments if payment.status in parcels.RECEIVING]

    @property
    def references(self) -> set[str]:
        """What a payment of it may carry: a turn has none of its own, or that of its subscription."""
        own = {"", self.charge.reference, self.charge.foreign_reference}
        subscription = self.charge.subscription
        return own | {subscription.reference, subscription.foreign_reference} if subscription else own

    def day_of(self, moment: datetime) -> date:
        """The civil date where the account is."""
        return moment.astimezone(ZoneInfo(self.charge.connection.time_zone)).date()

    @cached_property
    def is_several(self) -> bool:
        return parcels.is_several(self.payments)

    @cached_property
    def is_complete(self) -> bool:
        """Whether all was paid; of one payment that is so as soon as there is money."""
        if not self.is_several:
            return bool(self.received)
        return parcels.is_complete(self.charge, self.payments, self._for_all(None), self.plan_sizes)

    def expected(self, payment: Payment) -> tuple[gate.Range, ...]:
        """The sums that were right on the day of this payment."""
        day = self.day_of(payment.paid_at) if payment.paid_at else None
        if not payment.parcel or not parcels.are_ours(self.charge):
            return self._for_all(day)
        return parcels.expected(
            self._agreed,
            payment.parcel,
            count=self.charge.instalments,
            amount_cents=self.charge.amount_cents,
            day=day,
        )

    def is_right(self, payment: Payment) -> bool:
        """Whether its money is what was asked for; of parcels the payer chose, the sum."""
        if not payment.parcel or parcels.are_ours(self.charge):
            return gate.admits(payment.received_cents, self.expected(payment))
        own = parcels.group(payment, self.payments)
        return parcels.is_sum_right(own, self.expected(payment), self.plan_sizes.get(payment.plan_id))

    @cached_property
    def _agreed(self) -> list[ChargeTerms]:
        return [version for version in self.versions if version.is_agreed]

    def _for_all(self, day: date | None) -> tuple[gate.Range, ...]:
        whole = [version for version in self._agreed if version.parcel is None]
        own = gate.expected(whole, amount_cents=self.charge.amount_cents, day=day)
        return tuple(dict.fromkeys((*own, *(gate.Range(cents, cents) for cents in self.agreed_cents))))
