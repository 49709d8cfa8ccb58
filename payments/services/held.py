"""Everything that is stored about one customer, found by what the tables refer to.

A table that is added later is found, too, as long as a column leads from it to what is known already.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db import models

from payments.models import Customer

Rows = dict[type[models.Model], set[int]]
# These columns lead to what was compared with a charge, not to what is about it.
_LEADS_AWAY = {("BatchRow", "looks_like"), ("BatchRow", "looks_like_row")}
_LEAST = 4


def rows_of(customer: Customer) -> Rows:
    """The keys of every row that is about a customer, itself included."""
    found: Rows = {Customer: {customer.pk}}
    waiting: list[type[models.Model]] = [Customer]
    while waiting:
        model = waiting.pop()
        for other, column in references(model):
            keys = other._base_manager.filter(**{f"{column}__in": found[model]}).values_list("pk", flat=True)
            new = set(keys) - found.get(other, set())
            if new:
                found.setdefault(other, set()).update(new)
                waiting.append(other)
    return found


def references(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """Every column of every table whose rows are about rows of this one."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.concrete or not (relation.one_to_many or relation.one_to_one):
            continue
        other: Any = relation.related_model
        column = relation.field.name  # type: ignore[union-attr]
        if (other.__name__, column) not in _LEADS_AWAY:
            yield other, column


def text_columns(model: type[models.Model]) -> list[str]:
    """Those that can hold what somebody wrote: a column with choices cannot."""
    kinds = (models.CharField, models.TextField, models.JSONField)
    return [
        field.name for field in model._meta.concrete_fields if isinstance(field, kinds) and not field.choices
    ]


class Marks:
    """What names a person in a text: name, document, e-mail, phone and street, however they are written."""

    HIDDEN = "***"

    def __init__(self, customer: Customer) -> None:
        self._customer = customer

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        own = self._customer
        parts = [part for name in _names(own.name) for part in (_spaced(name), _spaced(_escaped(name)))]
        parts += [_spaced(one) for one in (own.email, own.email.replace("@", "%40"), own.street)]
        parts += [_spread(own.document), _spread(own.phone)]
        wanted = sorted({part for part in parts if part}, key=len, reverse=True)
        return re.compile("|".join(wanted), re.IGNORECASE) if wanted else None

    def blot(self, value: Any) -> Any:
        """The same with every mark hidden; what is no text, list or mapping is as it was."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(self.HIDDEN, value)
        if isinstance(value, dict):
            return {self.blot(key): self.blot(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.blot(item) for item in value]
        return value

    def are_in(self, value: Any) -> bool:
        return bool(self.blot(value) != value)


def _names(name: str) -> list[str]:
    """In full, and without what stands between first and last."""
    words = name.split()
    return [name, f"{words[0]} {words[-1]}"] if len(words) > 2 else [name]


def _escaped(text: str) -> str:
    """As a body of JSON may write it."""
    return json.dumps(text)[1:-1]


def _spaced(text: str) -> str:
    words = [re.escape(word) for word in text.split()]
    return r"\s+".join(words) if len(text) >= _LEAST else ""


def _spread(number: str) -> str:
    """Its letters and digits, with or without what people write between them."""
    letters = [re.escape(letter) for letter in number if letter.isalnum()]
    return r"[\s./()+-]{0,2}".join(letters) if len(letters) >= _LEAST else ""
