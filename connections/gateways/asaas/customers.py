"""Customers that Asaas keeps (asaas.md 2)."""

from __future__ import annotations

from connections.gateways.answers import Answer
from connections.gateways.asaas.api import AsaasApi, quoted, required_id
from connections.gateways.base import Address, CustomerDetails
from connections.gateways.errors import RequestRefused
from connections.gateways.money import encode
from connections.gateways.texts import gettext_noop as _
from connections.gateways.values import text

# DELETE only hides a customer, POST .../restore brings it back (asaas.md 2).
ERASURE = _(
    "Asaas keeps this customer under the id below. Remove it there, in its panel under Clientes or by"
    " DELETE /v3/customers/{id}. It can be restored afterwards: ask Asaas where it must be gone for good."
)
_DOCUMENT_TYPES = {11: "CPF", 14: "CNPJ"}


def find(api: AsaasApi, details: CustomerDetails) -> str:
    """Several customers may share a document: ours by reference first, else any that is not deleted."""
    if not details.document:
        return ""
    listed = api.items("/customers", {"cpfCnpj": details.document})
    living = [item for item in listed if item.get("deleted") is not True and text(item.get("id"))]
    ours = [item for item in living if text(item.get("externalReference")) == details.reference]
    return text(next(iter([*ours, *living]), {}).get("id"), 100)


def create(api: AsaasApi, details: CustomerDetails) -> str:
    if not details.document:
        # Asaas would accept the customer and refuse every charge (asaas.md section 8, row 12).
        raise RequestRefused(_("Asaas needs the customer's CPF or CNPJ."), field="document")
    wanted = {
        "name": details.name,
        "cpfCnpj": details.document,
        "email": details.email,
        **_phone(details.phone),
        "externalReference": details.reference,
    }
    # Asaas would write to the customer by itself, for a fee, in the sandbox too (section 2).
    body: dict[str, object] = {key: value for key, value in wanted.items() if value}
    answer = api.ask("POST", "/customers", body=encode({**body, "notificationDisabled": True}))
    return required_id(answer)


def fetch(api: AsaasApi, gateway_id: str) -> CustomerDetails:
    """One by its id, also one that was deleted there. A document may be missing (2)."""
    return _read(api.ask("GET", f"/customers/{quoted(gateway_id)}"), gateway_id)


def update(api: AsaasApi, gateway_id: str, details: CustomerDetails) -> CustomerDetails:
    """PUT takes what POST takes (2); whether an empty value would remove one is not told, so none is sent."""
    wanted = {
        "name": details.name,
        "email": details.email,
        **_phone(details.phone),
        **_address(details.address),
    }
    body = encode({key: value for key, value in wanted.items() if value})
    return _read(api.ask("PUT", f"/customers/{quoted(gateway_id)}", body=body), gateway_id)


def _read(answer: Answer, gateway_id: str) -> CustomerDetails:
    if required_id(answer) != gateway_id:
        raise answer.unreadable()
    raw = answer.record()
    document = "".join(letter for letter in text(raw.get("cpfCnpj"), 32) if letter.isalnum()).upper()
    return CustomerDetails(
        reference=text(raw.get("externalReference"), 100),
        name=text(raw.get("name"), 120),
        document=document,
        document_type=_DOCUMENT_TYPES.get(len(document), ""),
        email=text(raw.get("email"), 254),
        phone=text(raw.get("mobilePhone"), 32) or text(raw.get("phone"), 32),
    )


def _address(known: Address | None) -> dict[str, str]:
    """City and state follow from the postal code."""
    if known is None:
        return {}
    return {
        "postalCode": known.zip_code,
        "address": known.street,
        "addressNumber": known.number,
        "province": known.district,
    }


def _phone(written: str) -> dict[str, str]:
    """Brazilian numbers only, mobile (11 digits) and fixed (10) in their own boxes; others are refused."""
    digits = "".join(letter for letter in written if letter.isascii() and letter.isdigit())
    national = digits[2:] if digits.startswith("55") and len(digits) in (12, 13) else digits
    box = {11: "mobilePhone", 10: "phone"}.get(len(national))
    return {box: national} if box else {}
