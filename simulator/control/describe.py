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
        "body": "advance_seconds, or now (ISO 8601), or offset_seconds; optional play",
        "meaning": "moves the clock; expiry, overdue and settlement are done when it answers. With play it "
        "goes from one due moment to the next, and every retry is tried at its time",
    },
    {"method": "GET", "path": "/_control/accounts", "meaning": "all accounts with keys"},
    {
        "method": "POST",
        "path": "/_control/accounts",
        "body": "gateway; asaas: environment, name, has_pix_key, rate_limited, site_url; mercadopago: name, "
        "test_user, token_prefix (APP_USR, TEST), site, inactive_methods (ids), direct_payments, "
        "has_pix_key, panel_url, panel_topics, signing_tab (test, production), barcode_place (both, old, "
        "new); both: opening_balance, slow_refunds; asaas: critical_action_protection, issues_days_ahead "
        "(40, 14, 7), copies_subscription_reference; mercadopago: first_charge_minutes, "
        "invoice_index_seconds, plan_amount_follows, match_payer_email, chargeback_shape "
        "(reference, sdk), reimbursed_as_approved, site_status, shown_site; asaas: account_status, "
        "key_may_not (parts of paths)",
        "meaning": "creates an account and answers all of it, keys included",
    },
    {"method": "GET", "path": "/_control/accounts/<id>", "meaning": "the account"},
    {
        "method": "POST",
        "path": "/_control/accounts/<id>",
        "body": "any of those switches, key_enabled, renew_key",
        "meaning": "changes an account; key_enabled of Asaas also sends ACCESS_TOKEN_DISABLED or _ENABLED",
    },
    {
        "method": "POST",
        "path": "/_control/pay",
        "body": "id or reference; optional method (pix, boleto; Asaas also card; Mercado Pago also the id of "
        "a shop, machine or bank of its country, such as oxxo), cleared (false), parcel, instalments "
        "(Asaas checkout), amount, account, force (also when deleted, cancelled or expired)",
        "meaning": "the customer pays now: a boleto at a bank, whose money the clock brings (at once with "
        "cleared), a charge that takes only cards by a good one, anything else by PIX; an unpaid preference "
        "gets a payment first, outside Brazil the first code its page offers; a checkout of Asaas is paid by "
        "PIX, or, with instalments, by a good card",
    },
    {
        "method": "POST",
        "path": "/_control/pay_card",
        "body": "id or reference; optional number, holder (APRO), instalments (1), amount, "
        "account, force (Asaas)",
        "meaning": "the customer pays by card on the hosted page; on a preference each call is a new "
        "payment, of an Asaas plan by card all open parcels are paid",
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
        "meaning": "a Mercado Pago PIX or boleto, or a checkout of Asaas, expires",
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
        "meaning": "deleted (Asaas) or cancelled (Mercado Pago, checkout) in the gateway's own panel",
    },
    {
        "method": "POST",
        "path": "/_control/restore",
        "body": "id or reference; optional parcel",
        "meaning": "a deleted Asaas charge comes back, as in the gateway's own panel",
    },
    {
        "method": "POST",
        "path": "/_control/receive_in_cash",
        "body": "id or reference; optional value, payment_date (today), parcel",
        "meaning": "an open Asaas charge was paid outside, by the word of its owner in the panel",
    },
    {
        "method": "POST",
        "path": "/_control/undo_cash",
        "body": "id or reference; optional parcel",
        "meaning": "that word is taken back",
    },
    {
        "method": "POST",
        "path": "/_control/end_registration",
        "body": "id or reference; optional parcel",
        "meaning": "the bank takes the boleto of an overdue Asaas charge no more; the clock does it too",
    },
    {
        "method": "POST",
        "path": "/_control/anticipate",
        "body": "id or reference; optional parcel",
        "meaning": "the receivable of a confirmed Asaas charge is advanced (PAYMENT_ANTICIPATED)",
    },
    {
        "method": "POST",
        "path": "/_control/chargeback",
        "body": "id or reference; optional account; Asaas: reason (FRAUD), parcel; Mercado Pago: amount (all "
        "that is left), documents (false: whether they are asked for at once)",
        "meaning": "the holder of the card that paid contests it",
    },
    {
        "method": "POST",
        "path": "/_control/chargeback_step",
        "body": "id or reference, of Mercado Pago also the id of the chargeback; outcome (Asaas: documents, "
        "won, given_back, lost; Mercado Pago: ask_documents, won, lost); optional parcel, account",
        "meaning": "documents were sent (Asaas) or are asked for (Mercado Pago), the dispute was won, its "
        "money came back (the clock does it too), or the chargeback was lost",
    },
    {
        "method": "POST",
        "path": "/_control/claim",
        "body": "id or reference; optional type (mediations), account",
        "meaning": "the buyer complains about an approved payment of Mercado Pago: it goes in_mediation",
    },
    {
        "method": "POST",
        "path": "/_control/claim_step",
        "body": "id (of the claim or its payment) or reference, outcome (payer, seller); optional account",
        "meaning": "the claim is closed: all that is left goes back to the payer, or nothing",
    },
    {
        "method": "POST",
        "path": "/_control/subscribe",
        "body": "id or reference of a subscription or plan of Mercado Pago; optional email, number, holder "
        "(APRO), account",
        "meaning": "a person authorizes the subscription on its page, or starts a new one from the link of "
        "the plan; a bad holder is refused there",
    },
    {
        "method": "POST",
        "path": "/_control/subscription_status",
        "body": "id or reference, status (paused, authorized, cancelled); optional account",
        "meaning": "its owner or payer pauses, resumes or cancels a subscription at Mercado Pago",
    },
    {
        "method": "POST",
        "path": "/_control/kept_card",
        "body": "id or reference of a subscription, declines (true, false), or at Mercado Pago holder (FUND, "
        "...); optional account",
        "meaning": "whether the card it keeps is good from now on",
    },
    {
        "method": "POST",
        "path": "/_control/retry_card",
        "body": "id or reference of an Asaas subscription; optional account",
        "meaning": "the card it keeps is charged now for its oldest open charge",
    },
    {
        "method": "POST",
        "path": "/_control/asaas_event",
        "body": "account, event; optional id (of the thing, here or not), body (keys told otherwise), key "
        "(of the object, for a family nobody knows), times (1), delay_seconds (0)",
        "meaning": "sends any event of Asaas to every enabled webhook, whatever it subscribed to",
    },
    {
        "method": "POST",
        "path": "/_control/notify",
        "body": "id or reference; optional event, times (1), delay_seconds (0), claims (Asaas)",
        "meaning": "sends the last notification, or the event named, again; `claims` are keys of the charge "
        "that its body tells otherwise than they are",
    },
    {
        "method": "POST",
        "path": "/_control/refund",
        "body": "id or reference; optional amount, description (Asaas), account, force (no balance needed)",
        "meaning": "gives money back in the gateway's own panel",
    },
    {
        "method": "POST",
        "path": "/_control/refund_step",
        "body": "id or reference, outcome (done, deny; Asaas also allow); optional account",
        "meaning": "what happens next to a refund that waits",
    },
    {
        "method": "POST",
        "path": "/_control/panel_payment",
        "body": "account, amount; optional method (pix, card, boleto; Asaas also undefined, transfer, "
        "deposit), paid (false), cleared (false), reference, description, document, name; Asaas: due_date, "
        "instalments (of the amount); Mercado Pago: email, holder",
        "meaning": "a payment made in the gateway's own panel, not through the API",
    },
    {
        "method": "POST",
        "path": "/_control/panel_event",
        "body": "account; optional url",
        "meaning": "Mercado Pago's panel test event: data.id 123456, really signed",
    },
    {
        "method": "POST",
        "path": "/_control/key_event",
        "body": "account, event (created, disabled, enabled, expiring_soon, expired, deleted)",
        "meaning": "it happens to the key of an Asaas account, and ACCESS_TOKEN_* tells it",
    },
    {
        "method": "POST",
        "path": "/_control/connect_event",
        "body": "account; optional action (application.deauthorized or .authorized), url, revoke (false)",
        "meaning": "Mercado Pago's topic mp-connect; revoke also switches the access token off",
    },
    {
        "method": "POST",
        "path": "/_control/topic_event",
        "body": "account, topic; optional id (of the thing, here or not; 123456), action, version, "
        "payment_id (of a chargeback), url (the panel's), times (1), delay_seconds (0)",
        "meaning": "sends a notification of any topic of Mercado Pago, really signed",
    },
    {
        "method": "POST",
        "path": "/_control/faults",
        "body": "name; optional gateway, account, times (null: for ever), share (0 to 1) with seed (0), "
        "method and path (part of it) of the call, event and topic (Mercado Pago) of the notification, "
        "and the fault's own parameters",
        "meaning": "switches a misbehaviour on",
    },
    {"method": "GET", "path": "/_control/faults", "meaning": "what is on and how often it struck"},
    {
        "method": "DELETE",
        "path": "/_control/faults",
        "query": "optional name",
        "meaning": "switches all off, or those of a name",
    },
    {"method": "DELETE", "path": "/_control/faults/<id>", "meaning": "switches one off"},
    {
        "method": "GET",
        "path": "/_control/books",
        "query": "reference, account",
        "meaning": "the simulator's own truth",
    },
    {
        "method": "GET",
        "path": "/_control/received",
        "query": "since (id or ISO 8601), account, method, path (part of it); count=1",
        "meaning": "API calls received; with count=1 only how many, in all and per path",
    },
    {
        "method": "GET",
        "path": "/_control/deliveries",
        "query": "since (id), account, reference, resource_id, event, topic, state",
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
