"""How log lines are written: a database tells in its errors what a row held, which is nobody's to read."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import Error, OperationalError

LEFT_OUT = "(what the row held is left out)"

# What follows the first line of an error of PostgreSQL, in the languages it may speak here: the values of
# a row, or the statement with them. A value may have several lines, so all that comes after is left out.
_MARK = r"(?:DETAIL|DETALHE|DETALLE|CONTEXTO?|QUERY|CONSULTA|(?:LINE|LINHA|L[IÍ]NEA) \d+):"
_TOLD = re.compile(
    rf"^[ |]*{_MARK}.*?(?=\n\n[ |]*(?:The above exception|During handling)|\Z)", re.MULTILINE | re.DOTALL
)
_TOLD_IN_REPR = re.compile(rf"\\+n\s*{_MARK}[^\n]*")
# 'invalid input syntax for type date: "..."': the one value that a first line quotes.
_QUOTED = re.compile(r': ".*', re.DOTALL)


class CarefulFormatter(logging.Formatter):
    """Leaves out what a database quotes of rows: of exceptions, their causes, and of messages that tell them.

    What another handler's formatter made of the exception (``record.exc_text``) is not relied on.
    """

    def format(self, record: logging.LogRecord) -> str:
        own = copy.copy(record)
        if own.exc_info:
            own.exc_text = None
        elif own.exc_text:
            own.exc_text = _careful(own.exc_text, ())
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _careful(super().formatMessage(record), _errors_of(record))

    def formatException(self, ei: Any) -> str:
        return _careful(super().formatException(ei), _chain(ei[1], set()))


def _errors_of(record: logging.LogRecord) -> Iterator[BaseException]:
    """Every exception a record was made with."""
    arguments = record.args.values() if isinstance(record.args, dict) else record.args or ()
    raised = record.exc_info[1] if record.exc_info else None
    seen: set[int] = set()
    for one in (raised, *arguments):
        if isinstance(one, BaseException):
            yield from _chain(one, seen)


def _chain(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """An exception with its causes, contexts and parts."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (error.__cause__, error.__context__, *parts):
        yield from _chain(other, seen)


def _careful(text: str, errors: Iterable[BaseException]) -> str:
    for error in errors:
        if _is_of_database(error) and (said := str(error)):
            less = _without_values(error, said)
            # A group of exceptions indents each line of a traceback.
            as_shown = r"\n[ |]*".join(re.escape(line) for line in said.split("\n"))
            text = re.sub(as_shown, less.replace("\\", r"\\"), text)
            text = text.replace(repr(said)[1:-1], repr(less)[1:-1])
    return _TOLD_IN_REPR.sub(f" {LEFT_OUT}", _TOLD.sub(LEFT_OUT, text))


def _is_of_database(error: BaseException) -> bool:
    """Django's own, or one of the driver below it, which is not imported where SQLite is used."""
    of_driver = any(kind.__module__.partition(".")[0] == "psycopg" for kind in type(error).__mro__)
    return isinstance(error, Error) or of_driver


def _without_values(error: BaseException, said: str) -> str:
    """The first line; what keeps from connecting is told whole, since no row is concerned."""
    if isinstance(error, OperationalError) or type(error).__name__ == "OperationalError":
        return _TOLD.sub(LEFT_OUT, said)
    first, _more, rest = said.partition("\n")
    first = _QUOTED.sub(": (left out)", first)
    return f"{first}\n{LEFT_OUT}" if rest else first
