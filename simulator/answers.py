"""JSON in and out, without losing digits or key order."""

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse


class BadJson(ValueError):
    """The body is not a JSON object."""


def json_text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def json_answer(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(json_text(body), status=status, content_type="application/json;charset=UTF-8")


def read_json(request: HttpRequest) -> dict[str, Any]:
    if not request.body.strip():
        return {}
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except (ValueError, RecursionError) as err:
        raise BadJson("not JSON") from err
    if not isinstance(body, dict):
        raise BadJson("not an object")
    return body


def jsonable(value: Any) -> Any:
    """Decimals of a request become numbers again before they are stored."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [jsonable(item) for item in value]
    return value
