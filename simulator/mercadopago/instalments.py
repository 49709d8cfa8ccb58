"""In how many parts a card may pay, and what that costs the buyer (mercadopago.md 2.1, 3.3)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from simulator.mercadopago import serialise
from simulator.mercadopago.errors import MpError
from simulator.models import MpPreference
from simulator.money import brazilian

MONTHLY_INTEREST = Decimal("0.0291")
"""Our choice: three parts of 149.90 cost 158.70, as in the published sample."""
USUAL_MOST = 12
"""Our choice, for a preference that names no most."""


@dataclass(frozen=True)
class Parts:
    count: int
    each_cents: int
    interest_cents: int
    """What the buyer pays on top; it goes to Mercado Pago."""


def parts(amount_cents: int, count: int, step: int) -> Parts:
    """Equal parts with compound interest, in whole steps; a single one is without."""
    if count == 1:
        return Parts(1, amount_cents, 0)
    growth = (1 + MONTHLY_INTEREST) ** count
    exact = amount_cents * MONTHLY_INTEREST * growth / (growth - 1)
    each = int((exact / step).quantize(Decimal(1), ROUND_HALF_UP)) * step
    return Parts(count, each, each * count - amount_cents)


def most(preference: MpPreference) -> int:
    return int(preference.data["payment_methods"]["installments"] or USUAL_MOST)


def chosen(preference: MpPreference, amount_cents: int, count: int, *, is_debit: bool) -> Parts:
    """Raises for more than the preference allows, and for a debit card in parts."""
    if not 1 <= count <= (1 if is_debit else most(preference)):
        text = f"installments not offered by the preference: {count}"
        raise MpError(400, {"message": text, "error": "invalid_installments", "status": 400, "cause": []})
    return parts(amount_cents, count, serialise.smallest_cents(preference.account))


def offered(preference: MpPreference) -> list[dict[str, object]]:
    """The choices of the page, in words."""
    step = serialise.smallest_cents(preference.account)
    shown = []
    for count in range(1, most(preference) + 1):
        one = parts(preference.total_cents, count, step)
        total = _written(preference.total_cents + one.interest_cents, step)
        text = f"{count}x de {_written(one.each_cents, step)}" + (f" (total {total})" if count > 1 else "")
        shown.append({"count": count, "text": text})
    return shown


def _written(cents: int, step: int) -> str:
    text = brazilian(cents)
    return text if step == 1 else text.partition(",")[0]
