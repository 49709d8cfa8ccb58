from payments.models.batches import BatchRow, BatchState, ChargeBatch, RowState
from payments.models.cancellations import (
    Cancellation,
    CancellationItem,
    CancellationItemState,
    CancellationState,
)
from payments.models.changes import GATEWAY_METHODS, ChangeKind, ChangeState, ChargeChange
from payments.models.charges import Charge, ChargeStatus, CreationAttempt, ReviewReason
from payments.models.customers import Customer, CustomerAct, CustomerActKind, CustomerAtGateway, DocumentType
from payments.models.disputes import UNDECIDED, Dispute, DisputeProgress
from payments.models.imports import ChargeImport, ImportedPayment, LeftBehind
from payments.models.lines import ChargeLine
from payments.models.payments import Payment
from payments.models.reconciliation import (
    Finding,
    FindingKind,
    MissedNotification,
    Reconciliation,
    RunState,
    RunTrigger,
)
from payments.models.refunds import Refund, RefundProgress, RefundReason
from payments.models.resources import PAGES, GatewayResource
from payments.models.reviews import ReviewDecision
from payments.models.subscriptions import (
    ALIVE,
    AgreementChange,
    AgreementChangeKind,
    CycleChoices,
    Plan,
    PlanState,
    Subscription,
    SubscriptionAmount,
    SubscriptionReview,
    SubscriptionState,
)
from payments.models.terms import ChargeTerms, TermsOrigin
from payments.models.timeline import TimelineEntry, TimelineKind

__all__ = [
    "Cancellation",
    "CancellationItem",
    "CancellationItemState",
    "CancellationState",
    "ALIVE",
    "AgreementChange",
    "AgreementChangeKind",
    "CycleChoices",
    "Dispute",
    "DisputeProgress",
    "Plan",
    "PlanState",
    "Subscription",
    "SubscriptionAmount",
    "SubscriptionReview",
    "SubscriptionState",
    "UNDECIDED",
    "BatchRow",
    "BatchState",
    "GATEWAY_METHODS",
    "PAGES",
    "ChangeKind",
    "ChangeState",
    "Charge",
    "ChargeBatch",
    "ChargeChange",
    "ChargeImport",
    "ChargeLine",
    "ChargeStatus",
    "ChargeTerms",
    "CreationAttempt",
    "Customer",
    "CustomerAct",
    "CustomerActKind",
    "CustomerAtGateway",
    "DocumentType",
    "Finding",
    "FindingKind",
    "GatewayResource",
    "ImportedPayment",
    "LeftBehind",
    "MissedNotification",
    "Payment",
    "Reconciliation",
    "Refund",
    "RefundProgress",
    "RefundReason",
    "ReviewDecision",
    "ReviewReason",
    "RowState",
    "RunState",
    "RunTrigger",
    "TermsOrigin",
    "TimelineEntry",
    "TimelineKind",
]
