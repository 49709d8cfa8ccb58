from payments.models.charges import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.customers import Customer, CustomerAtGateway, DocumentType
from payments.models.payments import Payment
from payments.models.resources import GatewayResource
from payments.models.timeline import TimelineEntry, TimelineKind

__all__ = [
    "Charge",
    "ChargeStatus",
    "CreationAttempt",
    "Customer",
    "CustomerAtGateway",
    "DocumentType",
    "GatewayResource",
    "Payment",
    "ReviewReason",
    "TimelineEntry",
    "TimelineKind",
]
