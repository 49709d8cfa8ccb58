"""The API over the same services."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from payments import presentation
from payments.models import Charge


class ChargeSerializer(serializers.ModelSerializer[Charge]):
    mark = serializers.SerializerMethodField()

    class Meta:
        model = Charge
        fields = [
            "reference",
            "status",
            "review_reason",
            "method",
            "currency",
            "amount_cents",
            "received_cents",
            "refunded_cents",
            "due_date",
            "pay_url",
            "mark",
        ]
        read_only_fields = fields

    def get_mark(self, charge: Charge) -> str:
        return presentation.live_mark(charge)


class MayViewCharges(BasePermission):
    def has_permission(self, request: Request, view: object) -> bool:
        return bool(request.user and request.user.has_perm("payments.view_charge"))


@api_view(["GET"])
@permission_classes([MayViewCharges])
def charge(request: Request, reference: str) -> Response:
    """One charge, as the open page about it asks every few seconds."""
    found = get_object_or_404(Charge.objects.for_lists().visible_to(request.user), reference=reference)
    return Response(ChargeSerializer(found).data)
