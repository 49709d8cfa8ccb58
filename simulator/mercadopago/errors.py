"""Refusals of Mercado Pago in their several envelopes (mercadopago.md 1.6)."""

from typing import Any

from simulator import clock, numbering

WORDS = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found"}


class MpError(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('message')}")
        self.status = status
        self.body = body


def cause(status: int, code: int, text: str) -> MpError:
    """The payments API: the code in `cause` decides, not the text."""
    data = f"{clock.now():%d-%m-%YT%H:%M:%S}UTC;{numbering.fresh_uuid()}"
    return MpError(
        status,
        {
            "message": text,
            "error": WORDS[status],
            "status": status,
            "cause": [{"code": code, "description": text, "data": data}],
        },
    )


def preference(error: str, text: str) -> MpError:
    return MpError(400, {"message": text, "error": error, "status": 400, "cause": None})


def plain(status: int, text: str) -> MpError:
    """Subscriptions say no more than this (mercadopago.md 1.6)."""
    return MpError(status, {"message": text, "status": status})


def payment_not_found() -> MpError:
    return cause(404, 2000, "Payment not found")


def not_found(what: str) -> MpError:
    return MpError(404, {"message": f"{what} not found", "error": "not_found", "status": 404, "cause": []})


def live_credentials() -> MpError:
    return cause(401, 7, "Unauthorized use of live credentials")


def not_yet(what: str) -> MpError:
    text = f"The simulator does not know this yet: {what}"
    return MpError(501, {"message": text, "error": "not_implemented", "status": 501, "cause": []})
