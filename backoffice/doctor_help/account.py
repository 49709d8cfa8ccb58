"""What the doctor says of faults of a key and of an account."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from backoffice.doctor_help.parts import AGAIN, AGAIN_ALL, RESTART, Help

_PASTE = _("Open the connection, paste the new key and confirm with your own password.")

ACCOUNT: dict[str, Help] = {
    "key_refused": Help(
        means=_(
            "The gateway does not accept the stored key any more: it was switched off, deleted or "
            "expired. Asaas also switches off a key that was not used for three months."
        ),
        shows=_("Nothing can be charged on this account, and no payment is seen."),
        steps=(
            _(
                "In the gateway's panel look at the key, as an administrator of the account. If it is "
                "only switched off, switch it on."
            ),
            _("Else make a new one there and copy it whole (at Asaas the $ at the beginning belongs to it)."),
            _PASTE,
            AGAIN,
        ),
        place="keys",
    ),
    "key_sealed": Help(
        means=_(
            "Keys of accounts are stored encrypted. None of the master keys in CREDENTIALS_KEYS opens the"
            " one of this account."
        ),
        shows=_("Nothing can be asked of the gateway for this account. What it says stays at the gateway."),
        steps=(
            _("If a master key was taken out of CREDENTIALS_KEYS too early, add it again as the last one."),
            RESTART,
            _("If it is lost: make a new key in the gateway's panel and paste it on the connection's page."),
            _("Then run: python manage.py rotate_keys, so that everything is sealed with the newest."),
            AGAIN,
        ),
        place="keys",
    ),
    "key_of_other_environment": Help(
        means=_(
            "This connection is for production and the key is of a test account, or the other way round."
        ),
        shows=_("The gateway refuses every call, or charges would be only tests."),
        steps=(
            _(
                "Choose the right account in the gateway's panel: sandbox and production are separate "
                "ones. An Asaas key begins with $aact_prod_ in production and $aact_hmlg_ in the sandbox."
            ),
            _PASTE,
            _("If you meant the other environment: make a new connection for it."),
            AGAIN,
        ),
        place="keys",
    ),
    "key_of_other_account": Help(
        means=_(
            "The stored key works, but it opens another account than the one this connection was made for."
        ),
        shows=_("The connection is stopped, so that no money goes to the wrong account."),
        steps=(
            _("Log in to the right account in the gateway's panel and make a key there."),
            _PASTE,
            _("For the other account make a connection of its own."),
            AGAIN,
        ),
        place="keys",
    ),
    "account_connected_twice": Help(
        means=_("Two active connections open the same account of the gateway."),
        shows=_("This one is stopped: each payment would be counted twice."),
        steps=(
            _("Decide which of the two stays: the one with open charges."),
            _("Open the other one and press “Disable”."),
            AGAIN_ALL,
        ),
    ),
    "gateway_away": Help(
        means=_("The gateway has not answered for more than 15 minutes, or with errors only."),
        shows=_("New charges stay “confirming” and are finished when it is back. No charge is made twice."),
        steps=(
            _("Look at the gateway's page of its state. If it says that there is an outage: wait."),
            _("If not, try from this server: curl -I https://api.asaas.com or https://api.mercadopago.com."),
            _("Does that fail, let this server out to port 443 in the firewall, and check its DNS."),
            AGAIN,
        ),
    ),
    "key_expiring": Help(
        means=_(
            "The gateway announced the end of a key of this account. It does not say which; it may be the"
            " one stored here."
        ),
        shows=_("Nothing yet. After that day the key is refused and nothing can be charged."),
        steps=(
            _(
                "In the gateway's panel compare the keys and their last days with the end of the key on "
                "the connection's page."
            ),
            _("If it is ours, make a new key before that day."),
            _PASTE,
            _("If it is another one, there is nothing to do: this goes by itself two days after it."),
        ),
        place="keys",
    ),
    "account_not_approved": Help(
        means=_("The gateway is still checking the account, refused it, or has blocked it."),
        shows=_("Charges or ways of paying may be refused, and money may be held back."),
        steps=(
            _(
                "Log in to the gateway's panel as the owner: a message on its first page says what is "
                "missing (documents, commercial data, bank account)."
            ),
            _("Send it, and wait for the approval."),
            _("If nothing is missing there, ask the gateway's support."),
            AGAIN,
        ),
    ),
    "no_pix_key": Help(
        means=_(
            "The account has no PIX key of its own. Asaas then makes QR codes that hold until the end of "
            "the day only."
        ),
        shows=_("A customer who pays on the next day finds a code that does not work any more."),
        steps=(
            _("Register a key in the gateway's panel; a random one will do."),
            AGAIN,
            _("Make a new code for open charges, on the page of each."),
        ),
        place="pix_keys",
    ),
    "identity_unknown": Help(
        means=_("The key works, but its permissions do not let us read whose account it opens."),
        shows=_("A key of another account that was pasted by mistake would not be noticed."),
        steps=(
            _(
                "Edit the permissions of the key in the gateway's panel, or make a new one, with reading "
                "of the account's data (at Asaas: myAccount)."
            ),
            _("If you made a new one, paste it on the connection's page."),
            AGAIN,
        ),
        place="keys",
    ),
    "site_unknown": Help(
        means=_(
            "The account belongs to a country this program does not know, so the currency of its amounts "
            "is not certain."
        ),
        shows=_("No way of paying is offered for it."),
        steps=(
            _(
                "Do not charge on it. Disable the connection and connect an account of one of the known "
                "countries: Argentina, Brazil, Chile, Colombia, Mexico, Peru, Uruguay."
            ),
            AGAIN_ALL,
        ),
    ),
}
