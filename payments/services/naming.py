"""Write our reference into a subscription that began without us, and see whether it took."""

from __future__ import annotations

from connections.gateways.base import Gateway, SubscriptionChange
from connections.gateways.errors import NotFound, RequestRefused
from payments.models import Subscription
from payments.services import agreements, subscription_states


def is_named(own: Subscription, gateway: Gateway) -> bool:
    """Whether it carries a reference by now, or never will; asks for ours where it has none.

    What somebody else wrote into it is theirs: another system finds it by that. A 200 may drop ours, and a
    paused one refuses it (mercadopago.md 4.4): then it is tried again later. Raises a ``GatewayError``.
    """
    if own.state in subscription_states.OVER:
        return True
    carried = _carried(own, gateway)
    if carried is None or carried:
        return bool(carried)
    try:
        gateway.change_subscription(own.gateway_id, SubscriptionChange(reference=own.reference))
    except (RequestRefused, NotFound):
        return False
    return bool(_carried(own, gateway))


def _carried(own: Subscription, gateway: Gateway) -> str | None:
    """The reference that it carries; None where nobody could see it now."""
    seen = agreements.look(own, source="adoption", gateway=gateway)
    return seen.subscription.reference if seen and seen.subscription else None
