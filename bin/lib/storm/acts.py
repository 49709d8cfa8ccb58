"""What the steps of a life mean: who does it, at which door, and what is noted for the comparison."""

from __future__ import annotations

from collections.abc import Callable

import requests

from lib.storm.ground import Ground, Refused
from lib.storm.hands import Desks, NotNow, TwoFromOne
from lib.storm.lives import Life, Step

# A step that is not possible yet is tried again on later days, so often.
MOST_TRIES = 6
BAD_CARD = "5184019740373151"
# The payer of a boleto says on the gateway's page where the money shall go.
BANK = {"document": "52998224725", "bank": "001", "branch": "1", "account": "2-3"}


class Acts:
    """Carries out steps; what a life did is kept with it."""

    def __init__(self, ground: Ground, desks: Desks) -> None:
        self._ground, self._desks = ground, desks
        self.two_from_one: list[str] = []
        self.done = 0

    def make(self, life: Life) -> None:
        """Press the button; a form that was refused is noted and leaves its life empty."""
        try:
            life.reference = self._desks.mine.make(life)
        except TwoFromOne as made:
            self.two_from_one.append(str(made))
        except NotNow as refused:
            life.left_out.append(f"make: {refused}")
            life.steps.clear()

    def go_on(self, life: Life) -> None:
        """The next step, if it is possible by now."""
        if not life.steps or not life.reference:
            return
        step = life.steps[0]
        try:
            _STEPS[step.kind](self, life, step)
        except (NotNow, Refused) as why:
            life.waited += 1
            if life.waited < MOST_TRIES:
                return
            life.left_out.append(f"{step.kind}: {why}")
            life.steps.clear()
        else:
            life.steps.pop(0)
        life.waited = 0
        self.done += 1

    # -- customers and gateways -----------------------------------------------------------------

    def pay(self, life: Life, step: Step) -> None:
        method = {"method": step.outcome} if step.outcome else {}
        self._ground.control("pay", reference=life.reference, **method)

    def pay_card(self, life: Life, step: Step) -> None:
        self._ground.control("pay_card", **self._shown(life))

    def refused(self, life: Life, step: Step) -> None:
        card = {"number": BAD_CARD} if life.is_asaas else {"holder": "FUND"}
        self._ground.control("pay_card", **self._shown(life), **card)

    def _shown(self, life: Life) -> dict[str, str]:
        """What can be paid by a card: of Asaas's checkouts the one that the page to pay leads to.

        One whose creating answer was lost may lie beside it; nobody has its link, and nobody can ask for it.
        """
        if life.is_asaas and life.instalments > 1:
            return {"id": self._desks.mine.checkout_of(life.reference)}
        return {"reference": life.reference}

    def removed(self, life: Life, step: Step) -> None:
        self._ground.control("delete", reference=life.reference)

    def panel_refund(self, life: Life, step: Step) -> None:
        self._ground.control("refund", reference=life.reference, amount=step.cents / 100)
        life.refunds.append((step.cents, "panel"))

    def refund_step(self, life: Life, step: Step) -> None:
        self._ground.control("refund_step", reference=life.reference, outcome=step.outcome)

    def chargeback(self, life: Life, step: Step) -> None:
        self._ground.control("chargeback", reference=life.reference)

    def chargeback_step(self, life: Life, step: Step) -> None:
        self._ground.control("chargeback_step", reference=life.reference, outcome=step.outcome)

    def claim(self, life: Life, step: Step) -> None:
        self._ground.control("claim", reference=life.reference)

    def claim_step(self, life: Life, step: Step) -> None:
        self._ground.control("claim_step", reference=life.reference, outcome=step.outcome)
        if step.outcome == "payer":
            life.refunds.append((life.cents, "claim"))

    def subscribe(self, life: Life, step: Step) -> None:
        self._ground.control("subscribe", reference=life.reference)

    def pay_turn(self, life: Life, step: Step) -> None:
        self._ground.control("pay", reference=life.reference, method="pix")

    # -- operators ------------------------------------------------------------------------------

    def refund(self, life: Life, step: Step) -> None:
        asked = self._desks.mine.give_back(life, step.cents)
        life.refunds.append((asked, "operator"))

    def cancel(self, life: Life, step: Step) -> None:
        self._desks.mine.change(life, "cancel")

    def cash(self, life: Life, step: Step) -> None:
        self._desks.mine.change(life, "cash")

    def undo_cash(self, life: Life, step: Step) -> None:
        self._desks.mine.change(life, "undo-cash")
        life.undid_cash = True

    def end_agreement(self, life: Life, step: Step) -> None:
        self._desks.mine.end_agreement(life)


_STEPS: dict[str, Callable[[Acts, Life, Step], None]] = {
    name: method
    for name, method in vars(Acts).items()
    if callable(method) and not name.startswith("_") and name not in ("make", "go_on")
}


def tell_the_bank(payer_link: str) -> None:
    """What the payer of a boleto does with the link."""
    requests.post(payer_link, data=BANK, timeout=30).raise_for_status()
