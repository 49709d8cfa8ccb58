"""People in the admin: users, what they may do, and the connections they are limited to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.groups import OPERATOR, in_words, may
from backoffice.preferences import keep_language, language_of
from connections.models import Connection, ConnectionAccess, is_limited, reachable_by
from payments.admin import ReadOnlyAdmin


class AccessInline(admin.StackedInline):
    """Without a row, all connections."""

    model = ConnectionAccess
    extra = 0
    template = "backoffice/admin/accesses.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        sealed = ("connection__credentials", "connection__webhook_secrets")
        rows = super().get_queryset(request).filter(reachable_by(request.user))
        return rows.select_related("connection").defer(*sealed)

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "connection":
            kwargs["queryset"] = Connection.objects.without_secrets().visible_to(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class PersonForm(UserChangeForm):
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As their browser asks")), *settings.LANGUAGES],
        required=False,
        help_text=_("From their next sign-in on. They change it themselves at the top of every page."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "language" in self.fields:
            self.fields["language"].initial = language_of(self.instance)
        groups = self.fields.get("groups")
        if isinstance(groups, forms.ModelMultipleChoiceField):
            groups.label_from_instance = lambda group: in_words(group.name)  # type: ignore[assignment, method-assign]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        groups = cleaned.get("groups") or []
        if cleaned.get("is_staff") and any(group.name == OPERATOR for group in groups):
            text = _("Operators work on the staff pages: take the administration or the group away.")
            raise forms.ValidationError(text)
        return cleaned


class GroupFilter(admin.RelatedFieldListFilter):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(group.pk, in_words(group.name)) for group in Group.objects.order_by("name")]


admin.site.unregister([User, Group])


@admin.register(User)
class PersonAdmin(UserAdmin):
    form = PersonForm
    inlines = [AccessInline]
    filter_horizontal = ()
    show_full_result_count = False
    list_display = ["username", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", ("groups", GroupFilter)]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (_("May"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    @admin.display(description=_("Language"))
    def language(self, person: User) -> str:
        """For who may only look."""
        return str(dict(settings.LANGUAGES).get(language_of(person), _("As their browser asks")))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "language" in form.cleaned_data:
            keep_language(obj, form.cleaned_data["language"])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody makes themselves a superuser."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, "is_superuser")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who is limited to connections could give others, or themselves, all of them."""
        return super().has_add_permission(request) and not is_limited(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's password would make a superuser of whoever sets it."""
        if obj and obj.is_superuser and not _is_superuser(request):
            return False
        return super().has_change_permission(request, obj) and not is_limited(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are deactivated: the history of what they did would go with them."""
        return False


@admin.register(Group)
class GroupsAdmin(ReadOnlyAdmin):
    """What each group may do stands in ``backoffice.groups``."""

    list_display = ["in_words", "may"]
    search_fields = ["name"]
    fields = ["in_words", "may"]
    readonly_fields = ["in_words", "may"]

    @admin.display(description=_("group"), ordering="name")
    def in_words(self, group: Group) -> str:
        return in_words(group.name)

    @admin.display(description=_("may"))
    def may(self, group: Group) -> str:
        return may(group.name)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
