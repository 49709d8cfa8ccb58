from django.urls import path

from payments.public import views

urlpatterns = [
    path("", views.pay, name="pay"),
    path("state/", views.state, name="pay_state"),
    path("code/", views.code, name="pay_code"),
]
