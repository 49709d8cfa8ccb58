"""The address of every page of the product, over a shop in which each has something to show."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from tests import factories
from tests.pages import (
    admin_pages,
    sample,
    sample_batches,
    sample_customers,
    sample_disputes,
    sample_events,
    sample_pay,
    sample_refunds,
    sample_settlements,
    sample_subscriptions,
)
from webhooks.services import dead_list

FIXED = {
    "overview": "/",
    "overview-sandbox": "/?money=sandbox",
    "events": "/events/",
    "events-nothing": "/events/?q=zzz",
    "events-accounts": "/events/accounts/",
    "simulate": "/events/simulate/",
    "replay-preview": "/events/replay/",
    "charges": "/charges/",
    "charges-nothing": "/charges/?q=zzz",
    "charges-narrowed": "/charges/?tab=waiting&by=due&days=month&status=pending&least=10,00&most=x",
    "charges-totals": "/charges/totals/?by=due&days=month",
    "charges-cancel": "/charges/cancel/",
    "new-charge": "/charges/new/",
    "subscription-blank": "/subscriptions/new/",
    "customers": "/customers/",
    "customers-nothing": "/customers/?q=zzz",
    "import": "/charges/import/",
    "reconciliations": "/reports/reconciliation/",
    "not-found": "/nowhere/",
    "password": "/password/",
    "doctor": "/doctor/",
    "doctor-help": "/doctor/help/request_id_altered/",
    "doctor-help-webhook": "/doctor/help/webhook_wrong_url/",
}


def make(admin: User, operator: User) -> dict[str, str]:
    """The addresses by name; those that begin with ``pay-`` need no session."""
    factories.make_pulses()
    charges = sample.make_charges(operator)
    pages = {f"charge-{name}": charge.get_absolute_url() for name, charge in charges.items()}
    pages |= {f"pay-{name}": f"/pay/{charge.pay_token}/" for name, charge in charges.items()}
    pages |= {f"pay-{name}": f"/pay/{own.pay_token}/" for name, own in sample_pay.make_states().items()}
    pages |= sample_refunds.make_refunds(charges, operator)
    pages |= sample_settlements.make_settlements(charges)
    pages |= sample_batches.make_batches(charges, operator) | sample_batches.make_import(charges, admin)
    pages["cancellation"] = sample_batches.make_cancellation(charges, operator).get_absolute_url()
    pages |= sample_disputes.make_disputes(charges["paid"])
    pages |= sample_customers.make_customers(charges, admin)
    pages |= sample_subscriptions.make_subscriptions(charges["paid"], charges["checkout"])
    run = sample.make_comparison(charges["paid"], charges["pending"])
    pages["reconciliation"] = f"/reports/reconciliation/{run.public_id}/"
    pages |= admin_pages.make(admin)
    return {**FIXED, **_pages_about(charges), **_fill_inbox(charges, admin), **pages}


def _fill_inbox(charges: dict[str, Any], admin: Any) -> dict[str, str]:
    events = sample_events.make_events(charges)
    pages = {f"event-{name}": f"/events/{event.public_id}/" for name, event in events.items()}
    for is_over in (True, False):
        replay = sample_events.make_replay(events, actor=admin, is_over=is_over)
        pages[f"replay-{'over' if is_over else 'open'}"] = f"/events/replays/{replay.public_id}/"
        sent = sample_events.make_simulation(events["done"], actor=admin, is_taken=is_over)
        pages[f"simulation-{'taken' if is_over else 'refused'}"] = f"/events/simulations/{sent.public_id}/"
    dead_list.follow()
    return pages


def _pages_about(charges: dict[str, Any]) -> dict[str, str]:
    """Those of the sample charges and of their accounts."""
    pending = charges["pending"].get_absolute_url()
    asaas, mercado = charges["paid"].connection, charges["checkout"].connection
    changes = ("cancel", "due-date", "amount", "description", "cash")
    return {
        "events-narrowed": f"/events/?view=dead&connection={asaas.public_id}",
        "connection": f"/admin/connections/connection/{asaas.pk}/change/",
        "connection-mercadopago": f"/admin/connections/connection/{mercado.pk}/change/",
        "simulate-chosen": f"/events/simulate/?connection={asaas.public_id}",
        **{f"change-{name}": f"{pending}{name}/" for name in changes},
        "review": f"{charges['review'].get_absolute_url()}review/",
        "review-of-two": f"{charges['double'].get_absolute_url()}review/",
        "change-restore": f"{charges['cancelled'].get_absolute_url()}restore/",
        "change-undo-cash": f"{charges['paid'].get_absolute_url()}undo-cash/",
    }
