"""Times as Mercado Pago wants them written: "-03:00 with milliseconds" (mercadopago.md 3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

OFFSET = timezone(timedelta(hours=-3))


def written(moment: datetime) -> str:
    return moment.astimezone(OFFSET).isoformat(timespec="milliseconds")
