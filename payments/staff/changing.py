"""The pages on which a charge that exists is cancelled, moved to another day, received in cash, restored."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config import clock
from payments import presentation
from payments.models import ChangeKind, ChangeState, Charge, ChargeChange
from payments.money import LARGEST_CENTS, NotAnAmount, as_typed, parse_amount
from payments.services import changeable, changing
from payments.services.changeable import NotPossible, Obstacle, Typed
from payments.services.changing import NewChange
from payments.staff import change_words

_AMOUNT_LABELS = {
    ChangeKind.AMOUNT: gettext_lazy("New amount"),
    ChangeKind.CASH: gettext_lazy("Amount received"),
}
_DAY_LABELS = {
    ChangeKind.DUE_DATE: gettext_lazy("New due date"),
    ChangeKind.CASH: gettext_lazy("Received on"),
}
_ABOUT_DAY = (Obstacle.SAME_DAY, Obstacle.PAST_DAY, Obstacle.DAY_AHEAD)


class ChangeForm(forms.Form):
    """``submission`` names the filled form; the others are there where the kind of change has them."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    amount = forms.CharField(max_length=24)
    text = forms.CharField(label=gettext_lazy("Description"), max_length=200)

    def __init__(self, *args: Any, charge: Charge, kind: ChangeKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.charge, self.kind = charge, kind
        self.fields["submission"].initial = uuid.uuid4
        today = clock.today(charge.connection.time_zone)
        if kind in _DAY_LABELS:
            self.fields["day"].label = _DAY_LABELS[kind]
            self.fields["day"].initial = max(charge.due_date, today) if kind == ChangeKind.DUE_DATE else today
        else:
            del self.fields["day"]
        if kind in _AMOUNT_LABELS:
            self.fields["amount"].label = _AMOUNT_LABELS[kind]
            self.fields["amount"].initial = as_typed(_cents(charge, kind), charge.currency)
            self.fields["amount"].widget.attrs.update(inputmode="decimal", autocomplete="off")
        else:
            del self.fields["amount"]
        if kind == ChangeKind.DESCRIPTION:
            self.fields["text"].initial = charge.description
        elif kind == ChangeKind.AMOUNT and charge.connection.require_discount_reason:
            self.fields["text"].label = gettext_lazy("Why the discount is given")
            self.fields["text"].required = False
        else:
            del self.fields["text"]
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                attrs = {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
                self.fields[name].widget.attrs.update(attrs)

    def clean_amount(self) -> int:
        try:
            cents = parse_amount(self.cleaned_data["amount"])
        except NotAnAmount:
            raise forms.ValidationError(_("Type an amount such as 150,00.")) from None
        if cents > LARGEST_CENTS:
            raise forms.ValidationError(_("Type an amount above zero and below one hundred million."))
        return cents

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            found = changeable.typed_obstacle(self.charge, self.kind, self.typed)
            if found:
                self.add_error(_field_of(found), change_words.obstacle(self.charge, self.kind, found))
        return self.cleaned_data

    @property
    def typed(self) -> Typed:
        """What this kind of change needs to know."""
        cleaned = self.cleaned_data
        return Typed(day=cleaned.get("day"), amount_cents=cleaned.get("amount"), text=cleaned.get("text", ""))


def _field_of(found: Obstacle) -> str:
    if found in _ABOUT_DAY:
        return "day"
    return "text" if found in (Obstacle.SAME_TEXT, Obstacle.NO_REASON) else "amount"


def _cents(charge: Charge, kind: ChangeKind) -> int:
    """What a person would most likely type: of parcels, what the one that is meant asks for."""
    meant = changeable.target(charge, kind)
    return meant.amount_cents if meant else charge.amount_cents


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def change(request: HttpRequest, reference: str, kind: ChangeKind) -> HttpResponseBase:
    """What it means, then it is asked for by a POST; where it cannot be done, why."""
    if not request.user.has_perm(change_words.PERMISSIONS[kind]):
        raise PermissionDenied
    charge = get_object_or_404(Charge.objects.for_lists().visible_to(request.user), reference=reference)
    if sent := _sent_before(request, charge):
        messages.info(request, _("This form had already been sent: it was not done a second time."))
        return redirect(sent.charge)
    form = ChangeForm(request.POST if request.method == "POST" else None, charge=charge, kind=kind)
    found = changeable.obstacle(charge, kind)
    if request.method == "POST" and not found and form.is_valid():
        return _ask(request, charge, form)
    context = {
        "charge": charge,
        "row": presentation.row(charge),
        "words": change_words.WORDS[kind],
        "effects": change_words.effects(charge, kind),
        "kind": kind.value,
        "form": form,
        "obstacle": found,
        "why_not": change_words.obstacle(charge, kind, found) if found else "",
    }
    is_wrong = request.method == "POST"
    return render(request, "payments/change.html", context, status=422 if is_wrong else 200)


def _ask(request: HttpRequest, charge: Charge, form: ChangeForm) -> HttpResponse:
    try:
        done = changing.change(
            NewChange(
                charge=charge,
                kind=form.kind,
                submission=form.cleaned_data["submission"],
                typed=form.typed,
                actor=request.user,  # type: ignore[arg-type]
            )
        )
    except NotPossible as refused:
        messages.error(request, change_words.obstacle(charge, form.kind, refused.obstacle))
    else:
        _tell(request, done)
    return redirect(charge)


def _tell(request: HttpRequest, done: ChargeChange) -> None:
    """A refusal is told by the page itself, with its reason."""
    if done.state == ChangeState.DONE:
        messages.success(request, change_words.done(done))
    elif done.is_open:
        text = _("The gateway has not confirmed it yet. We go on by ourselves; it shows below.")
        messages.info(request, text)


def _sent_before(request: HttpRequest, charge: Charge) -> ChargeChange | None:
    try:
        submission = uuid.UUID(request.POST.get("submission", ""))
    except ValueError:
        return None
    return charge.changes.filter(submission=submission).first()
