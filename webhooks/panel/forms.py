"""What people type on the pages of the inbox: filters, a reason, a confirmation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config import clock
from connections.gateways.registry import gateway_class
from connections.models import Connection
from webhooks.models import quarter
from webhooks.services.choosing import VIEWS, Filters

# Beyond it a day more, or another time zone, is no date any more.
_LATEST = date(9998, 12, 30)
_LATEST_DAY = MaxValueValidator(_LATEST, message=_("Choose a day before the year 9999."))


# Rolling periods by their names in the address; "today" begins at the reader's midnight.
PERIODS: dict[str, timedelta] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
TODAY = "today"


class _Name(forms.ModelChoiceField):
    def label_from_instance(self, connection: Connection) -> str:
        return f"{connection.name} · {connection.gateway_label} · {connection.get_environment_display()}"


def _day_field(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, widget=widget, validators=[_LATEST_DAY])


def _is_this_age(moment: datetime) -> None:
    if moment.date() > _LATEST:
        raise forms.ValidationError(_("Choose a day before the year 9999."))


class FilterForm(forms.Form):
    """The filters of the list, kept in its address. What is wrong is said and filters nothing."""

    view = forms.ChoiceField(required=False, choices=[(name, name) for name in VIEWS])
    q = forms.CharField(label=_("Gateway id or reference of a charge"), required=False, max_length=120)
    connection = _Name(
        label=_("Account"),
        queryset=Connection.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label=_("All accounts"),
        error_messages={"invalid_choice": _("This account is not in the list.")},
    )
    topic = forms.CharField(label=_("Notification"), required=False, max_length=80, widget=forms.Select)
    since = _day_field(_("From"))
    until = _day_field(_("To"))
    period = forms.ChoiceField(required=False, choices=[(name, name) for name in (TODAY, *PERIODS)])
    replay = forms.UUIDField(required=False)

    def __init__(self, data: Any, *, connections: QuerySet[Connection]) -> None:
        super().__init__(data)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        typed = str(self.data.get("topic", ""))[:80]
        self.fields["topic"].widget.choices = topics(connections, also=typed)
        for name, field in self.fields.items():
            if name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    def filters(self) -> Filters:
        """What was understood."""
        self.is_valid()
        typed = self.cleaned_data
        until: date | None = typed.get("until")
        return Filters(
            view=typed.get("view", ""),
            connection=str(typed["connection"].public_id) if typed.get("connection") else "",
            topic=typed.get("topic", ""),
            since=_midnight(typed.get("since")) or self._period_begins(),
            until=_midnight(until + timedelta(days=1)) if until else None,
            text=typed.get("q", ""),
            replay=str(typed.get("replay") or ""),
        )

    @property
    def has_days(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("since") or self.cleaned_data.get("until"))

    @property
    def period_name(self) -> str:
        """The rolling period that counts: days that were typed come before it."""
        return "" if self.has_days else self.cleaned_data.get("period", "")

    def _period_begins(self) -> datetime | None:
        name = self.period_name
        if name == TODAY:
            return _midnight(timezone.localdate(clock.now()))
        return quarter(clock.now() - PERIODS[name]) if name in PERIODS else None


def _midnight(day: date | None) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


def topics(connections: QuerySet[Connection], *, also: str) -> list[tuple[str, str]]:
    """What the gateways of these connections may tell of, in words and in the gateway's own."""
    names = connections.order_by("gateway").values_list("gateway", flat=True).distinct()
    words = {word: text for name in names for word, text in gateway_class(name).topic_words.items()}
    known = [(word, f"{gettext(text)} · {word}") for word, text in words.items()]
    if also and also not in words:
        known.append((also, also))
    return [("", gettext("All notifications")), *sorted(known, key=lambda choice: choice[1].lower())]


class IgnoreForm(forms.Form):
    note = forms.CharField(
        label=_("Why it is ignored"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
        error_messages={"required": _("Write a few words: others will read them later.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        note = self.fields["note"].widget.attrs
        note["aria-describedby"] = "error-note" if self["note"].errors else "hint-note"
        if self["note"].errors:
            note["aria-invalid"] = "true"


class ReplayForm(forms.Form):
    """The confirmation: what was shown, so that never more is asked again than somebody saw."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    expected = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    seen_at = forms.DateTimeField(widget=forms.HiddenInput, validators=[_is_this_age])


class SimulateForm(forms.Form):
    """What to send to the address of one connection: its gateway decides what can be chosen."""

    topic = forms.ChoiceField(label=_("Event"))
    gateway_id = forms.RegexField(
        r"^[A-Za-z0-9_-]{1,100}\Z",
        label=_("Id at the gateway"),
        max_length=100,
        error_messages={
            "invalid": _("An id has letters, digits, - and _ only, as the gateway's panel shows it.")
        },
    )
    signed_with = forms.ChoiceField(label=_("Signed with"))
    address = forms.ChoiceField(
        label=_("Sent to"),
        error_messages={
            "invalid_choice": _("This address is not taken any more: choose the one that is offered.")
        },
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        connection: Connection,
        secrets: Iterable[tuple[str, str]],
        addresses: Iterable[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        adapter = gateway_class(connection.gateway)
        chosen: Any = self.fields["topic"]
        chosen.choices = [
            (word, f"{gettext(adapter.topic_words.get(word, word))} · {word}")
            for word in adapter.sample_topics
        ]
        for name, choices in (("signed_with", secrets), ("address", addresses)):
            chosen = self.fields[name]
            chosen.choices = list(choices)
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs.update(
                    {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                )


class PressForm(forms.Form):
    """One press is one replay, however often it arrives."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
