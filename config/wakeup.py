"""Wake a worker by task name. Never needed for correctness and never slow: workers sweep by themselves."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Any

from kombu.exceptions import OperationalError

from config.celery import app
from config.circuit import Circuit

logger = logging.getLogger(__name__)

_SOCKET_SECONDS = 0.3

_local = threading.local()


circuit = Circuit(seconds=5.0)


def _producer() -> Any:
    if not hasattr(_local, "producer"):
        options = dict(
            app.conf.broker_transport_options,
            socket_timeout=_SOCKET_SECONDS,
            socket_connect_timeout=_SOCKET_SECONDS,
            retry_on_timeout=False,
            # kombu would otherwise knock again for six seconds before it says that nobody is there.
            max_retries=0,
            interval_start=0,
            interval_step=0,
            interval_max=0,
        )
        connection = app.connection_for_write(transport_options=options)
        _local.producer = app.amqp.Producer(connection, auto_declare=False)
    return _local.producer


def _forget_producer() -> None:
    producer = _local.__dict__.pop("producer", None)
    if producer is not None:
        with suppress(OperationalError, OSError):
            producer.connection.release()


def answers() -> bool:
    """Whether the broker takes messages now; asked anew each time, within a second."""
    options = dict(
        app.conf.broker_transport_options,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
        retry_on_timeout=False,
    )
    try:
        with app.connection_for_write(transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            broker.default_channel.close()
    except (OperationalError, OSError):
        return False
    return True


def wake(task_name: str, *args: object) -> bool:
    """Send a wake-up; False when the broker did not take it. Takes at most about 0.3 s, once in 5 s."""
    if circuit.is_open:
        return False
    try:
        app.send_task(task_name, args=args, producer=_producer(), retry=False, ignore_result=True)
    except (OperationalError, OSError) as err:
        circuit.open()
        _forget_producer()
        logger.warning(
            "the broker did not take a wake-up (%s); workers will find the work by themselves",
            type(err).__name__,
        )
        return False
    circuit.close()
    return True
