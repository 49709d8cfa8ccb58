"""Which language a customer reads: on the page to pay and in what an operator sends."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_language

from connections.models import Connection
from payments.models import Customer


def language_for(connection: Connection, customer: Customer | None = None) -> str:
    """The customer's own, else that of the account's country, else the one in force."""
    country = connection.country
    usual = country.language if country.currency == connection.currency else ""
    offered = dict(settings.LANGUAGES)
    for language in (customer.language if customer else "", usual):
        if language in offered:
            return language
    return get_language() or settings.LANGUAGE_CODE
