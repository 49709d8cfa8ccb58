"""What a browser would see of a page: its forms, the data attributes, the errors, the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
NOT_SENT = frozenset(("submit", "button", "image", "reset", "file"))


@dataclass
class Form:
    """A form with the values a browser would send, and the options of its choices."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)

    def option(self, name: str, text: str) -> str | None:
        """The value of the first choice whose words contain the text."""
        return next((value for value, words in self.options.get(name, []) if text in words), None)


class Page(HTMLParser):
    """Parses once; ask the attributes afterwards."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.data: dict[str, str] = {}
        self._open: list[tuple[str, bool]] = []
        self._errors: list[str] = []
        self._words: list[str] = []
        self._form: Form | None = None
        self._choice: tuple[str, str] | None = None
        self._select = ""
        self._textarea = ""
        self.feed(html)
        self.close()

    @property
    def errors(self) -> list[str]:
        return list(dict.fromkeys(text for text in (word.strip() for word in self._errors) if text))

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def form_with(self, name: str) -> Form | None:
        """The form that has a field of this name."""
        return next((form for form in self.forms if name in form.offered), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name.startswith("data-"):
                self.data.setdefault(name, value)
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._take_field(tag, given)
        if tag not in VOID:
            self._open.append((tag, _is_error(given)))

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "option":
            self._choice = None

    def handle_data(self, text: str) -> None:
        if any(name in ("script", "style") for name, _ in self._open):
            return
        self._words.append(text)
        if any(is_error for _, is_error in self._open):
            self._errors.append(text)
        if self._form is not None and self._textarea:
            self._form.fields[self._textarea] += text
        if self._form is not None and self._choice:
            name, value = self._choice
            self._form.options[name].append((value, text.strip()))

    def _take_field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name = given.get("name", "")
        if tag == "option" and self._select:
            self._take_option(given)
        if not name or "disabled" in given:
            return
        self._form.offered.add(name)
        if tag == "select":
            self._select = name
            self._form.options[name] = []
        elif tag == "textarea":
            self._textarea = name
            self._form.fields[name] = ""
        elif tag == "input":
            self._take_input(name, given)

    def _take_option(self, given: dict[str, str]) -> None:
        assert self._form is not None
        value = given.get("value", "")
        self._choice = (self._select, value)
        if "selected" in given or self._select not in self._form.fields:
            self._form.fields[self._select] = value

    def _take_input(self, name: str, given: dict[str, str]) -> None:
        assert self._form is not None
        kind = given.get("type", "text")
        if kind in NOT_SENT or (kind in ("checkbox", "radio") and "checked" not in given):
            return
        self._form.fields[name] = given.get("value", "on" if kind in ("checkbox", "radio") else "")


def _is_error(given: dict[str, str]) -> bool:
    return any("error" in word for word in given.get("class", "").split()) or given.get("role") == "alert"
