"""Operators' pages for many charges from one file: upload, look, create, watch."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config import clock
from connections.models import Connection
from payments.models import BatchRow, BatchState, ChargeBatch, RowState
from payments.presentation import digest, row
from payments.services import batch_making, batches
from payments.staff import spreadsheets
from payments.staff.forms import AccountField
from payments.staff.row_forms import check, check_typed
from payments.staff.ways import METHODS

_PER_PAGE = 50
_NEWEST = 10
SKIP, INCLUDE = "skip", "include"


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("The file is empty."),
        },
    )
    connection = AccountField(
        label=gettext_lazy("Account"), queryset=Connection.objects.none(), empty_label=None
    )
    method = forms.ChoiceField(
        label=gettext_lazy("Way of paying where a row names none"),
        choices=[(value, label) for value, label, _hint in METHODS],
    )

    def __init__(self, *args: Any, connections: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = connections  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if self.is_bound and name in self.errors:
                field.widget.attrs.update({"aria-invalid": "true", "aria-describedby": f"error-{name}"})

    @property
    def is_sandbox_chosen(self) -> bool:
        """Of what is chosen now: at first that is the first account offered."""
        value = str(self["connection"].value() or "")
        offered = list(self.fields["connection"].queryset)  # type: ignore[attr-defined]
        chosen = next((one for one in offered if str(one.pk) == value), next(iter(offered), None))
        return bool(chosen and chosen.is_sandbox)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > spreadsheets.MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB: divide it into several."))
        return file


def _usable(request: HttpRequest) -> Any:
    return Connection.objects.usable().visible_to(request.user).order_by("-is_default", "name")


def _find(request: HttpRequest, batch_id: uuid.UUID) -> ChargeBatch:
    """One that was read to its end, on a connection the person may work with."""
    own = ChargeBatch.objects.visible_to(request.user).exclude(state=BatchState.READING)
    return get_object_or_404(
        own.select_related("connection", "confirmed_by", "stopped_by"), public_id=batch_id
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file, an account and the usual way of paying; nothing is created before it was looked at."""
    connections = _usable(request)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, connections=connections)
    if sent and form.is_valid():
        try:
            return redirect(_read(form, request))
        except spreadsheets.NotReadable as err:
            form.add_error("file", str(err))
            form.fields["file"].widget.attrs.update({"aria-invalid": "true"})
    newest = ChargeBatch.objects.visible_to(request.user).exclude(state=BatchState.READING)
    context = {
        "form": form,
        "has_connections": connections.exists(),
        "newest": newest.select_related("connection", "created_by").order_by("-created_at")[:_NEWEST],
        "columns": _columns(),
        "most_rows": spreadsheets.MOST_ROWS,
    }
    return render(request, "payments/import.html", context, status=422 if form.errors else 200)


def _read(form: UploadForm, request: HttpRequest) -> ChargeBatch:
    """Raises ``NotReadable``."""
    typed = form.cleaned_data
    file: UploadedFile = typed["file"]
    content = file.read()
    table = spreadsheets.read(content)
    read = batches.ReadFile(
        name=file.name or "",
        content_hash=hashlib.sha256(content).hexdigest(),
        rows=check(table.rows, connection=typed["connection"], method=typed["method"]),
        unused_columns=table.unused,
    )
    return batches.store(
        connection=typed["connection"],
        method=typed["method"],
        actor=request.user,  # type: ignore[arg-type]
        file=read,
    )


def _names() -> dict[str, str]:
    """Of each column, as the template has it in the reader's language."""
    place = 0 if (get_language() or "").startswith("pt") else 1
    return {field: spreadsheets.title(names[place]) for field, names in spreadsheets.COLUMNS.items()}


def _columns() -> list[dict[str, Any]]:
    """What the page says of each column."""
    examples = {
        "name": "Ana Lima",
        "document": "529.982.247-25",
        "email": "ana@example.com",
        "phone": "11 98765-4321",
        "amount": "1.234,56",
        "description": "Pedido 77",
        "due_date": "31/12/2026",
        "method": "pix, boleto, cartão",
        "discount": "5,00",
        "discount_days": "3",
        "fine": "2",
        "interest": "1",
        "zip_code": "01310-100",
    }
    return [
        {"name": name, "is_required": field in spreadsheets.REQUIRED, "example": examples.get(field, "")}
        for field, name in _names().items()
    ]


@require_safe
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def template(request: HttpRequest) -> HttpResponse:
    """A file with nothing but the names of the columns."""
    return _csv(spreadsheets.write(list(_names().values()), []), name=_("charges"))


@require_safe
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def not_made(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """The rows without a charge, each with the reason: to be corrected and uploaded again."""
    batch = _find(request, batch_id)
    names = _names()
    rows = [
        [*(item.typed.get(field, "") for field in names), _reason(item)] for item in batches.not_made(batch)
    ]
    return _csv(spreadsheets.write([*names.values(), _("reason")], rows), name=_("to correct"))


def _reason(item: BatchRow) -> str:
    if item.state == RowState.LEFT_OUT:
        return _("left out: it looked like another one")
    if item.state == RowState.CANCELLED:
        return _("cancelled before it was created")
    if item.charge:
        return _(item.charge.failure) if item.charge.failure else _("the gateway refused it")
    said = ((problem["column"], problem["text"]) for problem in item.problems)
    return " / ".join(f"{column}: {text}" if column else text for column, text in said)


def _csv(content: bytes, *, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=disposition)


@never_cache
@require_safe
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What was read of a file; once confirmed, how far it has come and what came of it."""
    return _page(request, _find(request, batch_id))


def _page(request: HttpRequest, shown: ChargeBatch, *, status: int = 200) -> HttpResponse:
    tally = batches.tally(shown)
    is_preview = shown.state == BatchState.PREVIEW
    context: dict[str, Any] = {
        "batch": shown,
        "tally": tally,
        "is_preview": is_preview,
        "is_over": not is_preview and tally.is_over,
        "live_mark": _mark(shown, tally),
        "currency": shown.connection.currency,
        "unmarked": tally.ready - tally.marked,
    }
    if is_preview:
        likes = ("looks_like", "looks_like_row__batch")
        ready = shown.rows.filter(state=RowState.READY).select_related(*likes)
        context |= {
            "earlier": batches.earlier_uploads(shown, user=request.user).first(),
            "marked_rows": [item for item in ready if item.is_marked][:_PER_PAGE] if tally.marked else [],
            "first_rows": [(item, date.fromisoformat(item.asked["due_date"])) for item in ready[:5]],
            "page": Paginator(shown.rows.filter(state=RowState.INVALID), _PER_PAGE).get_page(
                request.GET.get("page")
            ),
        }
    else:
        page = Paginator(batches.results(shown), _PER_PAGE).get_page(request.GET.get("page"))
        context |= {
            "page": page,
            "results": [(item, row(item.charge)) for item in page if item.charge],
            "is_held": batch_making.is_held(shown),
            "has_not_made": batches.not_made(shown).exists(),
        }
    return render(request, "payments/import_batch.html", context, status=status)


@never_cache
@require_safe
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def state(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What the open page asks every few seconds."""
    shown = _find(request, batch_id)
    return JsonResponse({"mark": _mark(shown, batches.tally(shown))})


def _mark(shown: ChargeBatch, tally: batches.Tally) -> str:
    return digest("payments.batch", (shown.state, shown.held_for, tally))


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def create(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """A person has looked and wants the valid rows; pressed twice it is asked for once."""
    shown = _find(request, batch_id)
    if shown.state != BatchState.PREVIEW:
        return redirect(shown)
    if not _usable(request).filter(pk=shown.connection_id).exists():
        messages.error(request, _("The account is not ready. Ask an administrator to look at it."))
        return redirect(shown)
    if _is_from_another_day(shown) and _is_worse_now(shown):
        messages.warning(request, _("Some rows are no longer valid today. Look at the file again."))
        return redirect(shown)
    choice = request.POST.get("marked", "")
    if batches.tally(shown).marked and choice not in (SKIP, INCLUDE):
        messages.error(request, _("Say what shall become of the rows that look like others."))
        return redirect(shown)
    if batches.earlier_uploads(shown, user=request.user).exists() and "again" not in request.POST:
        messages.error(request, _("This file was used before. Tick that you want its charges once more."))
        return redirect(shown)
    actor: User = request.user  # type: ignore[assignment]
    outcome = batches.confirm(shown, actor=actor, leave_marked_out=choice == SKIP)
    if outcome == batches.Outcome.NOTHING:
        messages.info(request, _("Nothing is left to create."))
    elif outcome == batches.Outcome.LOOK_AGAIN:
        text = _("Meanwhile others asked for the same as some of these rows. Look at the file again.")
        messages.warning(request, text)
    return redirect(shown)


def _is_from_another_day(shown: ChargeBatch) -> bool:
    return shown.checked_on != clock.today(shown.connection.time_zone)


def _is_worse_now(shown: ChargeBatch) -> bool:
    ready = shown.rows.filter(state=RowState.READY).values_list("line", "typed")
    with translation.override(shown.language or get_language()):
        rows = check_typed(list(ready), connection=shown.connection, method=shown.method)
    return batches.check_again(shown, rows)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def stop(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What has not begun is cancelled; what has, goes on to its end."""
    shown = _find(request, batch_id)
    if number := batches.stop(shown, actor=request.user):  # type: ignore[arg-type]
        text = ngettext(
            "%(number)s row was cancelled before it began.",
            "%(number)s rows were cancelled before they began.",
            number,
        )
        messages.success(request, text % {"number": number})
    else:
        messages.info(request, _("Nothing was left to cancel."))
    return redirect(shown)


@require_POST
@login_required
@permission_required("payments.add_charge", raise_exception=True)
def go_on(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What the gateway refused was mended: the next row is tried."""
    shown = _find(request, batch_id)
    if not batches.go_on(shown):
        messages.info(request, _("Nothing was held up."))
    return redirect(shown)
