"""A small shop's charges, one of every kind a page must show well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User

from config import clock
from connections.models import Connection, WebhookState
from payments.models import (
    Charge,
    ChargeTerms,
    Customer,
    Finding,
    MissedNotification,
    Reconciliation,
    TimelineEntry,
)
from tests import factories

PIX_TEXT = (
    "00020101021226830014br.gov.bcb.pix2561qrcodespix.exemplo.com.br/v2/cobv/3f1c8a52b7d94e60a1"
    "5204000053039865406150.005802BR5912LOJA EXEMPLO6009SAO PAULO62070503***6304B14F"
)
PASSWORD = "a long pass phrase"


def make_people() -> tuple[User, User]:
    """Who administers and who charges."""
    admin = User.objects.create_superuser("admin", password=PASSWORD)
    operator = User.objects.create_user("carla", password=PASSWORD)
    operator.groups.add(Group.objects.get(name="Operator"))
    return admin, operator


def make_accounts() -> tuple[Connection, Connection]:
    now = clock.now()
    asaas = factories.make_connection(
        name="Loja Centro",
        account_name="Padaria Aurora Ltda",
        is_default=True,
        checked_at=now,
        last_event_at=now,
    )
    mercado = factories.make_connection(
        gateway="mercadopago",
        name="Loja Online",
        environment="production",
        account_name="Aurora Doces",
        credentials={"access_token": "APP_USR-1234567890123456-112126-0123456789abcdef-987654321"},
        webhook_secrets={},
        webhook_state=WebhookState.SHOWN,
        checked_at=now,
    )
    return asaas, mercado


def make_charges(operator: User) -> dict[str, Charge]:
    asaas, mercado = make_accounts()
    ana, bruno, long = _customers()
    shop = {"connection": asaas, "created_by": operator}
    net = {"connection": mercado, "created_by": operator}
    tests = {"connection": make_test_account(), "created_by": operator, "method": "card"}
    charges = {
        **_over(shop, net, ana, bruno),
        **_in_between(shop, net, bruno, long),
        **_usual(shop, net, ana),
        **_by_card_and_code(ana, bruno, net, tests),
    }
    for name, charge in charges.items():
        _tell(charge, operator)
        if name in ("pending", "overdue", "review"):
            factories.make_payment(charge, "pending")
    factories.make_payment(
        charges["paid"], "paid", paid_at=charges["paid"].paid_at, gateway_status="RECEIVED", fee_cents=199
    )
    give_terms(charges["pending"], discount_cents=500, fine_cents=300, interest_bp=100)
    give_terms(charges["overdue"], fine_cents=641, interest_bp=250)
    return charges


def _over(shop: dict[str, Any], net: dict[str, Any], ana: Customer, bruno: Customer) -> dict[str, Charge]:
    """Given back, refused by the gateway, cancelled."""
    given_back = {"status": "refunded", "received_cents": 8990, "refunded_cents": 8990}
    refused = {"status": "failed", "failure": "Invalid user identification number"}
    return {
        "refunded": _charge(net, ana, 8990, "Caixa de doces", due=-9, **given_back),
        "failed": _charge(net, bruno, 45000, "Bolo de casamento, sinal", due=2, **refused),
        "cancelled": _charge(shop, ana, 5000, "Pedido 69", due=1, status="cancelled"),
    }


def _in_between(
    shop: dict[str, Any], net: dict[str, Any], bruno: Customer, long: Customer
) -> dict[str, Charge]:
    """Late, to be looked at by a person, and not yet certain."""
    late = {"status": "overdue", "pix_text": PIX_TEXT}
    less = {"review_reason": "amount", "received_cents": 24000}
    unsure = {"status": "confirming", "creation_due_at": clock.now() + timedelta(seconds=40)}
    what = "Encomenda anual de cestas de Natal para todas as unidades"
    return {
        "overdue": _charge(shop, bruno, 32050, "Mensalidade de outubro", due=-4, **late),
        "review": _charge(shop, bruno, 25000, "Pedido 71", due=1, **less),
        "confirming": _charge(net, long, 123456789, what, due=9, **unsure),
    }


def _usual(shop: dict[str, Any], net: dict[str, Any], ana: Customer) -> dict[str, Charge]:
    """On a page of the gateway, paid, and waiting with a code."""
    minutes_ago = clock.now() - timedelta(minutes=2)
    page = "https://checkout.example.com/pay/9f2c"
    paid = {
        "status": "paid",
        "received_cents": 15000,
        "fee_cents": 199,
        "net_cents": 14801,
        "paid_at": minutes_ago,
        "settled_at": minutes_ago,
    }
    what = "Pedido 77: torta de limão e dois pães"
    return {
        "checkout": _charge(net, ana, 19900, "Kit festa", due=5, link=page),
        "paid": _charge(shop, ana, 15000, "Pedido 76", due=3, **paid),
        "pending": _charge(shop, ana, 15000, what, due=3, pix_text=PIX_TEXT),
    }


def _by_card_and_code(
    ana: Customer, bruno: Customer, net: dict[str, Any], tests: dict[str, Any]
) -> dict[str, Charge]:
    """Refused and waiting, paid twice, a code that died, and one that is made on demand."""
    now = clock.now()
    page = "https://checkout.example.com/pay/77aa"
    charges = {
        "card": _charge(tests, bruno, 7_500, "Pedido 80", due=4, link=page),
        "double": _charge(
            {**net, "method": "card"},
            ana,
            9_900,
            "Kit lanche",
            due=1,
            status="paid",
            review_reason="double_payment",
            received_cents=19_800,
            link=page,
        ),
        "expired": _charge(
            net,
            bruno,
            12_000,
            "Encomenda 9",
            due=-1,
            status="expired",
            pix_text=PIX_TEXT,
            pix_expires_at=now - timedelta(hours=1),
        ),
        "later": _charge(net, ana, 64_000, "Bolo de casamento, resto", due=75),
    }
    refused = {"method": "card", "gateway_status": "rejected/cc_rejected_insufficient_amount"}
    factories.make_payment(charges["card"], "failed", gateway_id="1330000001", **refused)
    for number in (2, 3):
        paid = {"method": "card", "gateway_status": "approved/accredited", "paid_at": now}
        factories.make_payment(charges["double"], "paid", gateway_id=f"133000000{number}", **paid)
    died = {"gateway_status": "cancelled/expired", "gateway_id": "1330000004"}
    factories.make_payment(charges["expired"], "expired", **died)
    return charges


def make_test_account() -> Connection:
    """Mercado Pago's sandbox: pays by card only."""
    return factories.make_connection(
        gateway="mercadopago",
        name="Loja de testes",
        account_name="TESTUSER1234",
        credentials={"access_token": "APP_USR-1234567890123456-112126-0123456789abcdef-987654322"},
        webhook_secrets={},
    )


def give_terms(charge: Charge, **values: Any) -> ChargeTerms:
    """Agreed terms, with a discount until two days before the due date where there is one."""
    if values.get("discount_cents"):
        values.setdefault("discount_until", charge.due_date - timedelta(days=2))
    return ChargeTerms.objects.create(
        charge=charge,
        since=charge.created_at,
        origin="ours",
        is_agreed=True,
        amount_cents=charge.amount_cents,
        due_date=charge.due_date,
        **values,
    )


def _customers() -> tuple[Customer, Customer, Customer]:
    return (
        factories.make_customer(name="Ana Lima", document="52998224725"),
        factories.make_customer(name="Bruno Carvalho", document="11144477735", phone=""),
        factories.make_customer(
            name="Associação Beneficente dos Moradores do Jardim das Acácias",
            document_type="CNPJ",
            document="12ABC34501DE35",
        ),
    )


def _charge(
    base: dict[str, Any], customer: Customer, cents: int, description: str, *, due: int, **more: Any
) -> Charge:
    return factories.make_charge(
        **base,
        customer=customer,
        amount_cents=cents,
        description=description,
        due_date=clock.today("America/Sao_Paulo") + timedelta(days=due),
        created_at=clock.now() - timedelta(minutes=len(description)),
        **more,
    )


def _tell(charge: Charge, operator: User) -> None:
    lines: list[TimelineEntry] = []

    def line(minutes: int, kind: str, code: str, **values: Any) -> None:
        at = charge.created_at + timedelta(minutes=minutes)
        lines.append(TimelineEntry(charge=charge, at=at, kind=kind, code=code, **values))

    line(0, "people", "created", actor=operator)
    exchange = {
        "method": "POST",
        "path": "/v3/payments",
        "request_body": '{"customer":"***","billingType":"PIX","value":150.0,"dueDate":"2026-11-24"}',
        "http_status": 200,
        "response_body": '{"object":"payment","id":"pay_0000000000000002","status":"PENDING"}',
        "request_id": "b1f2c3d4",
        "milliseconds": 212,
        "error": "",
    }
    line(0, "gateway", "exchange", source="creation", exchange=exchange)
    cause = "PAYMENT_RECEIVED" if charge.received_cents else "PAYMENT_CREATED"
    change = {"before": "draft", "after": charge.status}
    line(1, "change", "status", source="webhook", data={**change, "cause": cause})
    if charge.review_reason:
        line(2, "change", "review", source="webhook", data={"reason": charge.review_reason, "cause": "x"})
    TimelineEntry.objects.bulk_create(lines)


def make_comparison(repaired: Charge, differing: Charge) -> Reconciliation:
    """A comparison that repaired one charge, found another that differs, and money made elsewhere."""
    now = clock.now()
    connection = repaired.connection
    yesterday = clock.today(connection.time_zone) - timedelta(days=1)
    sums = {"theirs": [12, 184_050, 0], "ours": [12, 184_050, 0], "not_ours": [1, 9_900, 0]}
    run = Reconciliation.objects.create(
        connection=connection,
        trigger="schedule",
        since=now - timedelta(days=2),
        is_thorough=True,
        state="done",
        requested_at=now - timedelta(minutes=9),
        started_at=now - timedelta(minutes=9),
        finished_at=now - timedelta(minutes=8),
        calls=21,
        calls_allowed=34,
        compared=48,
        missed=1,
        differences=1,
        not_ours=1,
        days=[{"day": yesterday.isoformat(), "currency": connection.currency, **sums}],
    )
    _find(run, repaired, differing)
    return run


def _find(run: Reconciliation, repaired: Charge, differing: Charge) -> None:
    assert run.started_at and run.finished_at
    facts = {"status": "pending", "gateway_status": "PENDING", "received_cents": 0}
    paid = {"status": "paid", "gateway_status": "RECEIVED", "received_cents": repaired.amount_cents}
    MissedNotification.objects.create(
        connection=run.connection,
        resource=repaired.payments.get().resource,
        charge=repaired,
        run=run,
        found_at=run.started_at,
        source="reconciliation",
        before=facts,
        after=paid,
    )
    seen = {"run": run, "found_at": run.finished_at, "seen_at": run.finished_at, "currency": "BRL"}
    Finding.objects.create(
        connection=run.connection,
        kind="difference",
        gateway_id="pay_differs",
        charge=differing,
        theirs=paid,
        ours=facts,
        **seen,
    )
    Finding.objects.create(
        connection=run.connection,
        kind="not_ours",
        gateway_id="pay_elsewhere",
        theirs={**paid, "received_cents": 9_900},
        **seen,
    )
