"""What can be done with a connection: verify its key, keep its webhook, replace its secrets."""

from connections.services.accounts import (
    CHECKED,
    WEB_DEADLINE_SECONDS,
    WORKER_DEADLINE_SECONDS,
    CredentialsUnfit,
    check,
    gateway_for,
    note_refusal,
    note_success,
    refuse_misfit,
    set_active,
    take_account,
    verify_credentials,
)
from connections.services.keeping import claim_telling, keep_webhook, note_delivery, webhook_url
from connections.services.rotation import (
    Unfinished,
    drop_lapsed,
    drop_old_path,
    drop_old_secrets,
    new_address,
    new_token,
    replace_secrets,
    reveal_token,
)

__all__ = [
    "CHECKED",
    "WEB_DEADLINE_SECONDS",
    "WORKER_DEADLINE_SECONDS",
    "CredentialsUnfit",
    "Unfinished",
    "check",
    "claim_telling",
    "drop_lapsed",
    "drop_old_path",
    "drop_old_secrets",
    "gateway_for",
    "keep_webhook",
    "new_address",
    "new_token",
    "note_delivery",
    "note_refusal",
    "note_success",
    "refuse_misfit",
    "replace_secrets",
    "reveal_token",
    "set_active",
    "take_account",
    "verify_credentials",
    "webhook_url",
]
