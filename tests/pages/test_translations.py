"""Every sentence has its Portuguese: none missing, none doubtful, the compiled file up to date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "locale" / "pt_BR" / "LC_MESSAGES"
ROOMS = ("backoffice", "config", "connections", "payments", "webhooks")
REMEDY = "manage.py makemessages -l pt_BR --no-location --no-wrap, translate, compilemessages"
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext"}
IN_TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
PLACE = re.compile(r"%(?:\(\w+\))?[sd]")
Key = tuple[str | None, str]


def portuguese() -> Catalog:
    return read_po(BytesIO((FOLDER / "django.po").read_bytes()), locale="pt_BR")


def entries() -> list[Message]:
    return [message for message in portuguese() if message.id]


def texts(value: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [value or ""] if isinstance(value, str | None) else list(value)


def in_source() -> Iterator[Key]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from found_in(path.read_text())
    for path in sorted((ROOT / "templates").rglob("*.*")):
        yield from found_in_template(path.read_text())


def found_in(source: str) -> Iterator[Key]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in PLAIN:
            yield from ((None, text) for text in said_by(node.args[0]))
        elif name in WITH_CONTEXT:
            context = next(said_by(node.args[0]))
            yield from ((context, text) for text in said_by(node.args[1]))


def said_by(node: ast.expr) -> Iterator[str]:
    """The texts an argument may be: ``"a"``, ``stored or "a"``; a variable is marked elsewhere."""
    if isinstance(node, ast.Constant) and node.value:
        yield str(node.value)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from said_by(value)


def found_in_template(source: str) -> Iterator[Key]:
    """``templatize`` blanks all but the calls; its indentation would not be Python's."""
    lines = (line.lstrip() for line in templatize(source).splitlines())
    calls = BytesIO("\n".join(lines).encode())
    for _line, message, _comments, context in extract("python", calls, keywords=IN_TEMPLATES):
        yield context, texts(message)[0]


def test_every_sentence_of_the_code_is_in_the_catalogue() -> None:
    known = {(entry.context, texts(entry.id)[0]) for entry in entries()}
    assert sorted({text for context, text in in_source() if (context, text) not in known}) == [], REMEDY


def test_catalogue_holds_nothing_the_code_no_longer_says() -> None:
    said = set(in_source())
    gone = [entry.id for entry in entries() if (entry.context, texts(entry.id)[0]) not in said]
    assert gone == [] and not portuguese().obsolete, REMEDY


def test_nothing_is_missing_or_doubtful() -> None:
    assert [entry.id for entry in entries() if entry.fuzzy or not all(texts(entry.string))] == []


def test_blanks_are_the_same_in_both_languages() -> None:
    different = [
        entry.id
        for entry in entries()
        for text in texts(entry.string)
        if set(PLACE.findall(text)) - set(PLACE.findall(" ".join(texts(entry.id))))
        or (isinstance(entry.id, str) and set(PLACE.findall(entry.id)) != set(PLACE.findall(text)))
    ]
    assert different == []


def test_compiled_file_says_the_same() -> None:
    compiled = read_mo(BytesIO((FOLDER / "django.mo").read_bytes()))
    in_it = {
        (_text(entry.context), texts(entry.id)[0]): texts(entry.string) for entry in compiled if entry.id
    }
    meant = {(entry.context, texts(entry.id)[0]): texts(entry.string) for entry in entries()}
    assert in_it == meant, REMEDY


def _text(context: str | bytes | None) -> str | None:
    """Babel hands the contexts of a compiled file out as bytes."""
    return context.decode() if isinstance(context, bytes) else context


@pytest.mark.parametrize("source", ["_('found')", "gettext_noop('found')", "pgettext('context', 'found')"])
def test_scan_finds_what_is_marked(source: str) -> None:
    ast.parse(source)
    assert [text for _context, text in found_in(source)] == ["found"]


def test_scan_finds_what_templates_mark() -> None:
    template = """{% load i18n %}
      <p>{% translate "one" %}</p>
    {% blocktranslate with a=b %}two {{ a }}{% endblocktranslate %}"""
    assert [text for _context, text in found_in_template(template)] == ["one", "two %(a)s"]
