from django.urls import path

from payments.api import views

urlpatterns = [path("charges/<slug:reference>/", views.charge, name="api_charge")]
