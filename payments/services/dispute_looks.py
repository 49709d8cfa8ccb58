"""The disputes of many payments of a connection, asked for one payment after the other by a comparison."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable

from django.db.models import Q

from connections.gateways.base import Gateway
from connections.gateways.errors import (
    BudgetExhausted,
    CredentialsRefused,
    GatewayError,
    GatewayUnavailable,
    RateLimited,
    UnreadableAnswer,
)
from connections.models import Connection
from payments.models import Payment
from payments.services import disputing

logger = logging.getLogger(__name__)

MOST = 500
# After so many payments in a row without an answer the gateway is taken to be away.
_MOST_SILENT = 3
# These mean every payment of the connection.
_OF_ALL = (BudgetExhausted, CredentialsRefused, RateLimited)


def wanted(
    connection: Connection, *, fetched: Collection[str], told: Collection[str], is_thorough: bool
) -> list[Payment]:
    """Of what was ``fetched`` now; in a thorough run of all that is contested, as papers may be asked for.

    ``told``: where the gateway tells of a dispute, which may have come and gone unseen.
    """
    asked = Q(gateway_id__in=[*told, *fetched][:MOST])
    if is_thorough:
        asked |= disputing.OPEN
    own = Payment.objects.filter(asked, connection=connection).distinct().order_by("pk")
    return [one for one in own if disputing.is_wanted(one, is_told=one.gateway_id in told)][:MOST]


def look(
    payments: Iterable[Payment], gateway: Gateway, *, source: str, before_each: Callable[[], None]
) -> None:
    """A payment whose disputes cannot be read keeps no other from being looked at; raises nothing.

    A gateway that answers payments but no disputes is left alone until the next time.
    """
    silent = 0
    for payment in payments:
        before_each()
        try:
            disputing.look_alone(payment.pk, gateway, source=source)
            silent = 0
        except GatewayError as error:
            logger.warning("no answer about disputes of payment %s", payment.pk, exc_info=True)
            is_away = isinstance(error, GatewayUnavailable) and not isinstance(error, UnreadableAnswer)
            silent = silent + 1 if is_away else 0
            if silent >= _MOST_SILENT or isinstance(error, _OF_ALL):
                return
