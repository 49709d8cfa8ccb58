"""What the doctor says of faults of a webhook, and of what comes in through it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from backoffice.doctor_help.parts import AGAIN, RESTART, Help

_ASKED = _(
    "Nothing is lost meanwhile: our own checks ask the gateway for open charges, only later than a "
    "notification would."
)
_BY_ITSELF = _("Wait a moment: a worker registers the webhook again by itself, at most once a minute.")
_COMPARE = _(
    "Compare address, events and secret of the webhook in the gateway's panel with the connection's page."
)
_LOG = _("Look at the web server's log for answers other than 200 at /webhooks/, and mend their cause.")
_MEND = _("Press “Mend it now” beside the fault. If it stays, the gateway's sentence beside it says why.")
_WHO = _("Ask who changed it in the gateway's panel, so that it does not happen again.")

WEBHOOK: dict[str, Help] = {
    "webhook_missing": Help(
        means=_("The gateway knows no webhook of ours: it was deleted there, or never made."),
        shows=_("Nothing is told to us. Payments are found by our own checks, later than usual."),
        steps=(
            _BY_ITSELF,
            _MEND,
            _("An account of Asaas can have ten webhooks. If all are in use, delete one that nobody needs."),
        ),
        place="webhooks",
    ),
    "webhook_wrong_url": Help(
        means=_(
            "The webhook we registered is there, but with another address: somebody changed it in the "
            "gateway's panel, PUBLIC_URL has changed, or another copy of this installation works on the "
            "same account."
        ),
        shows=_(
            "What happens is told to the other address. It is not moved by itself, because somebody may "
            "have meant it."
        ),
        steps=(
            _("Look at the address in the gateway's panel and ask who changed it."),
            _(
                "If another installation is meant to be told (a test copy of this one, say), disable the "
                "connection in the one that should not be."
            ),
            _("Else press “Register it here”: the webhook gets our address, with its queue."),
        ),
        place="webhooks",
    ),
    "webhook_disabled": Help(
        means=_(
            "Somebody switched the webhook off in the gateway's panel. It is not switched on by itself, "
            "because it may be meant."
        ),
        shows=_("What happens while it is off is never sent, not later either."),
        steps=(
            _("Ask who switched it off, and why."),
            _("Press “Switch it on again”. What was paid meanwhile is found by our own checks."),
        ),
        place="webhooks",
    ),
    "webhook_interrupted": Help(
        means=_(
            "After 15 failures in a row the gateway stopped the queue of the webhook. It keeps what "
            "happens for 14 days."
        ),
        shows=_("Nothing is told until the queue runs again; then everything at once."),
        steps=(
            _("Wait a moment: it is started again by itself at each look."),
            _MEND,
            _LOG,
            _("By hand: open the webhook in the gateway's panel and switch its queue of synchronisation on."),
        ),
        place="webhooks",
    ),
    "webhook_penalized": Help(
        means=_(
            "Some deliveries failed, so the gateway waits longer and longer between its tries. After 15 "
            "failures it would stop."
        ),
        shows=_("Notifications come late."),
        steps=(
            _("Wait a moment: the gateway is asked to send at full speed by itself."),
            _MEND,
            _LOG,
        ),
        place="webhooks",
    ),
    "webhook_wrong_version": Help(
        means=_(
            "The webhook is registered with version 2, which sends no token: its notifications cannot be "
            "trusted."
        ),
        shows=_("Its notifications are refused with 401."),
        steps=(
            _BY_ITSELF,
            _MEND,
            _WHO,
        ),
        place="webhooks",
    ),
    "webhook_missing_events": Help(
        means=_("Events that we need are not ticked in the webhook."),
        shows=_("Some changes (a refund, say) are found late, by our own checks."),
        steps=(
            _BY_ITSELF,
            _MEND,
            _WHO,
        ),
        place="webhooks",
    ),
    "webhook_no_token": Help(
        means=_("The webhook has lost the token by which we know the gateway."),
        shows=_("Its notifications are refused with 401, and after 15 of them the gateway stops."),
        steps=(
            _BY_ITSELF,
            _MEND,
            _WHO,
        ),
        place="webhooks",
    ),
    "webhook_duplicate": Help(
        means=_("The account has more than one webhook with our address."),
        shows=_("Everything is told several times. No charge is counted twice, but it costs calls."),
        steps=(
            _("In the gateway's panel find those with the address of the connection's page."),
            _("Delete all but one. We delete none by ourselves, because we cannot tell whose they are."),
            AGAIN,
        ),
        place="webhooks",
    ),
    "webhook_refused": Help(
        means=_("The gateway did not let us read or set up the webhook."),
        shows=_(
            "Nobody can say whether notifications flow. The gateway's own sentence stands beside the fault."
        ),
        steps=(
            _(
                "Read the gateway's sentence: it names what it does not like (often the address, or ten "
                "webhooks in use)."
            ),
            _("Mend that in the gateway's panel or in PUBLIC_URL."),
            _MEND,
        ),
        place="webhooks",
    ),
    "webhook_not_allowed": Help(
        means=_(
            "The key works, but its permissions leave webhooks out, or this server's address is not on "
            "the account's list of allowed addresses."
        ),
        shows=_("The webhook is neither looked at nor mended. Notifications that come are still taken."),
        steps=(
            _(
                "Edit the permissions of the key in the gateway's panel and give it webhooks, reading and"
                " writing; or make a new key with them."
            ),
            _("If the account has a list of allowed addresses, add this server's."),
            AGAIN,
        ),
        place="keys",
    ),
    "webhook_secret_missing": Help(
        means=_(
            "Mercado Pago signs its notifications with a secret that only its panel shows, and none is "
            "stored here yet."
        ),
        shows=_("Every notification is refused with 401."),
        steps=(
            _(
                "Open the webhooks of your application in the panel. In the tabs for tests and for "
                "production enter the address of the connection's page, and tick the topics that are "
                "named there."
            ),
            _("Save. The panel then shows the secret signature (“Assinatura secreta”): copy it."),
            _("Paste it on the connection's page, in the field of the same tab."),
            AGAIN,
        ),
        place="webhooks",
        mended=_("Press “Simular notificação” in the panel: the list of notifications shows it as a test."),
    ),
    "webhook_secret_sealed": Help(
        means=_(
            "The secrets of the webhook are stored encrypted, and none of the master keys in "
            "CREDENTIALS_KEYS opens them."
        ),
        shows=_(
            "Notifications are answered 503. The gateway sends them again, and none is lost while it does."
        ),
        steps=(
            _("If a master key was taken out of CREDENTIALS_KEYS too early, add it again as the last one."),
            RESTART,
            _(
                "If it is lost: at Asaas press “New token” on the connection's page; of Mercado Pago "
                "paste the secrets again."
            ),
            AGAIN,
        ),
    ),
    "webhook_unsteady": Help(
        means=_(
            "The gateway's queue was started again three times within a day: our address fails again and "
            "again."
        ),
        shows=_("Notifications come in bursts, hours late."),
        steps=(
            _LOG,
            _("The gateway waits ten seconds for an answer: look whether the server is overloaded."),
            _("Look at the gateway's log of webhooks in its panel: it shows the answer it got."),
        ),
        place="webhooks",
        mended=_("It goes a day after the last time the queue stopped."),
    ),
    "notifications_silent": Help(
        means=_(
            "For more than a day no notification has come, though our own checks found changes the "
            "gateway should have told."
        ),
        shows=_("Payments are found late. The panel of notifications is empty, or shows only refused ones."),
        steps=(
            _("Open the list of notifications and look at the refused ones: the reason says what to mend."),
            _COMPARE,
            _(
                "Look in the gateway's panel whether it sends, and what answer it gets. Nothing is sent: "
                "events are not ticked, or test payments are not told (Mercado Pago)."
            ),
            _ASKED,
        ),
        place="webhooks",
    ),
    "notifications_missing": Help(
        means=_(
            "The comparison with the gateway found three or more changes of which no notification came, "
            "while others may have come."
        ),
        shows=_("Some charges are paid late here. The comparison's page names them."),
        steps=(
            _COMPARE,
            _(
                "At Mercado Pago look whether every topic of the connection's page is ticked, in the tabs"
                " for tests and for production."
            ),
            _ASKED,
        ),
        place="webhooks",
    ),
    "notifications_given_up": Help(
        means=_("A notification was taken in, but asking the gateway about it failed six times."),
        shows=_("The charge it is about may lag behind until our own checks look at it."),
        steps=(
            _("Press “Look at them” and read the cause of each."),
            _("Mend the cause; most often it is the key or an outage that is over."),
            _("Have them asked again there, or ignore them with a reason."),
        ),
    ),
    "fraud_alert_unnamed": Help(
        means=_(
            "Mercado Pago warned of a payment by fraud and did not name it. Such a warning is never sent "
            "again."
        ),
        shows=_("The charge looks paid, and goods may be handed over for it."),
        steps=(
            _("Look in Mercado Pago's panel (activity, fraud alerts) which payment of that time is meant."),
            _("Do not hand over what was sold by it; cancel or refund it."),
            _("Press “Look at them” and ignore the warning with a reason, such as the payment's number."),
        ),
    ),
}
