"""The connection form: secrets go in and never come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import clock
from connections import services
from connections.gateways.base import Account, SecretField
from connections.gateways.errors import CredentialsRefused, GatewayError, GatewayUnavailable
from connections.gateways.registry import REGISTRY, gateway_class
from connections.models import Connection, ConnectionState
from connections.waiting import AllSeatsTaken

CREDENTIAL, WEBHOOK_SECRET = "credential_", "webhook_secret_"
PASSWORD = "current_password"


def _box(prefix: str, box: SecretField) -> forms.CharField:
    widget = forms.PasswordInput(
        render_value=False,
        attrs={"autocomplete": "off", "spellcheck": "false", "class": "secret-box", **_hints(box)},
    )
    return forms.CharField(
        label=gettext(box.label), help_text=gettext(box.help), required=False, strip=True, widget=widget
    )


def _hints(box: SecretField) -> dict[str, str]:
    """For the script, which speaks up while somebody types."""
    told = [
        {"begins": hint.begins, "environment": hint.environment or "", "text": gettext(hint.text)}
        for hint in box.hints
    ]
    return {"data-hints": json.dumps(told)} if told else {}


class ConnectionForm(forms.ModelForm):
    """Verifies the key at the gateway before anything is saved.

    ``confirm`` checks the user's password and is given where that was not typed lately: a stored key is
    replaced only after it. ``seconds_left`` is how long the page still waits for the gateway.
    """

    class Meta:
        model = Connection
        fields = ["gateway", "name", "environment", "is_default", "require_discount_reason"]
        widgets = {"environment": forms.RadioSelect}

    def __init__(
        self,
        *args: Any,
        user_name: str = "",
        confirm: Callable[[str], bool] | None = None,
        seconds_left: Callable[[], float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.confirm = confirm if self.instance.pk else None
        self.user_name = user_name
        self.account: Account | None = None
        self.unreachable_reason = ""
        self.is_unchecked = False
        self._seconds_left = seconds_left
        self._add_gateway_choice()
        for name in self.gateways_shown:
            self._add_boxes(name)
        if self.confirm:
            self._add_password()

    def _add_gateway_choice(self) -> None:
        if self.instance.pk:
            self.fields.pop("gateway")
            return
        self.fields["gateway"] = forms.ChoiceField(
            label=_("gateway"),
            choices=[(name, line.label) for name, line in REGISTRY.items()],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose a gateway.")},
        )

    @property
    def gateways_shown(self) -> list[str]:
        return [self.instance.gateway] if self.instance.pk else list(REGISTRY)

    def _add_boxes(self, name: str) -> None:
        adapter = gateway_class(name)
        for prefix, boxes in (
            (CREDENTIAL, adapter.credential_fields),
            (WEBHOOK_SECRET, adapter.webhook_secret_fields),
        ):
            for box in boxes:
                self.fields[prefix + box.name] = _box(prefix, box)

    def _add_password(self) -> None:
        self.fields[PASSWORD] = forms.CharField(
            label=gettext("Your password"),
            help_text=gettext("Only to replace the key: your own password for this site."),
            required=False,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )

    @property
    def changed_data(self) -> list[str]:
        """Of the history: that a password was typed is no change."""
        return [name for name in super().changed_data if name != PASSWORD]

    @property
    def gateway_name(self) -> str:
        return self.instance.gateway if self.instance.pk else self.cleaned_data.get("gateway", "")

    def _typed(self, prefix: str) -> dict[str, str]:
        boxes = getattr(
            gateway_class(self.gateway_name),
            "credential_fields" if prefix == CREDENTIAL else "webhook_secret_fields",
        )
        values = {box.name: self.cleaned_data.get(prefix + box.name) or "" for box in boxes}
        return {name: value for name, value in values.items() if value}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.gateway_name or "environment" not in self.cleaned_data:
            return self.cleaned_data
        typed = self._typed(CREDENTIAL)
        if not typed and not self.instance.credentials:
            self._demand_credentials()
        elif typed and self.confirm and not self.confirm(self.cleaned_data.get(PASSWORD) or ""):
            self.add_error(PASSWORD, _("Type your password, and the new key again, to replace the key."))
        elif typed or "environment" in self.changed_data:
            self._verify({**self._stored(), **typed})
        return self.cleaned_data

    def _stored(self) -> dict[str, str]:
        """What the boxes left blank keep; when every box was filled in, nothing old has to open."""
        boxes = gateway_class(self.gateway_name).credential_fields
        if not self.instance.pk or len(self._typed(CREDENTIAL)) == len(boxes):
            return {}
        return dict(self.instance.open_credentials())

    def _demand_credentials(self) -> None:
        for box in gateway_class(self.gateway_name).credential_fields:
            self.add_error(CREDENTIAL + box.name, _("Paste the key of the account here."))

    def _verify(self, credentials: dict[str, str]) -> None:
        environment = self.cleaned_data["environment"]
        try:
            self.account = services.verify_credentials(
                gateway=self.gateway_name,
                environment=environment,
                credentials=credentials,
                account_id=self.instance.account_id,
                seconds_left=self._seconds_left,
            )
        except AllSeatsTaken:
            self._take_full_house()
        except services.CredentialsUnfit as err:
            for notice in err.notices:
                self.add_error(self._field_of(notice.code), gettext(notice.text))
        except GatewayUnavailable as err:
            self._take_outage(gettext(err.text) if err.text else gettext("no answer"))
        except CredentialsRefused as err:
            self._refuse(_("The gateway does not accept this key. It says: “%s”"), err)
        except GatewayError as err:
            self._refuse(_("The gateway answered with an error. It says: “%s”"), err)
        else:
            self._refuse_second_connection()

    def _take_outage(self, reason: str) -> None:
        """A new connection is kept unchecked; a key that works is not given up for one nobody verified."""
        if not self.instance.credentials:
            self.unreachable_reason = reason
            return
        sentence = gettext("The gateway was not reached (%s), so the key was not replaced. Try again later.")
        self.add_error(self._field_of("outage"), sentence % reason)

    def _take_full_house(self) -> None:
        """As an outage, but nothing was asked and nothing is known of the gateway."""
        if not self.instance.credentials:
            self.is_unchecked = True
            return
        sentence = _("Many calls are waiting for gateways: the key was not replaced. Try again in a moment.")
        self.add_error(self._field_of("outage"), sentence)

    def _refuse(self, sentence: Any, error: GatewayError) -> None:
        boxes = gateway_class(self.gateway_name).credential_fields
        self.add_error(
            CREDENTIAL + boxes[0].name, sentence % (gettext(error.text) if error.text else error.http_status)
        )

    def _field_of(self, code: str) -> str:
        if code == "environment":
            return "environment"
        return CREDENTIAL + gateway_class(self.gateway_name).credential_fields[0].name

    def _refuse_second_connection(self) -> None:
        assert self.account is not None
        same = Connection.objects.filter(
            gateway=self.gateway_name,
            environment=self.cleaned_data["environment"],
            account_id=self.account.account_id,
            is_active=True,
        ).exclude(pk=self.instance.pk)
        if other := same.first():
            sentence = gettext("The account “%(account)s” is already connected as “%(name)s”.")
            self.add_error(
                self._field_of("account"), sentence % {"account": self.account.name, "name": other.name}
            )

    @property
    def pasted_secrets(self) -> dict[str, str]:
        """The webhook's new secrets: they are stored with overlap, apart from the row."""
        return self._typed(WEBHOOK_SECRET)

    @property
    def replaces_key(self) -> bool:
        return bool(self._typed(CREDENTIAL))

    @property
    def written_fields(self) -> list[str]:
        """The columns a change writes; what others change meanwhile (a new address, a state) stays."""
        key = ["credentials", "credential_hints"] if self.replaces_key else []
        checked = services.CHECKED if self.account or self.unreachable_reason else ()
        return ["name", "environment", "is_default", "require_discount_reason", *key, *checked]

    def save(self, commit: bool = True) -> Connection:
        connection = self.instance
        if typed := self._typed(CREDENTIAL):
            connection.seal_credentials({**self._stored(), **typed}, at=clock.now(), by=self.user_name)
        if self.account:
            services.take_account(connection, self.account)
        elif self.unreachable_reason:
            connection.state = ConnectionState.UNREACHABLE
            connection.state_reason = self.unreachable_reason
        return super().save(commit=commit)
