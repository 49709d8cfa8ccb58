"""What somebody took from a page to send: noted in the story, as nobody else would know."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config import clock
from payments.models import Charge, Subscription
from payments.services.timeline import note_person
from payments.staff.sending_words import Sending
from payments.staff.subscriptions import subscription_for

# Who may only look sends nothing, so that their name never stands for it.
_PERMISSION = "payments.send_charge"
# Pressed twice, or copied again at once after a slip, is one act.
_ONE_ACT = timedelta(minutes=2)


@require_POST
@login_required
@permission_required(("payments.view_charge", _PERMISSION), raise_exception=True)
def charge_sent(request: HttpRequest, reference: str) -> HttpResponse:
    """Told by the page when something of a charge is copied or opened to be sent."""
    own = get_object_or_404(Charge.objects.visible_to(request.user), reference=reference)
    return _note(request, own)


@require_POST
@login_required
@permission_required(("payments.view_subscription", _PERMISSION), raise_exception=True)
def subscription_sent(request: HttpRequest, reference: str) -> HttpResponse:
    """Told by the page when something of a subscription is copied or opened to be sent."""
    return _note(request, subscription_for(request, reference))


def _note(request: HttpRequest, thing: Charge | Subscription) -> HttpResponse:
    actor: User = request.user  # type: ignore[assignment]
    how = request.POST.get("how", "")
    if how not in Sending.values:
        return HttpResponse(_("Say what was sent."), status=422, content_type="text/plain; charset=utf-8")
    same = thing.timeline.filter(code="sent", actor=actor, data={"how": how})
    if not same.filter(at__gt=clock.now() - _ONE_ACT).exists():
        note_person(thing, "sent", actor=actor, how=how)
    return HttpResponse(status=204)
