"""What will happen to each charge of a storm: drawn from the seed alone, before anything is started."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lib.accounts import Kind

_ENOUGH = 500_000  # reais; refunds need money in the account
_TOPICS = [
    "payment",
    "subscription_preapproval",
    "subscription_preapproval_plan",
    "subscription_authorized_payment",
    "topic_chargebacks_wh",
    "topic_claims_integration_wh",
]
_ASAAS: dict[str, Any] = {"gateway": "asaas", "has_pix_key": True, "opening_balance": _ENOUGH}
_MP: dict[str, Any] = {
    "gateway": "mercadopago",
    "token_prefix": "APP_USR",
    "site": "MLB",
    "opening_balance": _ENOUGH,
    "panel_topics": _TOPICS,
}
ACCOUNTS = (
    Kind("asaas", "Loja Asaas", "sandbox", {**_ASAAS, "environment": "sandbox"}),
    Kind("slow", "Filial Asaas", "production", {**_ASAAS, "environment": "production", "slow_refunds": True}),
    Kind("direct", "Loja Mercado Pago", "production", {**_MP, "test_user": False, "direct_payments": True}),
    Kind("hosted", "Checkout Mercado Pago", "sandbox", {**_MP, "test_user": True, "direct_payments": False}),
)
KINDS = {kind.key: kind for kind in ACCOUNTS}
_METHODS = {
    "asaas": ("pix", "boleto", "card", "any"),
    "slow": ("pix", "card"),
    "direct": ("pix", "boleto", "card", "any"),
    "hosted": ("pix", "card", "any"),
}
# Paid at a bank the money comes days later; who pays like that waits for it before anything else happens.
_SLIP = "boleto"
_FIRST_NAMES = ("Ana", "Bruno", "Carla", "Davi", "Elisa", "Fábio", "Gabriela", "Heitor", "Íris", "João")
_LAST_NAMES = ("Almeida", "Barros", "Costa", "Dias", "Esteves", "Farias", "Gomes", "Lima", "Moraes", "Nunes")


@dataclass(frozen=True)
class Person:
    """A customer: who pays."""

    name: str
    document: str
    email: str


@dataclass(frozen=True)
class Step:
    """One thing that somebody does; ``cents`` and ``outcome`` where the kind of step has them."""

    kind: str
    cents: int = 0
    outcome: str = ""


@dataclass
class Life:
    """One charge, or one subscription, from the filled form to its end, and what became of it so far."""

    number: int
    account: str
    method: str
    cents: int
    person: Person
    submission: str
    due_days: int
    day: int
    instalments: int = 1
    is_subscription: bool = False
    clicks: int = 1
    steps: list[Step] = field(default_factory=list)
    reference: str = ""
    # What was asked for and not refused: (cents, who), one entry per filled form or act in the panel.
    refunds: list[tuple[int, str]] = field(default_factory=list)
    undid_cash: bool = False
    left_out: list[str] = field(default_factory=list)
    waited: int = 0

    @property
    def is_asaas(self) -> bool:
        return KINDS[self.account].is_asaas

    @property
    def is_slow(self) -> bool:
        """Whether its refunds wait at the gateway."""
        return bool(KINDS[self.account].switches.get("slow_refunds"))


def draw(seed: int, charges: int) -> list[Life]:
    """The same for the same numbers, whatever the product makes of it."""
    rng = Random(f"storm {seed} {charges}")
    people = [_person(rng, number) for number in range(max(5, charges // 5))]
    lives = [_charge(rng, number, charges, people) for number in range(charges)]
    first = len(lives)
    lives += [_subscription(rng, first + number, people) for number in range(max(2, charges // 25))]
    rng.shuffle(lives)
    return lives


def days_of_creating(charges: int) -> int:
    return min(8, max(2, charges // 100))


def _person(rng: Random, number: int) -> Person:
    name = f"{rng.choice(_FIRST_NAMES)} {rng.choice(_LAST_NAMES)}"
    return Person(name, cpf(rng), f"cliente{number}@example.com")


def cpf(rng: Random) -> str:
    """Eleven digits, the last two of which check the others."""
    digits = [rng.randrange(10) for _place in range(9)]
    digits[8] = (digits[0] + 1) % 10 if len(set(digits)) == 1 else digits[8]
    for length in (9, 10):
        total = sum(digit * (length + 1 - place) for place, digit in enumerate(digits))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _charge(rng: Random, number: int, charges: int, people: Sequence[Person]) -> Life:
    account = rng.choices(tuple(_METHODS), weights=(5, 2, 5, 2))[0]
    method = rng.choice(_METHODS[account])
    life = Life(
        number=number,
        account=account,
        method=method,
        cents=rng.randrange(2_000, 60_000),
        person=rng.choice(people),
        submission=_uuid(rng),
        due_days=rng.randrange(2, 7),
        day=rng.randrange(days_of_creating(charges)),
        clicks=2 if rng.random() < 0.05 else 1,
    )
    if account == "asaas" and method in ("boleto", "card") and rng.random() < 0.3:
        life.instalments = rng.randrange(2, 5)
    life.steps = _steps(rng, life)
    return life


def _subscription(rng: Random, number: int, people: Sequence[Person]) -> Life:
    account = rng.choice(("asaas", "direct"))
    life = Life(
        number=number,
        account=account,
        method=rng.choice(("pix", "boleto")) if account == "asaas" else "card",
        cents=rng.randrange(2_000, 20_000),
        person=rng.choice(people),
        submission=_uuid(rng),
        due_days=rng.randrange(1, 4),
        day=0,
        is_subscription=True,
    )
    if account == "asaas":
        life.steps = [Step("pay_turn"), Step("pay_turn"), *_sometimes(rng, 0.4, Step("end_agreement"))]
    else:
        life.steps = [Step("subscribe"), *_sometimes(rng, 0.3, Step("end_agreement"))]
    return life


def _sometimes(rng: Random, share: float, *steps: Step) -> list[Step]:
    return list(steps) if rng.random() < share else []


def _steps(rng: Random, life: Life) -> list[Step]:
    """First what becomes of the charge, then, where it was paid, what becomes of the money."""
    end = rng.choices(("pay", "abandon", "cancel", "removed", "cash"), weights=(84, 6, 5, 2, 3))[0]
    if end == "cash" and (not life.is_asaas or life.instalments > 1):
        end = "pay"
    if end == "cash":
        return [Step("cash"), *_sometimes(rng, 0.3, Step("undo_cash"), Step("pay"))]
    if end in ("cancel", "removed"):
        is_hosted = not life.is_asaas and (life.method in ("card", "any") or life.account == "hosted")
        return [Step("cancel" if is_hosted or life.instalments > 1 else end)]
    if end == "abandon":
        return []
    return [*_paying(rng, life), *_afterwards(rng, life)]


def _paying(rng: Random, life: Life) -> list[Step]:
    by_card = life.method == "card"
    refused = _sometimes(rng, 0.2, Step("refused")) if by_card else []
    way = "pay_card" if by_card else "pay"
    if life.method == _SLIP and life.is_asaas:
        # By its PIX code it is there at once, at a bank on the next business day.
        return [Step(way, outcome=rng.choice(("pix", "boleto")))] * life.instalments
    count = 1 if by_card and life.is_asaas else life.instalments
    return [*refused, *[Step(way)] * count]


def _afterwards(rng: Random, life: Life) -> list[Step]:
    is_slip = life.method == _SLIP and life.is_asaas
    if life.instalments > 1:
        return [] if is_slip else _sometimes(rng, 0.3, *_part(rng, life))
    if is_slip:  # back only as a whole, and at a bank with the payer's word
        return _sometimes(rng, 0.2, Step("refund"))
    if life.method == "card" and rng.random() < 0.25:
        return _dispute(rng, life)
    if not life.is_asaas and rng.random() < 0.05:
        return [Step("claim"), Step("claim_step", outcome=rng.choice(("payer", "seller")))]
    kinds: dict[str, Callable[[], list[Step]]] = {
        "none": lambda: [],
        "part": lambda: _part(rng, life),
        "parts": lambda: [*_part(rng, life), *_given(rng, life, Step("refund"))],
        "whole": lambda: _given(rng, life, Step("refund")),
        "panel": lambda: _given(rng, life, Step("panel_refund", cents=_share(rng, life))),
    }
    chosen = rng.choices(tuple(kinds), weights=(50, 18, 10, 14, 8))[0]
    return kinds[chosen]()


def _share(rng: Random, life: Life) -> int:
    return rng.randrange(300, life.cents // (2 * life.instalments))


def _part(rng: Random, life: Life) -> list[Step]:
    return _given(rng, life, Step("refund", cents=_share(rng, life)))


def _given(rng: Random, life: Life, step: Step) -> list[Step]:
    """A slow gateway decides later about what it was asked for."""
    if not life.is_slow:
        return [step]
    return [step, Step("refund_step", outcome=rng.choice(("done", "done", "deny")))]


def _dispute(rng: Random, life: Life) -> list[Step]:
    ends = ("won", "lost")
    outcome = rng.choice(ends)
    asked = [Step("chargeback_step", outcome="documents" if life.is_asaas else "ask_documents")]
    back = [Step("chargeback_step", outcome="given_back")] if life.is_asaas and outcome == "won" else []
    return [Step("chargeback"), *asked, Step("chargeback_step", outcome=outcome), *back]
