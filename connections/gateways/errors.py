"""What can go wrong at a gateway, one class for each thing the caller does next."""

from __future__ import annotations

from http import HTTPStatus


class GatewayError(Exception):
    """Base of everything a gateway call may raise.

    ``text`` is the gateway's own sentence, safe to show to the person who can act on it;
    it never holds a credential. ``code`` is the gateway's own code, for our explanation.
    """

    def __init__(
        self,
        text: str = "",
        *,
        code: str = "",
        http_status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.http_status = http_status
        self.request_id = request_id

    def __str__(self) -> str:
        parts = [type(self).__name__, str(self.http_status or ""), self.code, self.text]
        return " ".join(part for part in parts if part)


class GatewayUnavailable(GatewayError):
    """No usable answer came: try again later.

    ``maybe_sent`` tells whether the request may have had its effect all the same; then the
    caller looks the object up by our reference instead of sending it again.
    """

    def __init__(self, text: str = "", *, maybe_sent: bool, **details: object) -> None:
        super().__init__(text, **details)  # type: ignore[arg-type]
        self.maybe_sent = maybe_sent


class RateLimited(GatewayUnavailable):
    """The gateway asks this connection to pause; ``retry_after`` is in seconds."""

    def __init__(self, text: str = "", *, retry_after: float | None = None, **details: object) -> None:
        super().__init__(text, maybe_sent=False, **details)
        self.retry_after = retry_after


class BudgetExhausted(GatewayUnavailable):
    """Our own budget for this connection is spent for now; nothing was sent.

    ``retry_after`` is in seconds.
    """

    def __init__(self, text: str = "", *, retry_after: float) -> None:
        super().__init__(text, maybe_sent=False)
        self.retry_after = retry_after


class UnreadableAnswer(GatewayUnavailable):
    """An answer came that is not what the gateway's document promises (HTML, cut JSON, too long)."""


class CredentialsRefused(GatewayError):
    """The gateway does not accept the key: an administrator must act."""


class KeyOfOtherEnvironment(CredentialsRefused):
    """The key is one of the gateway's other environment."""


class RequestRefused(GatewayError):
    """The gateway understood and said no: a person must change the input.

    ``field`` names what to change in our words (``amount``, ``due_date``, ``document``, ``name``,
    ``email``, ``phone``, ``customer``, ``method``, ``terms``, or a part of ``Address``) or is empty.
    ``advice`` is our own sentence, marked for translation: what it means and what to do.
    """

    def __init__(self, text: str = "", *, field: str = "", advice: str = "", **details: object) -> None:
        super().__init__(text, **details)  # type: ignore[arg-type]
        self.field = field
        self.advice = advice


class HostedPageRequired(RequestRefused):
    """This account may not create the payment directly: prepare it again with ``hosted=True``.

    Mercado Pago, 401 cause 7 "Unauthorized use of live credentials" (mercadopago.md 8.4).
    """


class NotFound(GatewayError):
    """The gateway does not know this id (or it belongs to another account)."""


def is_no_answer(error: GatewayError) -> bool:
    """Whether the gateway may be away: what cannot be read was an answer."""
    return isinstance(error, GatewayUnavailable) and not isinstance(error, UnreadableAnswer)


def is_about_all(error: GatewayError) -> bool:
    """What it says of the key or of a pause. A 403 may be about one thing that this key does not reach."""
    if isinstance(error, CredentialsRefused):
        return error.http_status != HTTPStatus.FORBIDDEN
    return isinstance(error, RateLimited | BudgetExhausted)
