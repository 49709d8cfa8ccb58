"""One budget per connection, shared by every process through Redis: calls under way and calls per window.

Where Redis is away each process keeps a small share of its own, so a broker that is down never stops
a charge. A pause (the gateway answered 429) is kept on the connection's row.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import clock
from config.circuit import Circuit
from connections.gateways.base import Capabilities
from connections.gateways.errors import BudgetExhausted
from connections.models import Connection

circuit = Circuit(seconds=5.0)
logger = logging.getLogger(__name__)

_STALE_SECONDS = 60  # a process that died gives its places back after this
_LOCAL_CONCURRENCY = 8
_BACKGROUND_SHARE = 0.75
# Whatever a gateway asks for, it is tried again after this.
LONGEST_PAUSE = timedelta(minutes=15)

_TAKE = """
local flying, window = KEYS[1], KEYS[2]
local now, token = tonumber(ARGV[1]), ARGV[2]
local most_flying, most_calls, seconds = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
redis.call('ZREMRANGEBYSCORE', flying, '-inf', now - tonumber(ARGV[6]))
if redis.call('ZCARD', flying) >= most_flying then return 1 end
local start = tonumber(redis.call('HGET', window, 'start') or '-1')
if start < 0 or now >= start + seconds or now < start then
  redis.call('DEL', window)
  redis.call('HSET', window, 'start', now, 'calls', 0)
  start = now
end
if tonumber(redis.call('HGET', window, 'calls')) >= most_calls then
  return math.ceil(start + seconds - now) + 1
end
redis.call('HINCRBY', window, 'calls', 1)
redis.call('EXPIRE', window, seconds * 2)
redis.call('ZADD', flying, now, token)
redis.call('EXPIRE', flying, 3600)
return 0
"""

_local_places: dict[int, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(_LOCAL_CONCURRENCY)
)


@cache
def _redis() -> Any:
    # Without its retries: those of redis-py hold a call for seconds while Redis is away.
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.3, socket_connect_timeout=0.3, retry=once
    )


def _leave_alone(error: redis.RedisError) -> None:
    circuit.open()
    logger.warning("budgets are kept by each process alone: Redis is away (%s)", type(error).__name__)


class ConnectionBudget:
    """The places of one connection. ``is_background`` leaves a quarter of them to people.

    ``before_call`` is the caller's own limit: it raises a ``BudgetExhausted`` when that is reached.
    """

    def __init__(
        self,
        connection_id: int,
        limits: Capabilities,
        *,
        is_background: bool,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        share = _BACKGROUND_SHARE if is_background else 1.0
        self._connection_id = connection_id
        self._most_flying = int(limits.concurrency * share)
        self._most_calls = int(limits.window_calls * share)
        self._window_seconds = limits.window_seconds
        self._keys = [f"budget:{connection_id}:flying", f"budget:{connection_id}:window"]
        self._before_call = before_call
        self._held: list[str] = []

    def acquire(self) -> None:
        """Take one place; raises ``BudgetExhausted``."""
        if self._before_call:
            self._before_call()
        self._refuse_while_paused()
        token = secrets.token_hex(8)
        refused = None if circuit.is_open else self._take(token)
        if refused is None:
            refused, token = self._take_locally(), ""
        if refused:
            raise BudgetExhausted("our own budget for this connection is spent", retry_after=float(refused))
        self._held.append(token)

    def release(self) -> None:
        token = self._held.pop()
        if not token:
            _local_places[self._connection_id].release()
            return
        try:
            _redis().zrem(self._keys[0], token)
        except redis.RedisError as err:  # the place comes back by its time-out
            _leave_alone(err)

    def pause(self, seconds: float) -> None:
        until = clock.now() + min(timedelta(seconds=seconds), LONGEST_PAUSE)
        Connection.objects.filter(pk=self._connection_id).update(paused_until=until)

    def _refuse_while_paused(self) -> None:
        until = Connection.objects.values_list("paused_until", flat=True).get(pk=self._connection_id)
        if until and until > clock.now():
            raise BudgetExhausted(
                "the gateway asked for a pause", retry_after=(until - clock.now()).total_seconds()
            )

    def _take(self, token: str) -> int | None:
        """0 for a place, else the seconds to wait; None when Redis is away."""
        arguments = [clock.now().timestamp(), token, self._most_flying, self._most_calls]
        arguments += [self._window_seconds, _STALE_SECONDS]
        try:
            return int(_redis().eval(_TAKE, len(self._keys), *self._keys, *arguments))
        except redis.RedisError as err:
            _leave_alone(err)
            return None

    def _take_locally(self) -> int:
        return 0 if _local_places[self._connection_id].acquire(blocking=False) else 1
