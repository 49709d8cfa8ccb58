from django.urls import path

from payments.models import ChangeKind
from payments.staff import batches, changing, refunding, reviewing, sends, views

urlpatterns = [
    path("", views.charges, name="charges"),
    path("new/", views.new_charge, name="new_charge"),
    path("import/", batches.upload, name="import_charges"),
    path("import/template/", batches.template, name="import_template"),
    path("import/<uuid:batch_id>/", batches.batch, name="charge_batch"),
    path("import/<uuid:batch_id>/state/", batches.state, name="charge_batch_state"),
    path("import/<uuid:batch_id>/create/", batches.create, name="charge_batch_create"),
    path("import/<uuid:batch_id>/stop/", batches.stop, name="charge_batch_stop"),
    path("import/<uuid:batch_id>/go-on/", batches.go_on, name="charge_batch_go_on"),
    path("import/<uuid:batch_id>/not-made/", batches.not_made, name="charge_batch_not_made"),
    path("new/parcels/", views.preview_parcels, name="preview_parcels"),
    path("<slug:reference>/", views.charge, name="charge"),
    path("<slug:reference>/review/", reviewing.review, name="review"),
    path("<slug:reference>/refund/", refunding.give_back, name="refund_charge"),
    path("<slug:reference>/refunds/<uuid:refund_id>/", refunding.refund, name="refund"),
    path("<slug:reference>/cancel/", changing.change, {"kind": ChangeKind.CANCEL}, "change_cancel"),
    path("<slug:reference>/due-date/", changing.change, {"kind": ChangeKind.DUE_DATE}, "change_due_date"),
    path("<slug:reference>/amount/", changing.change, {"kind": ChangeKind.AMOUNT}, "change_amount"),
    path(
        "<slug:reference>/description/",
        changing.change,
        {"kind": ChangeKind.DESCRIPTION},
        "change_description",
    ),
    path("<slug:reference>/cash/", changing.change, {"kind": ChangeKind.CASH}, "change_cash"),
    path("<slug:reference>/undo-cash/", changing.change, {"kind": ChangeKind.UNDO_CASH}, "change_undo_cash"),
    path("<slug:reference>/restore/", changing.change, {"kind": ChangeKind.RESTORE}, "change_restore"),
    path("<slug:reference>/sent/", sends.charge_sent, name="charge_sent"),
    path("<slug:reference>/send-again/", views.send_again, name="send_again"),
    path("<slug:reference>/new-code/", views.new_code, name="new_code"),
    path("<slug:reference>/new-link/", views.new_link, name="new_link"),
    path("<slug:reference>/simulate-payment/", views.simulate_payment, name="simulate_payment"),
    path("<slug:reference>/simulate-overdue/", views.simulate_overdue, name="simulate_overdue"),
]
