"""The look of the pay page in the admin, with a picture of what becomes of the colour."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connections import colours
from connections.brand_forms import BrandForm
from connections.branding import Brand
from connections.models import Connection, reachable_by

_PREVIEW = (
    '<svg class="brand-preview" viewBox="0 0 320 96" role="img" aria-label="{}">'
    '<path fill="{}" d="M0 0h320v96H0z"/>'
    '<rect x="16" y="14" width="288" height="40" rx="9" fill="{}" stroke="{}" stroke-width="2"/>'
    '<text x="160" y="39" text-anchor="middle" font-size="16" font-weight="600" fill="{}">{}</text>'
    '<text x="160" y="80" text-anchor="middle" font-size="14" text-decoration="underline" fill="{}">{}</text>'
    "</svg>"
)


_COLUMNS = ["connection", "name", "colour"]


class BrandAdmin(admin.ModelAdmin):
    form = BrandForm
    change_form_template = "admin/connections/brand/change_form.html"
    list_display = ["__str__", "connection", "colour", "has_logo"]
    readonly_fields = ["shown_logo", "shown_colour"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).filter(reachable_by(request.user))
        return rows.select_related("connection").defer(
            "connection__credentials", "connection__webhook_secrets"
        )

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "connection":
            kwargs["queryset"] = Connection.objects.without_secrets().visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Brand | None = None) -> Any:
        """The form's own boxes too, of which the admin knows nothing; who only reads sees the rest."""
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*_COLUMNS, *self.readonly_fields]})]
        boxes = [name for name in BrandForm(instance=obj).fields if name not in _COLUMNS]
        shown = self.readonly_fields if obj else []
        return [(None, {"fields": [*_COLUMNS, *shown, *boxes]})]

    def get_form(
        self, request: HttpRequest, obj: Brand | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The fields of the form are those of its class, whatever the fieldsets name."""
        kwargs["fields"] = _COLUMNS
        return super().get_form(request, obj, change, **kwargs)

    @admin.display(description=gettext_lazy("logo"), boolean=True)
    def has_logo(self, brand: Brand) -> bool:
        return bool(brand.logo)

    @admin.display(description=gettext_lazy("the logo now"))
    def shown_logo(self, brand: Brand) -> SafeString | str:
        if not brand.logo:
            return "–"
        sides = (brand.logo_width, brand.logo_height)
        return format_html(
            '<img class="brand-logo" src="{}" width="{}" height="{}" alt="">', brand.logo_address, *sides
        )

    @admin.display(description=gettext_lazy("how the colour looks"))
    def shown_colour(self, brand: Brand) -> SafeString | str:
        if not brand.colour:
            return "–"
        light = self._preview(_("On a light page"), colours.LIGHT[0], colours.light(brand.colour))
        dark = self._preview(_("On a dark page"), colours.DARK[0], colours.dark(brand.colour))
        return light + dark

    def _preview(self, label: str, ground: str, shades: colours.Shades) -> SafeString:
        button, link = _("Copy the PIX code"), _("Link")
        return format_html(
            _PREVIEW, label, ground, shades.fill, shades.edge, shades.ink, button, shades.text, link
        )
