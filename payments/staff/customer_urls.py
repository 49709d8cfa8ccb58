from django.urls import path

from payments.staff import customer_choice, customers, merging, privacy

urlpatterns = [
    path("", customers.customers, name="customers"),
    path("search/", customer_choice.search, name="customer_search"),
    path("<uuid:public_id>/", customers.customer, name="customer"),
    path("<uuid:public_id>/change/", customers.change, name="change_customer"),
    path("<uuid:public_id>/merge/", merging.merge, name="merge_customer"),
    path("<uuid:public_id>/export/", privacy.export, name="export_customer"),
    path("<uuid:public_id>/anonymise/", privacy.anonymise, name="anonymise_customer"),
]
