from django.urls import path

from payments.staff import views

urlpatterns = [
    path("", views.charges, name="charges"),
    path("new/", views.new_charge, name="new_charge"),
    path("<slug:reference>/", views.charge, name="charge"),
    path("<slug:reference>/send-again/", views.send_again, name="send_again"),
]
