"""What runs beside the web threads in the serving process."""

from simulator import clock, delivering, faults, outbox, schedule, tables
from simulator.sending import sender


def prepare() -> None:
    tables.create_missing()
    clock.load()
    faults.load()


def start() -> None:
    sender.start(delivering.run)
    outbox.wake_all_waiting()
    schedule.start()
