"""Write our reference into a subscription that began without us, and see whether it took."""

from __future__ import annotations

from connections.gateways.base import Gateway, SubscriptionChange
from connections.gateways.errors import NotFound, RequestRefused
from payments.models import Subscription
from payments.services import agreements, subscription_states


def is_named(own: Subscription, gateway: Gateway) -> bool:
    """Whether it carries our reference by now, or never will; asks for that where it does not.

    A 200 may drop it, and a paused one refuses it (mercadopago.md 4.4): then it is tried again later. Raises
    a ``GatewayError``.
    """
    if own.state in subscription_states.OVER or _carries(own, gateway):
        return True
    try:
        gateway.change_subscription(own.gateway_id, SubscriptionChange(reference=own.reference))
    except (RequestRefused, NotFound):
        return False
    return _carries(own, gateway)


def _carries(own: Subscription, gateway: Gateway) -> bool:
    seen = agreements.look(own, source="adoption", gateway=gateway)
    return bool(seen and seen.subscription and seen.subscription.reference == own.reference)
