"""Many charges cancelled at once: what it would mean, the confirmation, how far it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from payments.models import Cancellation, CancellationItem, CancellationState, ChangeKind, Charge
from payments.presentation import digest
from payments.services import cancelling_many, totalling
from payments.services.cancelling_many import Plan
from payments.services.changeable import Obstacle
from payments.staff import change_words, list_words, lists

_SALT = "payments.cancel_charges"
# What somebody looked at an hour ago is looked at again.
_SEEN_SECONDS = 3_600
_EXAMPLES = 5
_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why some of the charges cannot be cancelled, with a few of them."""

    text: str
    number: int
    examples: tuple[Charge, ...]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.cancel_charge", raise_exception=True)
@permission_required("payments.view_charge", raise_exception=True)
def prepare(request: HttpRequest) -> HttpResponse:
    """How many charges over how much money would be cancelled, and the press that does it."""
    if request.method == "POST":
        return _confirm(request)
    try:
        planned = cancelling_many.plan(lists.meant(request))
    except lists.NotUnderstood:
        return lists.ask_again(request)
    shown = [charge.pk for charge in planned.possible]
    context = {
        "planned": planned,
        "found": totalling.totals(Charge.objects.filter(pk__in=shown)),
        "reasons": _reasons(planned),
        "most": cancelling_many.MOST,
        "back": list_words.address_of(request.GET),
        "seen": signing.dumps([request.user.pk, str(uuid.uuid4()), shown], salt=_SALT, compress=True),
    }
    return render(request, "payments/cancel_charges.html", context)


def _reasons(planned: Plan) -> list[Reason]:
    """The most frequent first. Sentences that name an account are one for each."""
    by_text: dict[str, list[Charge]] = {}
    for charge, obstacle in planned.obstacles:
        text = change_words.obstacle(charge, ChangeKind.CANCEL, obstacle)
        by_text.setdefault(text, []).append(charge)
    ordered = sorted(by_text.items(), key=lambda found: -len(found[1]))
    return [Reason(text=text, number=len(all_), examples=tuple(all_[:_EXAMPLES])) for text, all_ in ordered]


def _confirm(request: HttpRequest) -> HttpResponse:
    """Exactly those that were shown, less those that can be cancelled no more: never one that was not."""
    try:
        seen = signing.loads(request.POST.get("seen", ""), salt=_SALT, max_age=_SEEN_SECONDS)
    except signing.BadSignature:
        messages.error(request, _("This page is too old or damaged. Look at it again and confirm anew."))
        return redirect(request.get_full_path())
    person, submission, shown = seen
    if person != request.user.pk:
        messages.error(request, _("Somebody else had opened this page. Look at it again and confirm anew."))
        return redirect(request.get_full_path())
    public_id = uuid.UUID(submission)
    if known := Cancellation.objects.filter(public_id=public_id).first():
        messages.info(request, _("This form had already been sent: it was not done a second time."))
        return redirect(known)
    charges = list(Charge.objects.visible_to(request.user).filter(pk__in=shown).order_by("created_at", "pk"))
    if not charges:
        messages.info(request, _("None of these charges can be cancelled."))
        return redirect("charges")
    actor: Any = request.user
    return redirect(cancelling_many.request(charges, actor=actor, public_id=public_id))


@never_cache
@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def cancellation(request: HttpRequest, cancellation_id: uuid.UUID) -> HttpResponse:
    """How far it has come, and what could not be cancelled."""
    shown = _find(request, cancellation_id)
    tally = cancelling_many.tally(shown)
    page = Paginator(cancelling_many.refused(shown), _PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "cancellation": shown,
        "tally": tally,
        "is_over": shown.state == CancellationState.DONE,
        "page": page,
        "refused": [(item, _why(item)) for item in page],
        "live_mark": _mark(shown),
    }
    return render(request, "payments/cancellation.html", context)


def _why(item: CancellationItem) -> str:
    """In our words, or in the gateway's."""
    obstacle = item.obstacle or (item.change.obstacle if item.change else "")
    if obstacle:
        return change_words.obstacle(item.charge, ChangeKind.CANCEL, Obstacle(obstacle))
    said = (item.change.failure, item.change.advice) if item.change else ()
    return " ".join(_(text) for text in said if text)


@never_cache
@require_safe
@login_required
@permission_required("payments.view_charge", raise_exception=True)
def state(request: HttpRequest, cancellation_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    return JsonResponse({"mark": _mark(_find(request, cancellation_id))})


@require_POST
@login_required
@permission_required("payments.cancel_charge", raise_exception=True)
def stop(request: HttpRequest, cancellation_id: uuid.UUID) -> HttpResponse:
    """What has not begun stays as it is; what has, goes on to its end."""
    shown = _find(request, cancellation_id)
    actor: Any = request.user
    if number := cancelling_many.stop(shown, actor=actor):
        text = ngettext(
            "%(number)s charge is left as it is.", "%(number)s charges are left as they are.", number
        )
        messages.success(request, text % {"number": number})
    else:
        messages.info(request, _("Nothing was left to stop."))
    return redirect(shown)


def _find(request: HttpRequest, cancellation_id: uuid.UUID) -> Cancellation:
    known = Cancellation.objects.select_related("asked_by", "stopped_by")
    found = get_object_or_404(known, public_id=cancellation_id)
    if not cancelling_many.is_visible_to(found, request.user):
        raise Http404
    return found


def _mark(shown: Cancellation) -> str:
    return digest("payments.cancellation", (shown.state, cancelling_many.tally(shown)))
