"""How a field of a form is drawn."""

from __future__ import annotations

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def described(field: BoundField) -> SafeString:
    """The box, tied to the hint below it; one that is wrong is tied to what is said of that by its form."""
    if field.errors or "aria-describedby" in field.field.widget.attrs:
        return field.as_widget()
    return field.as_widget(attrs={"aria-describedby": f"hint-{field.name}"})
