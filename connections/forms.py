"""The connection form: secrets go in and never come out."""

from __future__ import annotations

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

CREDENTIAL, WEBHOOK_SECRET = "credential_", "webhook_secret_"


def _box(prefix: str, box: SecretField) -> forms.CharField:
    widget = forms.PasswordInput(
        render_value=False,
        attrs={"autocomplete": "off", "spellcheck": "false", "class": "secret-box"},
    )
    return forms.CharField(
        label=gettext(box.label), help_text=gettext(box.help), required=False, strip=True, widget=widget
    )


class ConnectionForm(forms.ModelForm):
    """Verifies the key at the gateway before anything is saved."""

    class Meta:
        model = Connection
        fields = ["gateway", "name", "environment", "is_default"]

    def __init__(self, *args: Any, user_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user_name = user_name
        self.account: Account | None = None
        self.unreachable_reason = ""
        self._add_gateway_choice()
        for name in self._gateways_shown():
            self._add_boxes(name)

    def _add_gateway_choice(self) -> None:
        if self.instance.pk:
            self.fields.pop("gateway")
            return
        choices = [("", _("Choose a gateway"))] + [(name, line.label) for name, line in REGISTRY.items()]
        self.fields["gateway"] = forms.ChoiceField(label=_("gateway"), choices=choices)

    def _gateways_shown(self) -> list[str]:
        return [self.instance.gateway] if self.instance.pk else list(REGISTRY)

    def _add_boxes(self, name: str) -> None:
        adapter = gateway_class(name)
        for prefix, boxes in (
            (CREDENTIAL, adapter.credential_fields),
            (WEBHOOK_SECRET, adapter.webhook_secret_fields),
        ):
            for box in boxes:
                field = _box(prefix, box)
                field.widget.attrs["data-gateway"] = name
                self.fields[prefix + box.name] = field

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
        elif typed or "environment" in self.changed_data:
            self._verify({**self._stored(), **typed})
        return self.cleaned_data

    def _stored(self) -> dict[str, str]:
        return dict(self.instance.open_credentials()) if self.instance.pk else {}

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
            )
        except services.CredentialsUnfit as err:
            for notice in err.notices:
                self.add_error(self._field_of(notice.code), gettext(notice.text))
        except GatewayUnavailable as err:
            self.unreachable_reason = err.text or gettext("no answer")
        except CredentialsRefused as err:
            self._refuse(_("The gateway does not accept this key. It says: “%s”"), err)
        except GatewayError as err:
            self._refuse(_("The gateway answered with an error. It says: “%s”"), err)
        else:
            self._refuse_second_connection()

    def _refuse(self, sentence: Any, error: GatewayError) -> None:
        boxes = gateway_class(self.gateway_name).credential_fields
        self.add_error(CREDENTIAL + boxes[0].name, sentence % (error.text or error.http_status))

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

    def save(self, commit: bool = True) -> Connection:
        connection = self.instance
        typed = self._typed(CREDENTIAL)
        if typed:
            connection.seal_credentials({**self._stored(), **typed}, at=clock.now(), by=self.user_name)
        if secrets := self._typed(WEBHOOK_SECRET):
            known = connection.open_webhook_secrets() if connection.pk else {}
            connection.seal_webhook_secrets({**known, **secrets})
        if self.account:
            services.take_account(connection, self.account)
        elif self.unreachable_reason:
            connection.state = ConnectionState.UNREACHABLE
            connection.state_reason = self.unreachable_reason
        return super().save(commit=commit)
