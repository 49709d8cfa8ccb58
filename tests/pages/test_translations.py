"""Every sentence has its Portuguese and Spanish: none missing or doubtful, the compiled files up to date."""

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
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
LANGUAGES = ("pt_BR", "es")
in_each = pytest.mark.parametrize("language", LANGUAGES)
ROOMS = ("backoffice", "config", "connections", "payments", "webhooks")
REMEDY = "manage.py makemessages -l pt_BR -l es --no-location --no-wrap, translate, compilemessages"
PLAIN = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy", "npgettext"}
IN_TEMPLATES = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
PLACE = re.compile(r"%(?:\(\w+\))?[sd]")
NAMES = re.compile(r"Português \(Brasil\)|Español|“PIX copia e cola”|“Simular notificação”")
PORTUGUESE = re.compile(
    r"[ãõçàâêô]|\b(?:não|você|em|uma|pelo|pela|ao|mais|foi|até|cobrança|pagamento|conta)\b",
    re.IGNORECASE,
)
NOT_ENGLISH = re.compile(PORTUGUESE.pattern + r"|[ñ¿¡áéíóú]", re.IGNORECASE)
Key = tuple[str | None, str]


def folder(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES"


def catalogue(language: str) -> Catalog:
    return read_po(BytesIO((folder(language) / "django.po").read_bytes()), locale=language)


def entries(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


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


def test_every_language_offered_has_a_catalogue() -> None:
    offered = {to_locale(code) for code, _name in settings.LANGUAGES}
    assert offered == {"en", *LANGUAGES}, "English is what the code says"


@in_each
def test_every_sentence_of_the_code_is_in_the_catalogue(language: str) -> None:
    known = {(entry.context, texts(entry.id)[0]) for entry in entries(language)}
    assert sorted({text for context, text in in_source() if (context, text) not in known}) == [], REMEDY


@in_each
def test_catalogue_holds_nothing_the_code_no_longer_says(language: str) -> None:
    said = set(in_source())
    gone = [entry.id for entry in entries(language) if (entry.context, texts(entry.id)[0]) not in said]
    assert gone == [] and not catalogue(language).obsolete, REMEDY


@in_each
def test_nothing_is_missing_or_doubtful(language: str) -> None:
    assert [entry.id for entry in entries(language) if entry.fuzzy or not all(texts(entry.string))] == []


@in_each
def test_blanks_are_the_same_in_both_languages(language: str) -> None:
    different = [
        entry.id
        for entry in entries(language)
        for text in texts(entry.string)
        if set(PLACE.findall(text)) - set(PLACE.findall(" ".join(texts(entry.id))))
        or (isinstance(entry.id, str) and set(PLACE.findall(entry.id)) != set(PLACE.findall(text)))
    ]
    assert different == []


@in_each
def test_compiled_file_says_the_same(language: str) -> None:
    compiled = read_mo(BytesIO((folder(language) / "django.mo").read_bytes()))
    in_it = {
        (_text(entry.context), texts(entry.id)[0]): texts(entry.string) for entry in compiled if entry.id
    }
    meant = {(entry.context, texts(entry.id)[0]): texts(entry.string) for entry in entries(language)}
    assert in_it == meant, REMEDY


def foreign(text: str, words: re.Pattern[str]) -> bool:
    """Whether it has such words, apart from the names it quotes."""
    return bool(words.search(NAMES.sub("", text)))


def test_source_is_english() -> None:
    said = {text for entry in entries("es") for text in texts(entry.id)}
    assert sorted(text for text in said if foreign(text, NOT_ENGLISH)) == []


def test_spanish_is_not_portuguese() -> None:
    said = {text for entry in entries("es") for text in texts(entry.string)}
    assert sorted(text for text in said if foreign(text, PORTUGUESE)) == []


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
