from django.urls import path

from payments.models import AgreementChangeKind
from payments.staff import agreements, checks, sends, subscription_review, subscriptions

urlpatterns = [
    path("", subscriptions.subscriptions, name="subscriptions"),
    path("new/", subscriptions.new_subscription, name="new_subscription"),
    path("new/check/", checks.new_subscription, name="check_new_subscription"),
    path("<slug:reference>/", subscriptions.subscription, name="subscription"),
    path("<slug:reference>/state/", subscriptions.state, name="subscription_state"),
    path("<slug:reference>/sent/", sends.subscription_sent, name="subscription_sent"),
    path("<slug:reference>/send-again/", subscriptions.send_again, name="send_subscription_again"),
    path("<slug:reference>/review/", subscription_review.review, name="review_subscription"),
    *(
        path(
            f"<slug:reference>/{kind.value}/",
            agreements.change,
            {"kind": kind},
            name=f"agreement_{kind.value}",
        )
        for kind in AgreementChangeKind
    ),
]
