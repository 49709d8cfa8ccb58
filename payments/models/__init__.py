from payments.models.charges import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.customers import Customer, CustomerAtGateway, DocumentType
from payments.models.payments import Payment
from payments.models.reconciliation import (
    Finding,
    FindingKind,
    MissedNotification,
    Reconciliation,
    RunState,
    RunTrigger,
)
from payments.models.resources import GatewayResource
from payments.models.reviews import ReviewDecision
from payments.models.terms import ChargeTerms, TermsOrigin
from payments.models.timeline import TimelineEntry, TimelineKind

__all__ = [
    "Charge",
    "ChargeStatus",
    "ChargeTerms",
    "CreationAttempt",
    "Customer",
    "CustomerAtGateway",
    "DocumentType",
    "Finding",
    "FindingKind",
    "GatewayResource",
    "MissedNotification",
    "Payment",
    "Reconciliation",
    "ReviewDecision",
    "ReviewReason",
    "RunState",
    "RunTrigger",
    "TermsOrigin",
    "TimelineEntry",
    "TimelineKind",
]
