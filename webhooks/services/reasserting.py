"""Tell a gateway our address and token again once it was refused at our door, before its queue stops."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.db.models import DateTimeField, Exists, OuterRef, Value
from django.db.models.functions import Coalesce

from connections import services as connections
from connections.gateways.base import Rejection
from connections.models import Connection
from connections.sealed import CannotOpen
from webhooks.models import RejectedNotification

logger = logging.getLogger(__name__)

# The refusals that a registration with the right token mends.
_MENDABLE = (Rejection.WRONG_TOKEN.value, Rejection.MISSING_TOKEN.value, Rejection.NO_SECRET.value)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def reassert() -> int:
    """Register again where a notification was refused since the gateway was told, or where it was never told.

    At most once a minute for each connection, whoever knocks how often (design rules 11 and 12). Returns
    how many gateways were asked.
    """
    told = Coalesce(OuterRef("webhook_told_at"), Value(_NEVER), output_field=DateTimeField())
    refused = RejectedNotification.objects.filter(
        connection=OuterRef("pk"), reason__in=_MENDABLE, last_at__gt=told
    )
    claimed = connections.claim_telling(Exists(refused))
    for connection in claimed:
        _tell(connection)
    return len(claimed)


def _tell(connection: Connection) -> None:
    try:
        connections.keep_webhook(connection, is_background=True)
    except CannotOpen:
        logger.error(
            "connection %s: its webhook cannot be registered, its secrets do not open", connection.pk
        )
