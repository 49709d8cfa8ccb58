"""offset and limit of Mercado Pago's searches."""

from django.http import HttpRequest

from simulator.mercadopago.errors import cause

LARGEST_LIMIT, LARGEST_OFFSET = 1000, 10_000
"""mercadopago.md 1.6 knows the refusal (1000, rows limit exceeded), not its numbers: ours."""


def window(request: HttpRequest, default_limit: int) -> tuple[int, int]:
    """Offset and limit; refuses what lies beyond the ceilings."""
    offset, limit = _number(request, "offset", 0), _number(request, "limit", default_limit)
    if limit > LARGEST_LIMIT or offset > LARGEST_OFFSET:
        raise cause(400, 1000, "Number of rows exceeded the limits.")
    return offset, limit


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else default
