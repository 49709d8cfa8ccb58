"""One charge on the operators' pages, with what can be done from there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payments import parcel_words, parcels, presentation
from payments.breakdown import breakdown
from payments.models import Charge
from payments.services import asking, changeable, doubt, noting, refundable, renewing
from payments.staff import (
    change_words,
    dispute_words,
    refund_words,
    settlement_words,
    stories,
    waiting_words,
)
from payments.staff.sentences import story

_STORY = "#story-title"


class _Lines(forms.CharField):
    """Line breaks count once, as the browser counts them in the box."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class NoteForm(forms.Form):
    text = _Lines(
        label=gettext_lazy("Note for your team"),
        max_length=noting.MOST_LETTERS,
        error_messages={"required": gettext_lazy("Write the note first.")},
        widget=forms.Textarea(attrs={"rows": 3, "class": "input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound and "text" in self.errors:
            wrong = {"aria-invalid": "true", "aria-describedby": "error-text", "autofocus": True}
            self.fields["text"].widget.attrs.update(wrong)


@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def charge(request: HttpRequest, reference: str) -> HttpResponse:
    """One charge: amount and state, what to do and to send, facts, and its story."""
    return _page(request, _charge(request, reference), NoteForm())


@require_POST
@login_required
@permission_required(("payments.view_charge", "payments.ask_charge"), raise_exception=True)
def ask(request: HttpRequest, reference: str) -> HttpResponse:
    """Have the gateway asked now."""
    shown = _charge(request, reference)
    before = presentation.live_mark(shown)
    try:
        asking.ask_now(shown, actor=_actor(request))
    except asking.NotPossible as err:
        messages.warning(request, err.text)
        return redirect(shown)
    is_news = presentation.live_mark(_charge(request, reference)) != before
    names = {"gateway": shown.connection.gateway_label}
    if is_news:
        messages.success(
            request, _("%(gateway)s answered, and something was new: it is shown below.") % names
        )
    else:
        messages.info(request, _("%(gateway)s answered: everything is as it is shown here.") % names)
    return redirect(shown)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required(("payments.view_charge", "payments.note_charge"), raise_exception=True)
def note(request: HttpRequest, reference: str) -> HttpResponse:
    """Put a note into the story, for colleagues alone. Who only looks is led to the charge."""
    shown = _charge(request, reference)
    if request.method != "POST":
        return redirect(shown)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, form, status=422)
    try:
        noting.add_note(shown, form.cleaned_data["text"], actor=_actor(request))
    except noting.Forgotten:
        messages.warning(request, _("This customer was anonymised: nothing is written about them any more."))
        return redirect(shown)
    return redirect(shown.get_absolute_url() + _STORY)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _charge(request: HttpRequest, reference: str) -> Charge:
    return get_object_or_404(Charge.objects.for_lists().visible_to(request.user), reference=reference)


def _page(request: HttpRequest, shown: Charge, form: NoteForm, *, status: int = 200) -> HttpResponse:
    attempts = presentation.attempts(shown)
    news = change_words.news(shown)
    part = stories.chosen(request)
    refunds = refund_words.lines(shown)
    context = {
        "charge": shown,
        "row": presentation.row(shown),
        "live_mark": presentation.live_mark(shown),
        "attempts": attempts,
        "money": settlement_words.lines(shown),
        "parcels": parcel_words.lines(shown),
        "parcels_are_ours": parcels.are_ours(shown),
        "refusal": presentation.newest_refusal(attempts) if shown.is_payable else None,
        "terms": presentation.terms_in_words(shown),
        "breakdown": breakdown(shown),
        "guide": presentation.sandbox_guide(shown),
        "simulations": presentation.simulations(shown),
        "story": stories.whole(shown, story(shown, only=part.entries), reader=request.user, part=part),
        "part": part,
        "story_parts": stories.PARTS,
        "story_url": shown.get_absolute_url(),
        "may_send_again": doubt.may_send_again(shown),
        "refunds": refunds,
        "disputes": dispute_words.of_charge(shown),
        "is_refunding": any(line.refund.is_moving for line in refunds),
        "news": news,
        "note_form": form,
        **_sending(shown, news),
        **_actions(request, shown),
    }
    return render(request, "payments/charge.html", context, status=status)


def _sending(shown: Charge, news: change_words.News | None) -> dict[str, Any]:
    code = presentation.code_state(shown, may_renew=renewing.may_have_new_code(shown))
    is_closing = bool(news and news.change.is_open and changeable.is_withheld(shown))
    return {"code": code, "sending": None if is_closing else presentation.sending(shown, code=code)}


def _actions(request: HttpRequest, shown: Charge) -> dict[str, Any]:
    """What is wanted often stands above, the rest beside the facts."""
    actions = change_words.actions(shown, request.user)
    often = [action for action in actions if action.kind in change_words.OFTEN and not action.why_not]
    return {
        "often": often,
        "actions": [action for action in actions if action not in often],
        "can_give_back": any(not offer.obstacle for offer in refundable.offers(shown)),
        "asked": asking.known(shown),
        "waiting": waiting_words.waiting(shown),
    }
