from django.contrib import admin
from django.urls import include, path

from backoffice import doctor_pages, imports, reports, settlements
from backoffice import views as backoffice
from payments.public.views import stylesheet
from payments.staff.disputes import disputes
from webhooks.views import receive

handler500 = "config.errors.failed"

urlpatterns = [
    path("", backoffice.dashboard, name="dashboard"),
    path("login/", backoffice.Login.as_view(), name="login"),
    path("logout/", backoffice.Logout.as_view(), name="logout"),
    path("password/", backoffice.Password.as_view(), name="password"),
    path("i18n/setlang/", backoffice.language, name="set_language"),
    path("charges/", include("payments.staff.urls")),
    path("customers/", include("payments.staff.customer_urls")),
    path("subscriptions/", include("payments.staff.subscription_urls")),
    path("plans/", include("payments.staff.plan_urls")),
    path("disputes/", disputes, name="disputes"),
    path("events/", include("webhooks.panel.urls")),
    path("reports/reconciliation/", reports.reconciliations, name="reconciliations"),
    path("reports/reconciliation/<uuid:public_id>/", reports.reconciliation, name="reconciliation"),
    path("reports/reconciliation/of/<uuid:connection_id>/now/", reports.reconcile_now, name="reconcile_now"),
    path("reports/settlements/", settlements.settlements, name="settlements"),
    path("reports/settlements/csv/", settlements.settlements_csv, name="settlements_csv"),
    path("doctor/", doctor_pages.ward, name="doctor"),
    path("doctor/look/", doctor_pages.look_again, name="doctor_look"),
    path("doctor/mend/<uuid:public_id>/", doctor_pages.mend, name="doctor_mend"),
    path("doctor/help/<slug:code>/", doctor_pages.help_page, name="doctor_help"),
    path("doctor/echo/<uuid:nonce>/", doctor_pages.echo, name="doctor_echo"),
    path("imports/of/<uuid:connection_id>/", imports.account, name="import_account"),
    path("imports/<uuid:public_id>/", imports.run, name="charge_import"),
    path("imports/<uuid:public_id>/state/", imports.state, name="charge_import_state"),
    path("pay/<slug:token>/", include("payments.public.urls")),
    path("brand/<uuid:public_id>/<slug:mark>.css", stylesheet, name="pay_sheet"),
    path("api/v1/", include("payments.api.urls")),
    path("webhooks/<slug:token>/", receive, name="webhook"),
    path("admin/", admin.site.urls),
    path("healthz", backoffice.healthz),
    path("readyz", backoffice.readyz),
]
