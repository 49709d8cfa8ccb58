from django.urls import path

from payments.staff import reviewing, views

urlpatterns = [
    path("", views.charges, name="charges"),
    path("new/", views.new_charge, name="new_charge"),
    path("<slug:reference>/", views.charge, name="charge"),
    path("<slug:reference>/review/", reviewing.review, name="review"),
    path("<slug:reference>/send-again/", views.send_again, name="send_again"),
    path("<slug:reference>/new-code/", views.new_code, name="new_code"),
    path("<slug:reference>/simulate-payment/", views.simulate_payment, name="simulate_payment"),
    path("<slug:reference>/simulate-overdue/", views.simulate_overdue, name="simulate_overdue"),
]
