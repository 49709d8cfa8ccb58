"""Refusals of the Asaas API in its envelope (asaas.md 1.5)."""

from typing import Any


class AsaasError(Exception):
    """A refusal; `body` None means an empty answer without content type."""

    def __init__(self, status: int, code: str = "", description: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.body: dict[str, Any] | None = None
        if code:
            self.body = {"errors": [{"code": code, "description": description}]}


def invalid(field: str, description: str) -> AsaasError:
    return AsaasError(400, f"invalid_{field}", description)


def forbidden_action(description: str) -> AsaasError:
    return AsaasError(400, "invalid_action", description)


def not_found() -> AsaasError:
    """asaas.md 1.5: unknown or another account's id answers 404 with an empty body."""
    return AsaasError(404)


def not_yet(what: str) -> AsaasError:
    return AsaasError(501, "simulator_not_built", f"O simulador ainda não conhece: {what}.")
