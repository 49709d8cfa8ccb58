"""Tells of a rendered template what tests ask for, and of its parts nothing.

Django's own way copies the whole context for every part that is included and for every field of a form:
``response.context`` finds what the view gave in the outermost one as well.
"""

from __future__ import annotations

from typing import Any

from django.template import RequestContext, Template
from django.test.signals import template_rendered


def tell_of_whole_pages() -> None:
    """Once Django has put its own way in place, which the environment of its tests does."""

    def render(template: Template, context: Any) -> Any:
        if context.template is template and isinstance(context, RequestContext):
            template_rendered.send(sender=template, template=template, context=context)
        return template.nodelist.render(context)

    Template._render = render  # type: ignore[attr-defined]
