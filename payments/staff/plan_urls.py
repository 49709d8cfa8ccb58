from django.urls import path

from payments.staff import plans

urlpatterns = [
    path("", plans.plans, name="plans"),
    path("new/", plans.new_plan, name="new_plan"),
    path("<slug:reference>/", plans.plan, name="plan"),
    path("<slug:reference>/state/", plans.state, name="plan_state"),
    path("<slug:reference>/send-again/", plans.send_again, name="send_plan_again"),
    path("<slug:reference>/close/", plans.close, name="close_plan"),
]
