"""The signature of Mercado Pago's v2 notifications (mercadopago.md 6.4)."""

import hashlib
import hmac


def signature(secret: str, data_id: str | None, request_id: str | None, ts: str) -> str:
    """A missing value disappears with its label and semicolon (mercadopago.md 6.4)."""
    pairs = (("id", data_id), ("request-id", request_id), ("ts", ts))
    manifest = "".join(f"{label}:{value};" for label, value in pairs if value)
    return hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
