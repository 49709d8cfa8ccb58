from django.urls import include, path, re_path

from simulator import panel

urlpatterns = [
    path("", panel.index),
    path("pay/<str:gateway>/<str:identifier>", panel.pay),
    path("refund/<str:gateway>/<str:identifier>", panel.refund),
    path("style.css", panel.style),
    path("_control/", include("simulator.control.urls")),
    re_path(r"^asaas/(?P<environment>sandbox|production)/", include("simulator.asaas.urls")),
    path("mercadopago/", include("simulator.mercadopago.urls")),
]
