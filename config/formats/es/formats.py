"""Amounts in Spanish as most of Latin America writes them; Django's own groups digits by spaces."""

THOUSAND_SEPARATOR = "."
