"""The boleto of a charge: its numbers, and whether a bank still takes it (asaas.md 3.4)."""

from typing import Any

from simulator import pdf, slips
from simulator.asaas.effects import OPEN
from simulator.asaas.serialise import can_be_paid_after_due
from simulator.models import AsaasPayment
from simulator.money import brazilian

BANK, AGREEMENT, WALLET = "001", "2759288", "17"
"""The bank and the agreement of the published line."""


def is_payable(row: AsaasPayment) -> bool:
    """Deregistered, the boleto and its PIX code are no good any more (our decision for the code)."""
    is_open = row.status in OPEN and not row.deleted and bool(row.data.get("nossoNumero"))
    return is_open and (row.status == "PENDING" or can_be_paid_after_due(row))


def bar_code(row: AsaasPayment) -> str:
    """With factor and value inside, so that it changes with the due date and the value."""
    free = f"000000{AGREEMENT}{int(row.data['nossoNumero']):010d}{WALLET}"
    return slips.bar_code(BANK, row.due_date, row.value_cents, free)


def numbers(row: AsaasPayment) -> dict[str, Any]:
    code = bar_code(row)
    return {
        "identificationField": slips.line(code),
        "nossoNumero": row.data["nossoNumero"],
        "barCode": code,
    }


def document(row: AsaasPayment) -> bytes:
    """The boleto as a PDF."""
    code = bar_code(row)
    return pdf.page(
        [
            "BOLETO SIMULADO - nenhum dinheiro de verdade",
            "",
            f"Beneficiário: {row.account.name}",
            f"Pagador: {row.customer.name} - CPF/CNPJ {row.customer.cpf_cnpj}",
            f"Vencimento: {row.due_date:%d/%m/%Y}",
            f"Valor: R$ {brazilian(row.value_cents)}",
            f"Nosso número: {row.data['nossoNumero']}",
            *([row.data["description"]] if row.data.get("description") else []),
            "",
            slips.grouped(slips.line(code)),
            f"Código de barras: {code}",
        ]
    )
