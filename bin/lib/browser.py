"""A person at a browser: one session with its cookies, pages read, forms filled in and sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urljoin

import requests

from lib.pages import Form, Page

SECONDS = 20


class NotAsExpected(Exception):
    """A page was not what the step needs; the text says how."""


class Browser:
    """Follows redirects and keeps cookies, like the real thing."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False  # looking for proxies takes longer than a page of this machine
        self.url = base

    def open(self, address: str) -> Page:
        answer = self.session.get(urljoin(self.base, address), timeout=SECONDS)
        return self._page(answer)

    def send(self, form: Form, values: Mapping[str, str]) -> Page:
        target = urljoin(self.url, form.action)
        answer = self.session.request(
            form.method,
            target,
            data={**form.fields, **values} if form.method == "post" else None,
            params=None if form.method == "post" else {**form.fields, **values},
            headers={"Referer": self.url},
            timeout=SECONDS,
        )
        return self._page(answer)

    def fill_in(self, address: str, field: str, values: Mapping[str, str]) -> Page:
        """Open a page, find the form with this field, send it with these values."""
        page = self.open(address)
        form = page.form_with(field)
        if form is None:
            raise NotAsExpected(f"{self.url} has no form with a field {field!r}")
        missing = sorted(set(values) - form.offered)
        if missing:
            raise NotAsExpected(f"the form at {self.url} has no field {', '.join(missing)}")
        return self.send(form, values)

    def log_in(self, name: str, password: str) -> None:
        page = self.fill_in("/login/", "username", {"username": name, "password": password})
        if page.form_with("password"):
            raise NotAsExpected(f"{name} could not log in: {'; '.join(page.errors) or 'no reason given'}")

    def wait_for(self, address: str, is_there: Callable[[Page], bool], seconds: float) -> Page:
        """Load the page again, ever more rarely, until something is there; else NotAsExpected."""
        deadline = time.monotonic() + seconds
        pause = 0.1
        while True:
            page = self.open(address)
            if is_there(page):
                return page
            if time.monotonic() > deadline:
                raise NotAsExpected(f"it never came in {seconds:.0f} s; {self.url} says {_states(page)}")
            time.sleep(pause)
            pause = min(pause * 1.4, 0.5)

    def _page(self, answer: requests.Response) -> Page:
        self.url = answer.url
        page = Page(answer.text)
        if answer.status_code >= 400:
            reason = "; ".join(page.errors) or page.text[:300]
            raise NotAsExpected(
                f"{answer.request.method} {answer.url} answered {answer.status_code}: {reason}"
            )
        return page


def _states(page: Page) -> str:
    known = ("data-state", "data-webhook-state", "data-status")
    return ", ".join(f'{name}="{page.data[name]}"' for name in known if name in page.data) or "nothing"
