"""Every control in words; the one list that `GET /_control/` answers."""

from typing import Any

from simulator import faults

CONTROLS: list[dict[str, Any]] = [
    {"method": "GET", "path": "/_control/", "meaning": "this list"},
    {
        "method": "POST",
        "path": "/_control/reset",
        "meaning": "everything gone: accounts, payments, deliveries, calls, faults, clock",
    },
    {"method": "GET", "path": "/_control/clock", "meaning": "now (ISO 8601 UTC) and offset_seconds"},
    {
        "method": "POST",
        "path": "/_control/clock",
        "body": "advance_seconds, or now (ISO 8601), or offset_seconds",
        "meaning": "moves the clock; expiry, overdue and settlement are done when it answers",
    },
    {"method": "GET", "path": "/_control/accounts", "meaning": "all accounts with keys"},
    {
        "method": "POST",
        "path": "/_control/accounts",
        "body": "gateway; asaas: environment, name, has_pix_key, rate_limited, site_url; mercadopago: name, "
        "test_user, token_prefix (APP_USR, TEST), site, direct_payments, has_pix_key, panel_url, "
        "panel_topics, signing_tab (test, production)",
        "meaning": "creates an account and answers all of it, keys included",
    },
    {
        "method": "POST",
        "path": "/_control/accounts/<id>",
        "body": "any of those switches, key_enabled",
        "meaning": "changes an account",
    },
    {
        "method": "POST",
        "path": "/_control/pay",
        "body": "id or reference; optional amount, account, force (also when deleted, cancelled or expired)",
        "meaning": "the customer pays by PIX now; an unpaid preference gets a PIX payment first, an Asaas "
        "charge that takes only cards is paid by a good one",
    },
    {
        "method": "POST",
        "path": "/_control/pay_card",
        "body": "id or reference; optional number, holder (APRO), amount, account, force (Asaas)",
        "meaning": "the customer pays by card on the hosted page; on a preference each call is a new payment",
    },
    {
        "method": "POST",
        "path": "/_control/review",
        "body": "id or reference, outcome (approve, reject); optional account",
        "meaning": "a Mercado Pago card payment in_process is decided",
    },
    {
        "method": "POST",
        "path": "/_control/edit",
        "body": "id or reference; value, due_date or both; optional account",
        "meaning": "an open Asaas charge is changed in the gateway's own panel (PAYMENT_UPDATED)",
    },
    {
        "method": "POST",
        "path": "/_control/expire",
        "body": "id or reference",
        "meaning": "a Mercado Pago PIX expires",
    },
    {
        "method": "POST",
        "path": "/_control/overdue",
        "body": "id or reference",
        "meaning": "an Asaas charge is overdue",
    },
    {
        "method": "POST",
        "path": "/_control/delete",
        "body": "id or reference",
        "meaning": "deleted (Asaas) or cancelled (Mercado Pago) in the gateway's own panel",
    },
    {
        "method": "POST",
        "path": "/_control/notify",
        "body": "id or reference; optional event, times (1), delay_seconds (0)",
        "meaning": "sends the last notification, or the event named, again",
    },
    {
        "method": "POST",
        "path": "/_control/panel_event",
        "body": "account; optional url",
        "meaning": "Mercado Pago's panel test event: data.id 123456, really signed",
    },
    {
        "method": "POST",
        "path": "/_control/faults",
        "body": "name; optional gateway, account, times (null: for ever), method and path (part of it) of "
        "the call, and the fault's own parameters",
        "meaning": "switches a misbehaviour on",
    },
    {"method": "GET", "path": "/_control/faults", "meaning": "what is on and how often it struck"},
    {"method": "DELETE", "path": "/_control/faults", "meaning": "switches all off"},
    {
        "method": "GET",
        "path": "/_control/books",
        "query": "reference, account",
        "meaning": "the simulator's own truth",
    },
    {
        "method": "GET",
        "path": "/_control/received",
        "query": "since (id or ISO 8601)",
        "meaning": "API calls received",
    },
    {
        "method": "GET",
        "path": "/_control/deliveries",
        "query": "since (id), account, reference, resource_id, event, state",
        "meaning": "notifications with every attempt",
    },
    {
        "method": "POST",
        "path": "/_control/flush",
        "body": "optional ignore_schedule, timeout_seconds (30)",
        "meaning": "answers when what is due (or all that waits) was tried",
    },
]


def description() -> dict[str, Any]:
    return {"controls": CONTROLS, "faults": faults.KNOWN}
