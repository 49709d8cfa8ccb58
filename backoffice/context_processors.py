from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, object]:
    """What every page's frame shows."""
    return {"is_demo": settings.DEMO}
