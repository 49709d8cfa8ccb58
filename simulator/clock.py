"""The simulated clock: real time plus an offset, kept in memory and in the database."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from simulator.models import Setting

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
FAR = datetime.max.replace(tzinfo=UTC)
KEY = "clock_offset_seconds"

_offset = timedelta()
_listeners: list[Callable[[], None]] = []


def now() -> datetime:
    return datetime.now(UTC) + _offset


def today() -> date:
    """The civil date in São Paulo, by which Asaas counts (asaas.md 1.7)."""
    return now().astimezone(SAO_PAULO).date()


def offset_seconds() -> float:
    return _offset.total_seconds()


def load() -> None:
    global _offset
    row = Setting.objects.filter(key=KEY).first()
    _offset = timedelta(seconds=row.value if row else 0)


def set_offset(seconds: float) -> None:
    global _offset
    Setting.objects.update_or_create(key=KEY, defaults={"value": seconds})
    _offset = timedelta(seconds=seconds)
    for listener in _listeners:
        listener()


def on_change(listener: Callable[[], None]) -> None:
    _listeners.append(listener)


def real_seconds_until(moment: datetime) -> float:
    return (moment - now()).total_seconds()
